"""Runs programs as child processes; no other module starts one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from types import FrameType
from typing import Any, NamedTuple, NoReturn, TypeAlias

from codegen.diagnostics import DagpressError

# Child processes do not inherit the settings of Dagpress, such as the login token.
_OWN_VARIABLES = "DAGPRESS_"
ENDING = (signal.SIGTERM, signal.SIGHUP)
# Seconds: the poll interval for output, and the time from SIGTERM to SIGKILL.
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 2
# Bytes: the limit for the output, and the size of one read, which empties a pipe.
_MAX_OUTPUT_BYTES = 64 * 1024 * 1024
_READ = 1024 * 1024
NO_INPUT = subprocess.DEVNULL
Child: TypeAlias = subprocess.Popen[bytes]
_running: set[Child] = set()
# Set when this process shuts down, so that other threads stop waiting.
ending = threading.Event()


class ProcessError(DagpressError):
    """A program did not start, or was stopped."""


class Output(NamedTuple):
    """The result of a finished program; after a signal, the exit code is 128 plus its number."""

    code: int
    stdout: str
    stderr: str


def inherited(*unwanted: str) -> dict[str, str]:
    """Return the environment variables for a child process, without variables with these prefixes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def run(  # noqa: PLR0913  # the options of a process
    command: Sequence[str | Path],
    *,
    limit: float,
    name: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | Callable[[], str] = "",
    merged: bool = False,
    on_line: Callable[[str], None] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    ends_group: bool = False,
) -> Output:
    """Run a program without a terminal until it ends, and return its output.

    Daemons of the program that keep the output open are not awaited.

    Args:
        command: the program and its arguments.
        limit: the time limit in seconds.
        name: the name in messages. Default: the file name of the program.
        env: the environment variables. Default: `inherited()`.
        cwd: the working directory.
        stdin: the input, or a function that returns it, called while the program starts.
        merged: whether stderr goes to stdout.
        on_line: receives the last complete line of new output.
        is_cancelled: whether to kill the program; called regularly.
        ends_group: whether to kill the rest of the process group after the program ends.

    Raises:
        ProcessError: the program did not start, or it was killed: at the time limit, after too much output, or because
            `is_cancelled` returned true.
    """
    name = name or Path(command[0]).name
    may_leave = False
    early: list[int] = []

    def leave(number: int, _frame: FrameType | None) -> None:
        if not may_leave:
            early.append(number)
        else:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    # Only the main thread may set handlers.
    is_main = threading.current_thread() is threading.main_thread()
    handled = handling((signal.SIGINT, *ENDING) if is_main else (), leave)
    with TemporaryFile() as file, handled:
        file.write(b"" if callable(stdin) else stdin.encode("utf-8", "replace"))
        file.seek(0)
        source = subprocess.PIPE if callable(stdin) else file
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT if merged else subprocess.PIPE}
        child = start(command, env=env, cwd=cwd, name=name, start_new_session=True, bufsize=0, stdin=source, **pipes)
        is_over = False
        try:
            _running.add(child)
            # From here on, `finally` ends the child.
            may_leave = True
            for number in early:
                leave(number, None)
            if callable(stdin):
                # In a thread: the program may block on its output before it reads its input.
                threading.Thread(target=_feed, args=(child, stdin()), daemon=True).start()
            output = _read(child, _bounds(name, limit, is_cancelled), on_line)
            is_over = not ends_group
        finally:
            _running.discard(child)
            if not is_over:
                end(child)
            for pipe in filter(None, (child.stdout, child.stderr)):
                pipe.close()
        return Output(exit_code(child.returncode), *(part.decode("utf-8", "replace") for part in output))


