"""The worker of the Pipelines page: tasks are stopped at their limits and reported."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from pages import Pages, form_of, soup_of, text_of
from processes import TIMEOUT, wait_until
from project_builder import EXTRACT_LOAD, files_of, write
from serving import Server, serving
from starlette.exceptions import HTTPException

from codegen import rules
from codegen.diagnostics import Diagnostic, Location
from codegen.web.shell import worker
from codegen.web.shell.request_context import RequestContext
from codegen.web.shell.worker import StoppedError, Task, shared_worker
from codegen.web.shell.workspace import BrokenProjectError

# Takes seconds to check, although each line is fast.
ENDLESS = "interval: '@daily'\ntasks:\n" + "".join(f"- {{id: t{number}, command: x}}\n" for number in range(30_000))

WRONG = Diagnostic(rules.UNREADABLE, "wrong", Location("dagpress.toml"))
TOKEN = "the-token-of-the-login"  # noqa: S105  # only here
_HEAD = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("project"), {"schedules/a.yml": EXTRACT_LOAD})


def _run(project: Path, function: Callable[..., Any], *arguments: Any, seconds: float = 60) -> Any:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "state": {}}
    return shared_worker().run(Task(function, arguments, project, scope, {}, "", _nothing, seconds))


def _nothing(context: RequestContext) -> None:
    """Prepare nothing."""


def _names(context: RequestContext) -> tuple[list[str], int, int]:
    return [*context.snapshot.sources], os.getpid(), os.getppid()


def _backtrack(_: RequestContext) -> None:
    """Run forever in C, without releasing the GIL."""
    re.match(r"(a+)+$", "a" * 60 + "!")


def _sleep(_: RequestContext) -> None:
    time.sleep(60)


def _eat(_: RequestContext) -> int:
    return len(bytearray(worker.MEMORY + (1 << 20)))


def _die(_: RequestContext, number: int) -> None:
    os.kill(os.getpid(), number)


class _WorkerPages(Pages):
    """Pages that always render drafts in the worker."""

    worker = shared_worker()


class _UnpicklableError(Exception):
    """An exception that cannot be unpickled."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def _raise(_: RequestContext, number: int) -> None:
    raise (HTTPException(404, "gone", {"A": "b"}), BrokenProjectError([WRONG]), _UnpicklableError("odd", "ity"))[number]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (_backtrack, (), "takes longer than 2 seconds"),
        (_sleep, (), "takes longer than 2 seconds"),
        (_eat, (), "takes too much memory"),
        (_die, (signal.SIGKILL,), "was killed, probably for lack of memory"),
        (_die, (signal.SIGSEGV,), "exited with code -11"),
    ],
)
def test_a_stopped_task_is_reported_and_the_project_stays_cached(
    project: Path, function: Callable[..., Any], arguments: tuple[Any, ...], expected: str
) -> None:
    files, _, before = _run(project, _names)
    assert files == ["a.yml"]
    with pytest.raises(StoppedError, match=expected):
        _run(project, function, *arguments, seconds=60 if arguments or function is _eat else 0.03)
    assert _run(project, _names)[2] == before


def test_an_exception_of_a_task_is_raised_in_the_server(project: Path) -> None:
    """With its traceback if it is an internal error."""
    with pytest.raises(HTTPException, match="gone") as raised:
        _run(project, _raise, 0)
    assert raised.value.headers == {"A": "b"}
    with pytest.raises(BrokenProjectError) as broken:
        _run(project, _raise, 1)
    assert broken.value.diagnostics == [WRONG]
    with pytest.raises(RuntimeError, match=r"in _raise(?s:.*)_UnpicklableError: oddity"):
        _run(project, _raise, 2)


def test_a_killed_worker_is_replaced(project: Path) -> None:
    before = after = _run(project, _names)[2]
    os.kill(before, signal.SIGKILL)
    while after == before:
        # The first task can still reach the dying process.
        with suppress(StoppedError):
            after = _run(project, _names)[2]


