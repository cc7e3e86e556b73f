"""Shell-quoted commands for messages and pages, ready to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def shell_command(*words: str, names: Iterable[str] = ()) -> str:
    """Return a quoted command, with `--` before the names if one looks like an option."""
    names = list(names)
    ends_options = ["--"] if any(name.startswith("-") for name in names) else []
    return " ".join(_quoted(word) for word in [*words, *ends_options, *names])


def _quoted(word: str) -> str:
    """Quote a word if necessary; invisible characters become escapes of bash and zsh."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    number = ord(character)
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    # Surrogates are bytes of a file name that is not UTF-8.
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\U{number:08x}"  # noqa: PLR2004
