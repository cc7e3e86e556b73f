"""Identifies the person of a request, from headers of a trusted proxy or from a cookie with the typed name."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from codegen.git import Person
from codegen.web.shell.security import cookie_name

__all__ = ["Person", "UserHeadersMiddleware", "person_of", "set_person"]

# The key of the person in the state of a request, and in the name of the cookie.
STATE = "person"
_YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class UserHeadersMiddleware:
    """Reads the person from headers of trusted proxies, and removes these headers from every request.

    It must run before uvicorn's `ProxyHeadersMiddleware`, which replaces the address of the proxy with the browser's.

    Attributes:
        names: the names of the headers, in lower case.
        networks: the addresses of the trusted proxies.
    """

    app: ASGIApp
    names: frozenset[str]
    networks: Sequence[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the person in its state."""
        if scope["type"] == "http":
            sent = [(name.decode("latin-1").lower(), value) for name, value in scope["headers"]]
            values = [value for name, value in sent if name in self.names]
            # A repeated header could come from both the client and the proxy.
            is_clear = len(values) == len({name for name, _ in sent if name in self.names})
            person = _person_in(values) if is_clear and self._trusts(scope) else None
            own = [header for header, (name, _) in zip(scope["headers"], sent, strict=True) if name not in self.names]
            scope = {**scope, "headers": own, "state": {**scope.get("state", {}), STATE: person}}
        await self.app(scope, receive, send)

    def _trusts(self, scope: Scope) -> bool:
        try:
            address = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in ipaddress.ip_network(network) for network in self.networks)


def _person_in(values: Sequence[bytes]) -> Person | None:
    """Read a person from header values: a value with an `@` is the e-mail address, and another one the name."""
    try:
        texts = [text for value in values if (text := value.decode().strip())]
    except UnicodeDecodeError:
        return None
    email = next((text for text in texts if "@" in text), "")
    name = next((text for text in texts if "@" not in text), email.partition("@")[0])
    return _valid(Person(name, email))


def person_of(request: Request) -> Person | None:
    """Return the person of a request; None if unknown or invalid."""
    state = request.scope.get("state", {})
    if STATE in state:
        known: Person | None = state[STATE]
        return known
    name, _, email = request.cookies.get(_cookie(request), "").partition(":")
    return _valid(Person(unquote(name), unquote(email)))


def set_person(request: Request, response: Response, person: Person) -> None:
    """Store a person in a cookie for a year."""
    value, is_secure = ":".join(quote(part, safe="") for part in person), request.url.scheme == "https"
    response.set_cookie(_cookie(request), value, _YEAR, httponly=True, samesite="strict", secure=is_secure)


def _valid(person: Person) -> Person | None:
    return None if person.problems else person


def _cookie(request: Request) -> str:
    return cookie_name(request, f"{STATE}-")
