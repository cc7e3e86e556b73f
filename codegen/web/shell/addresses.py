"""URLs of the pages of a schedule, and the check for paths of this site."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def address_of(page: str, file: str, environment: str = "", action: str = "", **query: str) -> str:
    """Return the URL of a schedule's page, such as `/pipelines/team/gitlab.yml?environment=prod`."""
    if environment:
        query = {"environment": environment, **query}
    return f"/{page}/{quote(file)}{action}" + (f"?{urlencode(query)}" if query else "")


def is_path(address: str) -> bool:
    r"""Return whether a URL is a path on this site. Browsers treat `//`, `/\`, and `/` with a tab as another host."""
    return address.startswith("/") and address[1:2] not in {"/", "\\"} and address.isprintable()
