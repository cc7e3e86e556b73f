"""Runs the real `dagpress serve`, and sends it any bytes, also invalid HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import environments


@dataclass(frozen=True)
class Server:
    """A running `dagpress serve`.

    Attributes:
        url: the URL of its start page.
        token: the token in the printed URL.
        log: the file with its output.
    """

    url: str
    token: str
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self, source: str = "") -> socket.socket:
        """Open a connection from an address of this machine."""
        address = urlsplit(self.url)
        return socket.create_connection((address.hostname or "", address.port or 80), 120, (source, 0))

    def send(self, request: bytes, source: str = "") -> bytes:
        """Send bytes, and return the response, or its start if the server waits for more."""
        with self.connect(source) as connection:
            connection.sendall(request)
            return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """Receive a response, until it is complete or the connection ends."""
    answer = b""
    while not _is_whole(answer) and (part := connection.recv(65536)):
        answer += part
    return answer


def serving(project: Path, *options: str, **env: str) -> AbstractContextManager[Server]:
    """Run a server during the block, on a free port, without a login unless the variables have a token."""
    return started(project, *(() if "DAGPRESS_TOKEN" in env else ("--no-token",)), *options, **env)


@contextmanager
def started(project: Path, *options: str, **env: str) -> Iterator[Server]:
    """Run a server during the block, on a free port, with only these options."""
    program = Path(sys.executable).with_name("dagpress")
    command: list[str | Path] = [program, "--project", project, "serve", "--port", "0", *options]
    with (
        tempfile.NamedTemporaryFile() as file,  # A pipe that is not read would fill up
        subprocess.Popen(command, env=environments.clean_environ(**env), stderr=file) as process,
    ):
        try:
            url, _, token = _address(process, Path(file.name)).partition("?token=")
            yield Server(url, token, process, Path(file.name))
        finally:
            process.kill()


@dataclass(frozen=True)
class Launcher:
    """A replacement for the program with which the desktop opens a file in the browser.

    Attributes:
        path: a `PATH` with it.
    """

    path: str
    _opened: Path

    def file(self) -> Path:
        """Wait for the opened file."""
        while not self._opened.exists():
            time.sleep(0.02)
        return Path(self._opened.read_text(encoding="utf-8"))


def launcher(folder: Path) -> Launcher:
    """Make a launcher that only records its argument."""
    opened = folder / "opened"
    program = folder / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.new && mv {opened}.new {opened}\n', encoding="utf-8")
    program.chmod(0o755)
    return Launcher(f"{folder}:{os.environ['PATH']}", opened)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    while "\n" not in (output := log.read_text(encoding="utf-8")):
        assert process.poll() is None, output
        time.sleep(0.02)
    assert "http" in output, output
    return next(word for word in output.split() if word.startswith("http"))


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(found and lengths) and len(body) >= int(lengths[0].partition(b":")[2])
