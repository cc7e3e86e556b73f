"""HTTP and SMTP servers on loopback that record requests, and an HTTP server with scripted responses."""

from __future__ import annotations

import email
import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request with a JSON body."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Mail:
    """An e-mail: its envelope recipients and its content."""

    recipients: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The text of its only part."""
        (part,) = (part for part in self.message.walk() if not part.is_multipart())
        return str(part.get_content())


@dataclass
class Received:
    """The received requests and mails, and the ports of the servers."""

    http_port: int = 0
    smtp_port: int = 0
    requests: list[Request] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


@contextmanager
def servers() -> Iterator[Received]:
    """Run the servers during the block."""
    received = Received()

    class Http(_Http):
        kept = received.requests

    class Smtp(_Smtp):
        kept = received.mails

    with ThreadingHTTPServer(("127.0.0.1", 0), Http) as http, _SmtpServer(("127.0.0.1", 0), Smtp) as smtp:
        received.http_port, received.smtp_port = http.server_port, smtp.server_address[1]
        for server in (http, smtp):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield received
        finally:
            for server in (http, smtp):
                server.shutdown()


class _Http(BaseHTTPRequestHandler):
    """Answers each request with `ok`, as Slack's API and its incoming webhooks do."""

    kept: list[Request]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kept.append(Request(self.command, self.path, dict(self.headers), body))
        is_api = self.path.startswith("/api/")
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if is_api else "text/plain")
        self.end_headers()
        self.wfile.write(b'{"ok": true}' if is_api else b"ok")

    do_PUT = do_POST  # noqa: N815  # the name in http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name in http.server
        """Log nothing."""


class _SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Smtp(socketserver.StreamRequestHandler):
    """The SMTP commands that a client needs to send a mail (RFC 5321), without encryption or login."""

    kept: list[Mail]

    def handle(self) -> None:
        """Talk until the client quits."""
        self._say("220 loopback")
        recipients: list[str] = []
        while line := self.rfile.readline():
            verb, _, argument = line.decode().strip().partition(" ")
            if verb.upper() == "QUIT":
                self._say("221 bye")
                return
            if verb.upper() == "RCPT":
                recipients.append(argument.partition("<")[2].partition(">")[0])
            if verb.upper() == "DATA":
                self._say("354 go on")
                message = email.message_from_bytes(self._data(), policy=policy.default)
                self.kept.append(Mail(recipients, message))
                recipients = []
            self._say("250 ok")

    def _data(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@dataclass(frozen=True)
class Reply:
    """A response of a server.

    Attributes:
        body: the body of the response; the whole response if it is raw.
        seconds: the delay before the response.
    """

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    is_raw: bool = False


@dataclass
class Replying:
    """A server with scripted responses: its port, and the requested paths."""

    port: int
    received: list[str]


@contextmanager
def replying(replies: dict[str, Reply]) -> Iterator[Replying]:
    """Run a server during the block: it answers each path with the reply of the first matching prefix."""
    received: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # The start of a TLS connection has no lines.
            first = self.rfile.readline(1000) if self.connection.recv(1, socket.MSG_PEEK) != b"\x16" else b"TLS /"
            path = first.decode().split()[1]
            received.append(path)
            while first != b"TLS /" and self.rfile.readline().strip():
                pass
            reply = next(reply for beginning, reply in replies.items() if path.startswith(beginning))
            time.sleep(reply.seconds)
            headers = {**reply.headers, "Content-Length": str(len(reply.body)), "Connection": "close"}
            lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            with suppress(OSError):
                self.wfile.write(reply.body if reply.is_raw else "\r\n".join(lines).encode() + reply.body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield Replying(server.server_address[1], received)
        finally:
            server.shutdown()


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
