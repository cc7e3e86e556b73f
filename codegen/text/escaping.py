"""Escapes characters that are not safely printable, as in a Python string.

The result is the same on every Python version: it uses the Unicode 3.2 database, which all versions include.
"""

from __future__ import annotations

import re
import unicodedata

# Everything except printable ASCII; the backslash is included.
_UNCERTAIN = re.compile(r"[^ -\[\]-~]")


def escape(value: str, keep: str = "") -> str:
    """Return text with unsafe characters escaped, except the characters to keep."""
    if value.isascii() and value.isprintable() and "\\" not in value:
        return value
    return _UNCERTAIN.sub(lambda match: match[0] if match[0] in keep else _escaped(match[0]), value)


def _escaped(character: str) -> str:
    # Letters, marks, numbers, punctuation and symbols. Some changed after 3.2: the soft hyphen is now invisible.
    old, new = unicodedata.ucd_3_2_0, unicodedata
    is_shown = old.category(character)[0] in "LMNPS" and new.category(character)[0] in "LMNPS"
    is_plain = is_shown and old.east_asian_width(character) == new.east_asian_width(character)
    return character if is_plain and character != "\\" else character.encode("unicode_escape").decode("ascii")
