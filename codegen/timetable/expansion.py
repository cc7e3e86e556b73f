"""The values of each field of a cron."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

# Without the days 29 to 31, such a cron always fires. Most crons are plain: a time of day, perhaps on a weekday.
_PLAIN = re.compile(
    r"(\*|[0-5]?[0-9]) (\*|[01]?[0-9]|2[0-3]) (\*|0?[1-9]|1[0-9]|2[0-8]) (\*|0?[1-9]|1[0-2]) (\*|[0-6])"
)

# The result of `croniter.expand`: the values of each field, and the weeks of the month for `#`.
Expanded = tuple[Sequence[Sequence[int | str]], Mapping[str, Collection[int]]]


def is_plain(cron: str) -> bool:
    """Return whether each field of a cron is `*` or a single number; such a cron is valid and fires."""
    return _PLAIN.fullmatch(cron) is not None


# Cached: there are few crons, and they are expanded often. Callers must not modify the result.
@lru_cache(maxsize=4096)
def expand(cron: str) -> Expanded:
    """Return the values of each field of a cron.

    Raises:
        ValueError: croniter cannot read it.
    """
    if match := _PLAIN.fullmatch(cron):
        return [["*"] if field == "*" else [int(field)] for field in match.groups()], {}
    # Imported late: the import takes longer than checking a hundred schedules.
    from croniter import croniter  # noqa: PLC0415

    return croniter.expand(cron)
