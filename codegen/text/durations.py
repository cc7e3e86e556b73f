"""Parses durations: a number with a unit, or an ISO 8601 duration of fixed length."""

from __future__ import annotations

import re
from datetime import timedelta

from codegen.diagnostics import InvalidError, quoted

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WITH_UNIT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([smhdw])")
_ISO_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,9})W)?(?:(?P<days>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


def duration_of(text: str) -> timedelta | None:
    """Return a duration such as `5m` or `PT5M`, or None if the text is not a duration.

    Raises:
        InvalidError: the duration is too long.
    """
    if match := _WITH_UNIT.fullmatch(text):
        amounts = {_UNITS[match[2]]: match[1]}
    elif match := _ISO_DURATION.fullmatch(text):
        amounts = {unit: amount for unit, amount in match.groupdict().items() if amount}
    else:
        return None
    try:
        return timedelta(**{unit: float(amount) for unit, amount in amounts.items()}) if amounts else None
    except OverflowError as error:
        raise InvalidError(f"{quoted(text)} is too long for Python") from error
