"""Runs programs as child processes: the only module that starts one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import Any, NamedTuple, TypeAlias

from codegen.diagnostics import DagpressError

# Settings of Dagpress, the token of the login above all, are not for other programs.
_OWN_VARIABLES = "DAGPRESS_"
ENDING = (signal.SIGTERM, signal.SIGHUP)
# Seconds: between two looks at the output, and from SIGTERM to SIGKILL.
_PAUSE = 0.1
_GRACE = 2
NO_INPUT = subprocess.DEVNULL
Child: TypeAlias = subprocess.Popen[bytes]
_running: set[Child] = set()


class ProcessError(DagpressError):
    """A program that does not start, or does not end within its limit."""


class Output(NamedTuple):
    """The result of a program that has ended; after a signal, the exit code is its number and 128."""

    code: int
    stdout: str
    stderr: str


def inherited(*unwanted: str) -> dict[str, str]:
    """The variables of this process for a child: without those of Dagpress and those with these prefixes."""
    return {name: value for name, value in os.environ.items() if not name.startswith((_OWN_VARIABLES, *unwanted))}


def run(  # noqa: PLR0913  # what a process has
    command: Sequence[str | Path],
    *,
    limit: float | None,
    name: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str = "",
    merged: bool = False,
    on_line: Callable[[str], None] | None = None,
    ends_group: bool = False,
) -> Output:
    """Run a program to its end, without a terminal, and return its output.

    The output goes to files: a daemon that the program leaves behind may keep them open, and nobody waits for it.

    The limit is in seconds, `env` is `inherited()` by default, and `given` is the standard input. `on_line` gets the
    latest whole line of stdout while the program runs; with `ends_group`, its process group is killed at its end.

    Raises:
        ProcessError: it does not start, or its process group was killed at the limit.
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
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr, handled:
        stdin.write(given.encode("utf-8", "replace"))
        stdin.seek(0)
        files = {"stdin": stdin, "stdout": stdout, "stderr": subprocess.STDOUT if merged else stderr}
        child = start(command, env=env, cwd=cwd, name=name, start_new_session=True, **files)
        is_over = False
        try:
            _running.add(child)
            # From here on, `finally` ends the child.
            may_leave = True
            for number in early:
                leave(number, None)
            end_time = time.monotonic() + limit if limit else None
            if on_line:
                _watch(child, stdout.fileno(), on_line, end_time)
            child.wait(max(0, end_time - time.monotonic()) if end_time else None)
            is_over = not ends_group
        except subprocess.TimeoutExpired as error:
            hint = "run it in a terminal to see what it waits for"
            raise ProcessError(f"`{name}` did not end within {limit:.0f} seconds", hint) from error
        finally:
            _running.discard(child)
            if not is_over:
                end(child)
        return Output(exit_code(child.returncode), _text(stdout), _text(stderr))


def stream(command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> int:
    """Run a program on the terminal of this process until it ends, pass signals on, and return its exit code."""
    child: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is None:
            early.append(number)
        elif number not in {signal.SIGINT, signal.SIGQUIT} or not _is_in_foreground():
            # From the terminal, an interrupt reaches the child by itself.
            child.send_signal(number)

    # Earlier output must precede that of the program.
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
    **options: Any,  # noqa: ANN401  # those of Popen
) -> subprocess.Popen[bytes]:
    """Start a program.

    Raises:
        ProcessError: it does not start.
    """
    try:
        return subprocess.Popen(command, env=inherited() if env is None else env, **options)  # noqa: S603  # never a shell
    except OSError as error:
        cause = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
        raise ProcessError(f"`{name or Path(command[0]).name}` does not start: {cause}") from error


def start_helper(command: Sequence[str | Path], *, name: str) -> Child:
    """Start a program that this process talks to through its stdin and stdout, until `end` or `end_all`.

    Raises:
        ProcessError: it does not start.
    """
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    child = start(command, name=name, start_new_session=True, stdin=pipe, stdout=pipe, stderr=nothing)
    _running.add(child)
    return child


def end(child: subprocess.Popen[bytes], grace: float = _GRACE) -> None:
    """End the process group of a child: at once what listens to SIGTERM, the rest after some seconds."""
    try:
        _signal_group(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    finally:
        # Also after a second signal to this process.
        _signal_group(child, signal.SIGKILL)
        child.wait()
        _running.discard(child)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def end_all() -> None:
    """End everything that `run` is running in other threads, and the helpers."""
    for child in list(_running):
        end(child)


def exit_code(code: int) -> int:
    """The exit code in the shell's form, where a signal is a number above 128."""
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


def _watch(child: subprocess.Popen[bytes], stdout: int, on_line: Callable[[str], None], end_time: float | None) -> None:
    seen = 0
    while child.poll() is None and (end_time is None or time.monotonic() < end_time):
        # It leaves the file's position to the child.
        whole = os.pread(stdout, 1 << 20, seen).rpartition(b"\n")[0]
        if whole:
            seen += len(whole) + 1
            on_line(whole.decode("utf-8", "replace").splitlines()[-1])
        time.sleep(_PAUSE)


def _text(file: Any) -> str:  # noqa: ANN401  # a binary file
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))


def _is_in_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
