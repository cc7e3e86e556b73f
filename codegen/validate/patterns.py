"""Matches regular expressions of users, which may take forever, in a process with a time limit."""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache

from codegen import process

# Seconds for all patterns of a schedule.
LIMIT = 2
# Prints `+` for a match, else `-`; the alarm kills the process.
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
    """Whether `re.search` finds each pattern in its text, up to the first that takes too long."""
    if all(_is_quick(*pair) for pair in pairs):
        return [bool(re.search(*pair)) for pair in pairs]
    # The outer limit applies only if the process does not start in time.
    done = process.run([sys.executable, "-I", "-S", "-c", _PROGRAM], limit=10 * LIMIT, given=json.dumps(pairs))
    return [answer == "+" for answer in done.stdout]


def _is_quick(pattern: str, text: str) -> bool:
    """Whether a pattern has at most one repetition or alternative: two can take exponential time."""
    return len(text) <= _SHORT and len(_CHOICES.findall(pattern)) <= 1
