"""One request to a page, and what its answer is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from secrets import token_urlsafe
from threading import Event
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from codegen.diagnostics import printable_lines
from codegen.keys.texts import timezones
from codegen.loader import SourceFile
from codegen.secrets.masking import masked_prose
from codegen.sync.lock import LockedError
from codegen.sync.transaction import Transaction
from codegen.web.shell import worker
from codegen.web.shell.addresses import address_of
from codegen.web.shell.airflows import Airflows
from codegen.web.shell.commits import Commits
from codegen.web.shell.next_runs import NextRunsCache
from codegen.web.shell.saved_store import SavedStore
from codegen.web.shell.security import CSRF_FIELD
from codegen.web.shell.workspace import Snapshot, Workspace

# What the browser says its timezone is; `static/page.js` sets it.
TIMEZONE_COOKIE = "timezone"
# What the worker gets of a request, besides some headers.
_SCOPE = ("type", "method", "path", "path_params", "query_string", "state")
T = TypeVar("T")


@cache
def _environment() -> Environment:
    """Templates in which every value is text: none becomes HTML, and none hides a character.

    A value that a form sends back is written as `{{ value|e }}`, which leaves it as it is.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["masked"] = masked_prose
    environment.globals["address_of"] = address_of
    return environment


def _visible(value: object) -> object:
    # What has `__html__` is HTML already.
    return printable_lines(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@dataclass(frozen=True)
class Site:
    """What all requests share. Of the environment it holds what `airflow` needs, which shows nothing of that.

    Attributes:
        airflow: the Airflows that may be asked; nothing where there is none.
        version: that of Dagpress.
        csrf: the token of every form and every changing request; another start of the server has another.
        saved_store: what was saved lately.
        commits: runs them.
        worker: the process that computes drafts.
    """

    workspace: Workspace
    templates: Environment
    airflow: Airflows | None
    version: str
    csrf: str = field(default_factory=lambda: token_urlsafe(32), repr=False)
    saved_store: SavedStore = field(default_factory=SavedStore)
    commits: Commits = field(default_factory=Commits)
    next_runs: NextRunsCache = field(default_factory=NextRunsCache)
    worker: worker.Worker = field(default_factory=worker.shared_worker)

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> Site:
        """The site of the project in that folder, with the Airflows of these variables.

        Raises:
            DagpressError: a variable cannot be used.
        """
        return cls(Workspace(root), _environment(), Airflows(environ) or None, version("dagpress"))

    @property
    def name(self) -> str:
        """The project's, which is that of its folder."""
        return self.workspace.root.name

    def transaction(self) -> AbstractContextManager[Transaction]:
        """The one way in which a request writes into the project.

        Raises:
            LockedError: a commit holds the lock, or another process does, for longer than somebody waits for a page.
        """
        if commit := self.commits.slow:
            raise LockedError(commit.reason)
        return self.workspace.transaction()


@dataclass(frozen=True)
class RequestContext:
    """A request, with the fields of its form, and whether its client has left."""

    site: Site
    request: Request
    form: Mapping[str, str]
    is_dropped: Event = field(default_factory=Event)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The project as it is now, the same during the whole request."""
        return self.site.workspace.snapshot()

    @property
    def source(self) -> SourceFile:
        """The schedule file that the address names.

        Raises:
            HTTPException: there is none.
        """
        found = self.snapshot.sources.get(self.request.path_params["source"])
        if found is None:
            raise HTTPException(404, "There is no such schedule.")
        return found

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the `?` of the address."""
        return self.request.query_params

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part of a page; for what it boosts, or goes back to, it wants the whole."""
        headers = self.request.headers
        return "hx-request" in headers and not {"hx-boosted", "hx-history-restore-request"} & {*headers}

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The viewer's timezone, from the cookie of the browser; else UTC."""
        name = self.request.cookies.get(TIMEZONE_COOKIE, "")
        return ZoneInfo(name if name in timezones() else "UTC")

    def in_worker(self, warm_up: Callable[..., Any], function: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401
        """Call a function with this request, and these arguments, in the process for drafts.

        Raises:
            StoppedError: it reached a limit, its process was killed, or the client has left.
        """
        scope = {name: self.request.scope[name] for name in _SCOPE}
        htmx = [(name, value) for name, value in self.request.scope["headers"] if name.startswith(b"hx-")]
        scope["headers"] = [*htmx, (b"cookie", f"{TIMEZONE_COOKIE}={self.timezone.key}".encode())]
        root, csrf = self.site.workspace.root, self.site.csrf
        task = worker.Task(function, arguments, root, scope, self.form, csrf, warm_up, worker.LIMIT)
        result: T = self.site.worker.run(task, self.is_dropped.is_set)
        return result

    def page(self, template: str, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  # what templates take
        """A page, or a part of one, from a template with these values, the status, and what protects it."""
        own = {"nonce": self.request.state.nonce, "csrf_field": CSRF_FIELD, "csrf": self.site.csrf}
        text = self.site.templates.get_template(template).render(context=self, status=status, **own, **values)
        # The name of a file can hold bytes that are no text.
        return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)


@dataclass(frozen=True)
class Page:
    """An address, and the function that answers there. It runs in a thread, and may wait.

    Attributes:
        path: as Starlette has it, such as `/pipelines/{source:path}`.
        method: `GET`, or `POST` for what changes something: then the form must carry the CSRF token.
        is_draft: whether it computes a draft: such requests wait for their turn.
    """

    path: str
    answer: Callable[[RequestContext], Response]
    method: str = "GET"
    is_draft: bool = False
