"""Escapes what is not plainly printable, as in a string of Python.

The same text gives the same characters on every Python version: by the Unicode 3.2 database, which all of them have.
"""

from __future__ import annotations

import re
import unicodedata

# All but the printable characters of ASCII without the backslash.
_UNCERTAIN = re.compile(r"[^ -\[\]-~]")


def escape(value: str, keep: str = "") -> str:
    """Text that is plainly printable, such as that of a comment, with the characters to keep."""
    if value.isascii() and value.isprintable() and "\\" not in value:
        return value
    return _UNCERTAIN.sub(lambda match: match[0] if match[0] in keep else _escaped(match[0]), value)


def _escaped(character: str) -> str:
    # Letters, marks, numbers, punctuation and symbols; some of 3.2 are invisible since, as the soft hyphen, or wider.
    old, new = unicodedata.ucd_3_2_0, unicodedata
    is_shown = old.category(character)[0] in "LMNPS" and new.category(character)[0] in "LMNPS"
    is_plain = is_shown and old.east_asian_width(character) == new.east_asian_width(character)
    return character if is_plain and character != "\\" else character.encode("unicode_escape").decode("ascii")
