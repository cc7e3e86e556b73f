"""Requests JSON from one server, with limits on time and size; credentials are sent to no other server."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Timer
from typing import Any, NamedTuple

import httpx2

from codegen.airflow.connection import Connection
from codegen.diagnostics import DagpressError
from codegen.text.json_text import read_json

# Seconds for the server to accept a request or send a part of its response, and for all requests of a session.
_TIMEOUT = 5
_SESSION_TIMEOUT = 20
_MAX_BYTES = 8 * 1024 * 1024


class AirflowRestError(DagpressError):
    """A request to Airflow failed. The message contains no URL and no credentials."""


class Response(NamedTuple):
    """The response of a server; the body is None if it is not JSON."""

    status: int
    body: Any


class Http:
    """The requests of one session."""

    def __init__(self, client: httpx2.Client, connection: Connection) -> None:
        self._client = client
        self._connection = connection
        self._deadline = time.monotonic() + _SESSION_TIMEOUT

    def request(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> Response:
        """Send a request to a quoted path below the URL, and return the response, whatever its status.

        Raises:
            AirflowRestError: there is no response, or it is a redirect, too large or too slow.
        """
        if time.monotonic() > self._deadline:
            raise AirflowRestError("Airflow responds too slowly", "check its load, and try again later")
        try:
            with self._client.stream(method, self._connection.url + path, headers=headers, json=body) as response:
                if response.is_redirect:
                    message = "the URL of Airflow redirects to another address"
                    raise AirflowRestError(message, f"set {self._connection.variable('URL')} to that address")
                return Response(response.status_code, self._read(response))
        except httpx2.HTTPError as error:
            raise self._explained(error) from None

    def _read(self, response: httpx2.Response) -> Any:  # noqa: ANN401  # any JSON value
        content = bytearray()
        # Without decompression, which has no size limit: the request asks for an uncompressed response.
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > _MAX_BYTES or time.monotonic() > self._deadline:
                raise AirflowRestError(
                    "the response of Airflow is too large, or takes too long",
                    f"check {self._connection.variable('URL')}",
                )
        try:
            return read_json(bytes(content))
        except (ValueError, RecursionError):
            return None

    def _explained(self, error: httpx2.HTTPError) -> AirflowRestError:
        address = self._connection.variable("URL")
        if isinstance(error, httpx2.TimeoutException):
            message = f"Airflow did not respond within {_TIMEOUT} seconds"
            return AirflowRestError(message, f"check {address}, and that Airflow is running")
        if _is_about_tls(error):
            hint = f"check {address}; if a private CA signed the certificate, set SSL_CERT_FILE"
            return AirflowRestError("a secure connection to Airflow (TLS) cannot be established", hint)
        if isinstance(error, httpx2.ConnectError):
            return AirflowRestError("Airflow cannot be reached", f"check {address}, and that Airflow is running")
        return AirflowRestError("Airflow sent an incomplete or invalid HTTP response", f"check {address}")


@contextmanager
def opened(connection: Connection) -> Iterator[Http]:
    """Open a session."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "dagpress"}
    with httpx2.Client(headers=headers, timeout=_TIMEOUT, follow_redirects=False) as client:
        # A response that arrives byte by byte never times out, so the connection is closed after the session's limit.
        end = Timer(_SESSION_TIMEOUT, client.close)
        end.daemon = True
        end.start()
        try:
            yield Http(client, connection)
        finally:
            end.cancel()


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
