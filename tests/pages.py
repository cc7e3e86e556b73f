"""Requests pages of the Pipelines page without a browser, and parses them."""

from __future__ import annotations

import atexit
import pickle
import re
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, cached_property, lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal
from bs4 import BeautifulSoup, Tag
from examples import IS_FAST
from starlette.testclient import TestClient

from codegen.proposals import Proposals
from codegen.web.app import create_app
from codegen.web.shell.request_context import Site
from codegen.web.shell.worker import Task, Worker, shared_worker
from codegen.web.shell.worker_program import context_of

# The names of some 600 timezones are half of the HTML of the editor and the calendar: parsing the first is enough.
_TIMEZONES = re.compile(
    r'(<datalist id="(?:known-timezone|timezones)"><option [^>]*>)(?:(?:</option>)?<option [^>]*>)+'
)

# The help texts of the fields are another quarter; their elements are enough.
_MEANINGS = re.compile(r'(<p class="hint" id="doc-[^"]*">).*?(?=</p>)')


def soup_of(text: str) -> BeautifulSoup:
    """Parse a page without line numbers and split classes, which take a quarter of the time."""
    text = _MEANINGS.sub(r"\1", _TIMEZONES.sub(r"\1", text))
    return BeautifulSoup(text, "html.parser", store_line_numbers=False, multi_valued_attributes=None)


class _InProcessWorker(Worker):
    """Renders drafts in this process from the input of a worker, which takes half of the time of a fork."""

    def run(self, task: Task, is_cancelled: Callable[[], bool] = lambda: False) -> Any:  # noqa: ARG002  # as it is there
        task = pickle.loads(pickle.dumps(task))  # noqa: S301  # our own
        context = context_of(task, _site(task.root))
        return pickle.loads(pickle.dumps(task.function(context, *task.arguments)))  # noqa: S301


@lru_cache(maxsize=1)
def _site(root: Path) -> Site:
    return Site.of(root, {})


@cache
def _portal() -> BlockingPortal:
    """Return the event loop of all pages: otherwise, a client makes one for each request."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(start_blocking_portal())


class Pages:
    """A client for the pages of a project.

    Attributes:
        worker: the worker that renders drafts: with the fast profile, this process.
    """

    worker: Worker = _InProcessWorker() if IS_FAST else shared_worker()

    def __init__(self, root: Path, proposals: Proposals | None = None, /, **environ: str) -> None:
        """Serve the project in a folder, with these environment variables."""
        app = create_app(root, environ, worker=self.worker, proposals=proposals)
        self.client = TestClient(app, base_url="http://127.0.0.1:8484", follow_redirects=True)
        self.client.portal = _portal()

    def get(self, address: str, status: int = 200, **headers: str) -> BeautifulSoup:
        """Get and parse a page, and check its status."""
        return soup_of(self.text(address, status, **headers))

    def text(self, address: str, status: int = 200, **headers: str) -> str:
        """Return the HTML of a page."""
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, answer.text
        return str(answer.text)

    def post(self, address: str, form: dict[str, str], status: int = 200, **headers: str) -> BeautifulSoup:
        """Send a form with the CSRF token, and follow a commit or a push to its end."""
        answer = self.client.post(address, data={"csrf": self.token, **form}, headers=headers)
        while answer.url.path.startswith("/operations/") and answer.status_code == HTTPStatus.OK:
            answer = self.client.get(answer.url)
        assert answer.status_code == status, answer.text
        return soup_of(answer.text)

    @cached_property
    def token(self) -> str:
        """The CSRF token of the forms, which is constant while the server runs."""
        token = self.get("/nothing", 404).select_one("input[name=csrf]")
        assert token
        return str(token["value"])


def form_of(page: BeautifulSoup) -> dict[str, str]:
    """Return the fields that a browser would send for the forms of a page."""
    sent = {}
    for control in page.find_all(["input", "textarea", "select"], {"name": True}):
        if control.get("type") in {"radio", "checkbox"} and not control.has_attr("checked"):
            continue
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            value = str(chosen.get("value", chosen.text)) if chosen else ""
        elif control.name == "textarea":
            value = control.text.removeprefix("\n")
        else:
            value = str(control.get("value", ""))
        sent[str(control["name"])] = value.replace("\r\n", "\n").replace("\n", "\r\n")
    return sent


def text_of(soup: Tag, selector: str) -> str:
    """Return the text of the first matching element, with white space collapsed."""
    found = soup.select_one(selector)
    assert found, f"there is no {selector} in\n{soup}"
    return " ".join(found.get_text(" ").split())
