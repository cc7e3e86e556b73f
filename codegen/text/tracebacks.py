"""Parses Python tracebacks."""

from __future__ import annotations

import re

_TRACEBACK = "Traceback (most recent call last):\n"
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


def exception_of(traceback: str) -> str:
    """Return the exception with its message, of one or more lines; empty without a traceback."""
    lines = traceback.rpartition(_TRACEBACK)[2].splitlines()
    # The exception follows the indented frames.
    first = next((number for number, line in enumerate(lines) if line and not line[0].isspace()), len(lines))
    return "\n".join(lines[first:]).strip()


def summary_of(traceback: str, log: str) -> str:
    """Return the first line of the exception, and the last line of the program's output."""
    first = exception_of(traceback).partition("\n")[0] or "it fails"
    return first + (f"; its last output: {log.strip().splitlines()[-1]}" if log.strip() else "")


def line_in(traceback: str, file: str) -> int:
    """Return the line of a file's last frame; 0 without one."""
    return int(next((line for path, line in reversed(_FRAME.findall(traceback)) if path == file), 0))
