"""The regular expressions of users, which Python may not finish."""

from __future__ import annotations

import re
from functools import lru_cache

from codegen.isolation import LimitError, isolated

# Of CPU time: Python needs less than a thousandth of it for a pattern that anybody would write.
LIMIT = 0.5
_CHOICES = re.compile(r"[*+?{|]")
_SHORT = 1000


@lru_cache(maxsize=1024)
def matches(pattern: str, text: str) -> bool | None:
    """Whether a pattern is found in a text, as `re.search` finds it; None if that takes more than `LIMIT` seconds."""
    # Without a second choice, none can multiply the time of another.
    if len(text) <= _SHORT and len(_CHOICES.findall(pattern)) <= 1:
        return _finds(pattern, text)
    try:
        return isolated(LIMIT, _finds, pattern, text)
    except LimitError:
        return None


def _finds(pattern: str, text: str) -> bool:
    return bool(re.search(pattern, text))
