"""TAB in real shells: every name is completed to one word."""

from __future__ import annotations

import json
import os
import pty
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from debian import install
from processes import TIMEOUT
from project_builder import EXTRACT_LOAD, write
from versions import NEWEST

pytestmark = pytest.mark.slow

# Each has a unique first letter, which TAB completes.
_NAMES = (
    "a;touch PWNED",
    "b$(touch PWNED)",
    "c`touch PWNED`",
    "d' \"e|touch PWNED",
    "f*",
    "g:h=~",
    "i\\",
    "j{k,l}&",
    "m!n",
)
_DAGPRESS = Path(sys.executable).with_name("dagpress")
# Completes like the command, and records its arguments.
_RECORDER = f"""\
#!{sys.executable}
import json, os, subprocess, sys
is_asked = "_DAGPRESS_COMPLETE" in os.environ or sys.argv[1] == "completion"
if is_asked:
    subprocess.run([{str(_DAGPRESS)!r}, *sys.argv[1:]])
with open("answers" if is_asked else "calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
"""
_SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(dagpress completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u; eval "$(dagpress completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "dagpress completion fish | source"),
}
# The terminal queries of fish, and the answers.
_ANSWERS = {b"\x1b[c": b"\x1b[?62;c", b"\x1b[0c": b"\x1b[?62;c", b"\x1b[6n": b"\x1b[1;1R"}


class _Terminal:
    def __init__(self, file: int) -> None:
        self._file = file

    def write(self, text: str) -> None:
        os.write(self._file, text.encode())

    def await_line(self, number: int, path: Path) -> None:
        """Wait until a file has that many lines."""
        end = time.monotonic() + TIMEOUT
        while not path.exists() or path.read_text().count("\n") < number:
            assert time.monotonic() < end, f"{path.name} {number}"
            self.read(0.1)

    def read(self, seconds: float) -> None:
        """Read the output of the shell for a while, and answer its terminal queries."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self._file], [], [], 0.05)[0]:
                with suppress(OSError):
                    printed = os.read(self._file, 1 << 16)
                    for question, answer in _ANSWERS.items():
                        os.write(self._file, answer * printed.count(question))


@contextmanager
def _terminal_of(command: list[str], folder: Path) -> Iterator[_Terminal]:
    environ = os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "TERM": "xterm"}
    pid, file = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execvpe(command[0], command, environ)  # noqa: S606  # it replaces the fork
    try:
        yield _Terminal(file)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(file)


@pytest.mark.parametrize("shell", list(_SHELLS))
def test_a_completed_name_is_one_word_and_never_code(shell: str, tmp_path: Path) -> None:
    install(shell, (shell,), (shell,))
    schedules = {f"schedules/{name}.yml": EXTRACT_LOAD for name in _NAMES}
    write(tmp_path, {"dagpress.toml": f'airflow = "{NEWEST}"\n', "bin/dagpress": _RECORDER, **schedules})
    (tmp_path / "bin/dagpress").chmod(0o755)
    command, script = _SHELLS[shell]
    calls, answers = tmp_path / "calls", tmp_path / "answers"
    with _terminal_of(command, tmp_path) as terminal:
        terminal.read(2)
        terminal.write(f"{script}; dagpress ready\r")
        for number, name in enumerate(_NAMES, 1):
            terminal.await_line(number, calls)
            terminal.write(f"dagpress show {name[0]}\t")
            # The first output is the script.
            terminal.await_line(number + 1, answers)
            terminal.read(1)
            terminal.write("\r")
        terminal.await_line(len(_NAMES) + 1, calls)
    assert [json.loads(line) for line in calls.read_text().splitlines()[1:]] == [["show", name] for name in _NAMES]
    assert not (tmp_path / "PWNED").exists()
