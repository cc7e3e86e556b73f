"""Servers of HTTP and SMTP on loopback, which keep what they are sent, and one of HTTP that answers as it is told."""

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
    """A request with a body in JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Mail:
    """A mail: whom the server was told to give it to, and what it is."""

    recipients: list[str]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The text of its only part."""
        (part,) = (part for part in self.message.walk() if not part.is_multipart())
        return str(part.get_content())


@dataclass
class Received:
    """What has arrived, and where the servers listen."""

    http_port: int = 0
    smtp_port: int = 0
    requests: list[Request] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


@contextmanager
def servers() -> Iterator[Received]:
    """Serve until the end of the block."""
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
    """Answers each request as Slack's API and its incoming webhooks do: with something that says ok."""

    kept: list[Request]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kept.append(Request(self.command, self.path, dict(self.headers), body))
        is_api = self.path.startswith("/api/")
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if is_api else "text/plain")
        self.end_headers()
        self.wfile.write(b'{"ok": true}' if is_api else b"ok")

    do_PUT = do_POST  # noqa: N815  # the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as http.server calls it
        """Stay silent."""


class _SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Smtp(socketserver.StreamRequestHandler):
    """The commands that a client needs to hand over a mail (RFC 5321), without encryption or login."""

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
    """What a server answers.

    Attributes:
        body: what follows the status and the headers; all that is sent where it is raw.
        seconds: how long it keeps silent before.
    """

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    is_raw: bool = False


@dataclass
class Replying:
    """A server that answers as it is told: its port, and the paths that it was asked for."""

    port: int
    received: list[str]


@contextmanager
def replying(replies: dict[str, Reply]) -> Iterator[Replying]:
    """Serve until the end of the block: to each path, the reply of the first beginning that fits."""
    received: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # What begins a TLS connection has no lines.
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
    """A port at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
