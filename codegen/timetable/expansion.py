"""The values of each field of a cron."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

# It names no day that a month can lack, so it always fires. Most crons are such a time of a day or a week.
_PLAIN = re.compile(
    r"(\*|[0-5]?[0-9]) (\*|[01]?[0-9]|2[0-3]) (\*|0?[1-9]|1[0-9]|2[0-8]) (\*|0?[1-9]|1[0-2]) (\*|[0-6])"
)

# As croniter gives it: the values of each field, and the weeks of a month with `#`.
Expanded = tuple[Sequence[Sequence[int | str]], Mapping[str, Collection[int]]]


def is_plain(cron: str) -> bool:
    """Whether each field of a cron is `*` or a single number; such a cron is valid, and fires."""
    return _PLAIN.fullmatch(cron) is not None


# Crons are few and expanded often; the results are shared and never written to.
@lru_cache(maxsize=4096)
def expand(cron: str) -> Expanded:
    """The values of each field of a cron.

    Raises:
        ValueError: croniter cannot read it.
    """
    if match := _PLAIN.fullmatch(cron):
        return [["*"] if field == "*" else [int(field)] for field in match.groups()], {}
    # It takes longer to import than to check a hundred schedules.
    from croniter import croniter  # noqa: PLC0415

    return croniter.expand(cron)
