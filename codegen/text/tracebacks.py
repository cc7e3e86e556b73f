"""Reads the tracebacks that Python prints."""

from __future__ import annotations

import re

_TRACEBACK = "Traceback (most recent call last):\n"
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


def exception_of(traceback: str) -> str:
    """The exception with its message, of one line or more; empty without a traceback."""
    lines = traceback.rpartition(_TRACEBACK)[2].splitlines()
    # It follows the indented frames.
    first = next((number for number, line in enumerate(lines) if line and not line[0].isspace()), len(lines))
    return "\n".join(lines[first:]).strip()


def summary_of(traceback: str, log: str) -> str:
    """The first line of the exception, and the last of what the program has written."""
    first = exception_of(traceback).partition("\n")[0] or "it fails"
    return first + (f"; its last output: {log.strip().splitlines()[-1]}" if log.strip() else "")


def line_in(traceback: str, file: str) -> int:
    """The line in the last frame of a file; 0 without a frame."""
    return int(next((line for path, line in reversed(_FRAME.findall(traceback)) if path == file), 0))
