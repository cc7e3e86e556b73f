"""Commands that a message or a page shows, to be copied into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def shell_command(*words: str, names: Iterable[str] = ()) -> str:
    """A command with words and names that the shell takes as they are, also where a name looks like an option."""
    names = list(names)
    ends_options = ["--"] if any(name.startswith("-") for name in names) else []
    return " ".join(_quoted(word) for word in [*words, *ends_options, *names])


def _quoted(word: str) -> str:
    """A word in quotes where it needs them; hidden characters in the escapes of bash and zsh."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    number = ord(character)
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    # A byte that is not text.
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\U{number:08x}"  # noqa: PLR2004
