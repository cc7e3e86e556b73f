"""Matches regular expressions from users with a time limit."""

from __future__ import annotations

import re
from functools import lru_cache

from codegen.isolation import LimitError, isolated

# CPU seconds; ordinary patterns need less than a thousandth of this.
LIMIT = 0.5
_CHOICES = re.compile(r"[*+?{|]")
_SHORT = 1000


@lru_cache(maxsize=1024)
def matches(pattern: str, text: str) -> bool | None:
    """Return whether `re.search` finds a pattern in a text, or None if that takes more than `LIMIT` seconds."""
    # Backtracking is only exponential with two or more quantifiers or alternatives.
    if len(text) <= _SHORT and len(_CHOICES.findall(pattern)) <= 1:
        return _finds(pattern, text)
    try:
        return isolated(LIMIT, _finds, pattern, text)
    except LimitError:
        return None


def _finds(pattern: str, text: str) -> bool:
    return bool(re.search(pattern, text))
