"""Addresses of what the pages have of a schedule."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def address_of(page: str, file: str, environment: str = "", action: str = "", **query: str) -> str:
    """The address of a page of a schedule, such as `/pipelines/team/gitlab.yml?environment=prod`.

    Args:
        page: what the address begins with, such as `pipelines`.
        file: that of the schedule, below the folder of schedules.
        environment: the deployment environment; empty for none.
        action: what is done there, such as `/run`.
        query: what else stands behind the `?`.
    """
    if environment:
        query = {"environment": environment, **query}
    return f"/{page}/{quote(file)}{action}" + (f"?{urlencode(query)}" if query else "")