def test_a_slow_text_is_reported_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the preview, by Save, and for a file that is already up to date."""
    monkeypatch.setattr(worker, "LIMIT", 0.01)
    pages = _WorkerPages(write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD}))
    pages.get("/edit/a.yml")
    before = files_of(tmp_path)
    form = {"file": "a.yml", "text": ENDLESS, "base": "x", "line:owner": "me", "was:owner": ""}
    for address in ("/preview", "/save"):
        page = pages.post(address, form, 422)
        output = text_of(page, "main p")
        assert output.startswith("This text takes longer than")
        assert "Not saved. Edit the file in your clone, and run dagpress validate there." in output
        sent = {name: value.replace("\r\n", "\n") for name, value in form_of(page).items()}
        assert {**form, "csrf": pages.token} == sent
    assert files_of(tmp_path) == before


@pytest.mark.slow
def test_other_requests_are_answered_during_a_draft(tmp_path: Path) -> None:
    """Also another client's draft. Drafts of disconnected clients are skipped or stopped.

    The worker inherits no unneeded state.
    """
    with _served(tmp_path) as (server, child, form), ThreadPoolExecutor() as pool:
        spinning = pool.submit(server.send, _request(form, ENDLESS))
        for _ in range(4):
            with server.connect() as dropped:
                dropped.sendall(_request(form, ENDLESS))
        last = pool.submit(server.send, _request(form, EXTRACT_LOAD))
        other = pool.submit(server.send, _request(form, EXTRACT_LOAD), "127.0.0.2")
        answered = 0
        while not spinning.done():
            assert "tap-gitlab" in _get(server, "/")
            answered += 1
        assert answered > 3
        assert b" 422 " in spinning.result().splitlines()[0]
        again = pool.submit(server.send, _request(form, ENDLESS))
        assert b" 200 " in other.result().splitlines()[0]
        assert not again.done()
        assert b" 200 " in last.result().splitlines()[0]
        place = Path(f"/proc/{child}")
        # Its children took the time of one or two stopped drafts, not of five.
        assert _seconds_of_children(child) < 5 * worker.LIMIT
        assert b" 422 " in again.result().splitlines()[0]
        before = _seconds_of_children(child)
        with server.connect() as dropped:
            dropped.sendall(_request(form, ENDLESS))
            _await_fork(child, "[0-9]")
        _await_fork(child, "$")
        assert _seconds_of_children(child) - before < worker.LIMIT
        assert TOKEN not in (place / "environ").read_text()
        assert not [link for link in (place / "fd").iterdir() if "socket" in str(link.readlink())]
        # Only a single-threaded process can be forked safely.
        assert len([*(place / "task").iterdir()]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_worker_ends_with_the_server(tmp_path: Path, number: signal.Signals) -> None:
    """Also during a draft, whatever ends the server, and without output."""
    with _served(tmp_path) as (server, child, form), server.connect() as connection:
        connection.sendall(_request(form, ENDLESS))
        _await_fork(child, "[0-9]")
        server.process.send_signal(number)
        server.process.wait(TIMEOUT)
        wait_until(lambda: not Path(f"/proc/{child}").exists())
        assert server.log.read_text(encoding="utf-8").count("\n") == 1


def _await_fork(child: int, pattern: str) -> None:
    while not re.match(pattern, Path(f"/proc/{child}/task/{child}/children").read_text()):
        time.sleep(0.01)


@contextmanager
def _served(root: Path) -> Iterator[tuple[Server, int, dict[str, str]]]:
    """Yield a server with a started worker, the worker's PID, and a form with the CSRF token."""
    with serving(write(root, {"schedules/a.yml": EXTRACT_LOAD}), DAGPRESS_TOKEN=TOKEN) as server:
        form = form_of(soup_of(_get(server, "/edit/a.yml")))
        threads = Path(f"/proc/{server.process.pid}/task")
        yield server, int("".join(path.read_text() for path in threads.glob("*/children"))), form


def _seconds_of_children(process: int) -> float:
    """Return the CPU time of the ended children of a process."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _get(server: Server, address: str) -> str:
    answer = server.send(f"GET {address} HTTP/1.1\r\n{_HEAD}\r\n".encode())
    assert b" 200 " in answer.splitlines()[0]
    return answer.partition(b"\r\n\r\n")[2].decode()


def _request(form: dict[str, str], text: str) -> bytes:
    body = urlencode({"csrf": form["csrf"], "file": "a.yml", "base": form["base"], "text": text})
    head = f"{_HEAD}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"POST /preview HTTP/1.1\r\n{head}\r\n{body}".encode()
