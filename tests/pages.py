"""Asks for pages of the Pipelines page without a browser, and reads them."""

from __future__ import annotations

import re
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from starlette.testclient import TestClient

from codegen.web.app import create_app

# The names of some 600 timezones are half of an editor's page: reading the first of them is enough.
_TIMEZONES = re.compile(r'(?<=<datalist id="known-timezone">)(<option [^>]*></option>)(?:<option [^>]*></option>)+')


def soup_of(text: str) -> BeautifulSoup:
    """A page, read; where an element stands is not counted, which takes a sixth of the time."""
    return BeautifulSoup(_TIMEZONES.sub(r"\1", text), "html.parser", store_line_numbers=False)


class Pages:
    """The pages of a project, as a browser on this machine asks for them."""

    def __init__(self, root: Path, **environ: str) -> None:
        """Serve the project in that folder, with these variables of the environment."""
        self.client = TestClient(create_app(root, environ), base_url="http://127.0.0.1:8484", follow_redirects=True)

    def get(self, address: str, status: int = 200, **headers: str) -> BeautifulSoup:
        """A page, whose status must be as expected."""
        answer = self.client.get(address, headers=headers)
        assert answer.status_code == status, answer.text
        return soup_of(answer.text)

    def post(self, address: str, form: dict[str, str], status: int = 200, **headers: str) -> BeautifulSoup:
        """Send a form with the CSRF token, and follow a commit to its end."""
        answer = self.client.post(address, data={"csrf": self.token, **form}, headers=headers)
        while answer.url.path.startswith("/committing/") and answer.status_code == HTTPStatus.OK:
            answer = self.client.get(answer.url)
        assert answer.status_code == status, answer.text
        return soup_of(answer.text)

    @cached_property
    def token(self) -> str:
        """The CSRF token of the forms, which is the same as long as the server runs."""
        token = self.get("/").select_one("input[name=csrf]")
        assert token
        return str(token["value"])


def form_of(page: BeautifulSoup) -> dict[str, str]:
    """What a browser would send of the forms of a page."""
    sent = {}
    for control in page.find_all(["input", "textarea", "select"], {"name": True}):
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
    """The text of the first element that matches, its white space as one blank."""
    found = soup.select_one(selector)
    assert found, f"there is no {selector} in\n{soup}"
    return " ".join(found.get_text(" ").split())