def stream(command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> int:
    """Run a program on the terminal of this process until it ends, forward signals, and return its exit code.

    There is no time limit: the user can interrupt the program.
    """
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif number not in {signal.SIGINT, signal.SIGQUIT} or not _is_in_foreground():
            # The terminal sends interrupts to the child itself.
            child.send_signal(number)

    # Earlier output must precede the output of the program.
    sys.stdout.flush()
    with handling((signal.SIGINT, signal.SIGQUIT, *ENDING), pass_on):
        child = start(command, env=env, cwd=cwd)
        for number in early:
            child.send_signal(number)
        return exit_code(child.wait())


def start(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    name: str = "",
    **options: Any,  # noqa: ANN401  # the options of Popen
) -> subprocess.Popen[bytes]:
    """Start a program.

    Raises:
        ProcessError: it does not start.
    """
    try:
        return subprocess.Popen(command, env=_without_own(env), **options)  # noqa: S603  # never a shell
    except OSError as error:
        cause = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        raise ProcessError(f"`{name or Path(command[0]).name}` does not start: {cause}") from error


def start_helper(command: Sequence[str | Path], *, name: str) -> Child:
    """Start a program with pipes for stdin and stdout; `end` and `end_all` stop it.

    Raises:
        ProcessError: it does not start.
    """
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    child = start(command, name=name, start_new_session=True, stdin=pipe, stdout=pipe, stderr=nothing)
    _running.add(child)
    return child


def replace(command: Sequence[str | Path], env: Mapping[str, str]) -> NoReturn:
    """Replace this process with another program."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], tuple(command), _without_own(env))  # noqa: S606  # never a shell


def _without_own(env: Mapping[str, str] | None) -> dict[str, str]:
    env = os.environ if env is None else env
    return {name: value for name, value in env.items() if not name.startswith(_OWN_VARIABLES)}


def end(child: subprocess.Popen[bytes], grace: float = _GRACE_SECONDS) -> None:
    """End the process group of a child with SIGTERM and, after some seconds, SIGKILL."""
    try:
        _signal_group(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    finally:
        # Also after a second signal to this process.
        _signal_group(child, signal.SIGKILL)
        child.wait()
        _running.discard(child)


def end_helper(child: Child) -> None:
    """End a program that `start_helper` started, and close its pipes, discarding unsent data."""
    end(child)
    with suppress(OSError), child:
        pass


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def end_all() -> None:
    """End the children of `run` in other threads and the helpers when this process shuts down."""
    ending.set()
    children = list(_running)
    for child in children:
        _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        end(child, max(0, deadline - time.monotonic()))


def exit_code(code: int) -> int:
    """Return the exit code as a shell does: 128 plus the number of a signal."""
    return 128 - code if code < 0 else code


@contextmanager
def handling(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals, except those that this process ignores, as under `nohup`."""
    before = {n: signal.signal(n, handler) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)


def _bounds(name: str, limit: float, is_cancelled: Callable[[], bool]) -> Callable[[int], None]:
    """Return a check that raises an error at the time limit, at the output limit or after a cancellation."""
    deadline = time.monotonic() + limit

    def check(size: int) -> None:
        if time.monotonic() > deadline:
            hint = "run it in a terminal to see what it waits for"
            raise ProcessError(f"`{name}` did not end within {limit:.0f} seconds", hint)
        if size > _MAX_OUTPUT_BYTES:
            raise ProcessError(
                f"`{name}` printed more than {_MAX_OUTPUT_BYTES >> 20} MB", "run it in a terminal to see the output"
            )
        if is_cancelled():
            raise ProcessError(f"`{name}` was cancelled")

    return check


def _read(
    child: Child, check: Callable[[int], None], on_line: Callable[[str], None] | None
) -> tuple[bytearray, bytearray]:
    """Read stdout and stderr until the child has ended, even if another process keeps them open."""
    stdout, stderr = bytearray(), bytearray()
    with DefaultSelector() as selector:
        for pipe, text in ((child.stdout, stdout), (child.stderr, stderr)):
            if pipe:
                selector.register(pipe, EVENT_READ, text)
        has_ended = False
        while not has_ended:
            # Read once more after the end: the pipes can still contain output.
            has_ended = child.poll() is not None
            for key, _ in selector.select(0 if has_ended else _POLL_SECONDS):
                part = os.read(key.fd, _READ)
                if not part:
                    selector.unregister(key.fileobj)
                elif on_line and (line := _last_line(key.data, part)):
                    on_line(line)
                key.data.extend(part)
            if not selector.get_map():
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_POLL_SECONDS)
            if not has_ended:
                check(len(stdout) + len(stderr))
    return stdout, stderr


def _feed(child: Child, text: str) -> None:
    with suppress(OSError), child.stdin or nullcontext():
        data = text.encode("utf-8", "replace")
        while child.stdin and data:
            data = data[child.stdin.write(data) or 0 :]


def _last_line(before: bytearray, part: bytes) -> str:
    """Return the last line that a part of the output completes, or an empty string."""
    whole, found, _ = part.rpartition(b"\n")
    if not found:
        return ""
    start = before.rpartition(b"\n")[2] if b"\n" not in whole else b""
    return (bytes(start) + whole.rpartition(b"\n")[2]).decode("utf-8", "replace")


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
