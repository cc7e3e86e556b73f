"""The URL and the credentials of the Airflow that the Pipelines page shows, from environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from codegen.diagnostics import DagpressError

_VARIABLE = re.compile(r"DAGPRESS_AIRFLOW_(URL|USERNAME|PASSWORD|TOKEN)(?:_(.+))?")


@dataclass(frozen=True)
class Connection:
    """The URL of an Airflow, with a token, a user name and password, or no credentials.

    The URL has no trailing slash; `suffix` is the end of its variables.
    """

    url: str
    suffix: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def variable(self, name: str) -> str:
        """Return the environment variable of a part, such as `URL`."""
        return f"DAGPRESS_AIRFLOW_{name}" + (f"_{self.suffix}" if self.suffix else "")


def read_connections(environ: Mapping[str, str]) -> dict[str, Connection]:
    """Return the Airflow of each deployment environment, by the suffix of its variables; empty without environments.

    `DAGPRESS_AIRFLOW_URL_PROD` belongs to the environment `prod`. Empty variables count as missing.

    Raises:
        DagpressError: a variable is invalid; the message does not contain the value, which may be a password.
    """
    given: dict[str, dict[str, str]] = {}
    for name, value in environ.items():
        match = _VARIABLE.fullmatch(name)
        if match and value:
            given.setdefault(match[2] or "", {})[match[1]] = value
    connections = {
        suffix: Connection(
            values.get("URL", "").rstrip("/"),
            suffix,
            values.get("USERNAME", ""),
            values.get("PASSWORD", ""),
            values.get("TOKEN", "").strip(),
        )
        for suffix, values in given.items()
    }
    for connection in connections.values():
        _check_url(connection)
        _check_credentials(connection)
    return connections


def suffix_of(deployment: str) -> str:
    """Return the suffix of the variables of a deployment environment."""
    return deployment.upper().replace("-", "_")


def _check_url(connection: Connection) -> None:
    name = connection.variable("URL")
    if not connection.url:
        raise DagpressError(f"Airflow credentials are set, but {name} is not", f"set {name}, or unset the credentials")
    hint = "such as https://airflow.example.com"
    if not connection.url.isascii() or not connection.url.isprintable() or " " in connection.url:
        raise DagpressError(f"{name} is not a valid URL", hint)
    try:
        parts = urlsplit(connection.url)
        has_port_0 = parts.port == 0
    except ValueError:
        raise DagpressError(f"{name} is not a valid URL", hint) from None
    if parts.username is not None:
        message = f"{name} contains a user name or a password, which would appear wherever the URL does"
        fix = f"set {connection.variable('USERNAME')} and {connection.variable('PASSWORD')} instead"
        raise DagpressError(message, fix)
    if parts.scheme not in {"http", "https"} or not parts.hostname or has_port_0:
        raise DagpressError(f"{name} must be an http:// or https:// URL", hint)
    if parts.query or parts.fragment:
        raise DagpressError(f"{name} must not have a query or a fragment", hint)


def _check_credentials(connection: Connection) -> None:
    token, username, password = (connection.variable(name) for name in ("TOKEN", "USERNAME", "PASSWORD"))
    if bool(connection.username) != bool(connection.password):
        raise DagpressError(f"{username} and {password} must be set together", "set both, or neither")
    if connection.token and connection.username:
        raise DagpressError(f"{token} and {username} are mutually exclusive", "unset one of them")
    if not connection.token.isascii() or not connection.token.isprintable():
        raise DagpressError(f"{token} contains invalid characters", "copy it again")
