"""Addresses of the pages of a schedule, and of this site."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def address_of(page: str, file: str, environment: str = "", action: str = "", **query: str) -> str:
    """The address of a page of a schedule, such as `/pipelines/team/gitlab.yml?environment=prod`."""
    if environment:
        query = {"environment": environment, **query}
    return f"/{page}/{quote(file)}{action}" + (f"?{urlencode(query)}" if query else "")


def is_path(address: str) -> bool:
    r"""Whether an address is a path of this site. Browsers read `//`, `/\`, and `/` with a tab as another host."""
    return address.startswith("/") and address[1:2] not in {"/", "\\"} and address.isprintable()
