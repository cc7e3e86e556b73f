"""Hides what looks like a secret in a text that people look at: a page is on a screen that is shared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from codegen.secrets.detection import holds_secret, is_secret

HIDDEN = "(hidden: it looks like a secret)"
# A name begins with no dash: else, the time for a line of dashes would grow with the square of its length.
_NAME_AND_VALUE = re.compile(r"""^([-+ ]?[\s-]*["']?([\w.][\w.-]*)["']?\s*:\s+)(\S.*)$""")
_INDENT = re.compile(r"^([-+ ]?\s*).*", re.DOTALL)


def without_secrets(value: Any, names: Iterable[str] = ()) -> Any:  # noqa: ANN401  # as JSON has it
    """A value of a schedule, with each text hidden that looks like a secret, given the keys above the value."""
    if isinstance(value, dict):
        return {name: without_secrets(item, (*names, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item, names) for item in value]
    if isinstance(value, str) and any(is_secret(name, value) for name in (*names, "")):
        return HIDDEN
    return value


def lines_without_secrets(text: str, known: Iterable[tuple[int, int]] = ()) -> str:
    """The lines of a file or a patch, with the rest of each hidden in which something looks like a secret.

    Secrets are known to begin at some lines and columns, both counted from 1.
    """
    columns = dict(sorted(known, reverse=True))
    lines = []
    inside: int | None = None
    for number, line in enumerate(text.split("\n"), 1):
        indent = len(line) - len(line.lstrip())
        if inside is not None and line.strip() and indent <= inside:
            inside = None
        if number in columns:
            lines.append(line[: columns[number] - 1] + HIDDEN)
            # A value of several lines goes on in those that stand further to the right.
            inside = indent
        elif inside is not None and line.strip():
            lines.append(line[:indent] + HIDDEN)
        else:
            lines.append(_without_secret(line))
    return "\n".join(lines)


def _without_secret(line: str) -> str:
    match = _NAME_AND_VALUE.match(line)
    if match and is_secret(match[2], match[3].strip("\"'")):
        return match[1] + HIDDEN
    return _INDENT.sub(rf"\1{HIDDEN}", line) if holds_secret(line) else line
