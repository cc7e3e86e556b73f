"""Addresses of what the pages have of a schedule."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def address_of(page: str, file: str, environment: str = "", action: str = "", **query: str) -> str:
    """The address of a page of a schedule, such as `/pipelines/team/gitlab.yml?environment=prod`."""
    if environment:
        query = {"environment": environment, **query}
    return f"/{page}/{quote(file)}{action}" + (f"?{urlencode(query)}" if query else "")
