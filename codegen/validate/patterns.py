"""The regular expressions of users, which Python may not finish: most are tried in a process that has a limit."""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache

from codegen import process

# In seconds, for all patterns of a schedule.
LIMIT = 2
# `+` for a match, else `-`; what takes longer ends the process.
_PROGRAM = f"""
import json, re, signal, sys
signal.alarm({LIMIT})
for pattern, text in json.load(sys.stdin):
    print("-+"[bool(re.search(pattern, text))], end="", flush=True)
"""
_CHOICES = re.compile(r"[*+?{|]")
_SHORT = 1000


@lru_cache(maxsize=1024)
def matches_of(pairs: tuple[tuple[str, str], ...]) -> list[bool]:
    """Whether each pattern is found in its text, as `re.search` finds it, up to the first that takes too long."""
    if all(_is_quick(*pair) for pair in pairs):
        return [bool(re.search(*pair)) for pair in pairs]
    # Longer than its own limit only where the process does not even start in time.
    done = process.run([sys.executable, "-I", "-S", "-c", _PROGRAM], limit=10 * LIMIT, given=json.dumps(pairs))
    return [answer == "+" for answer in done.stdout]


def _is_quick(pattern: str, text: str) -> bool:
    """Whether there is no second choice: each one can multiply the time of another."""
    return len(text) <= _SHORT and len(_CHOICES.findall(pattern)) <= 1
