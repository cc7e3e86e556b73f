"""Converts durations that divide an hour or a day evenly to crons."""

from __future__ import annotations

from datetime import timedelta

from codegen import rules
from codegen.diagnostics import InvalidError, quoted

_MINUTE, _HOUR, _DAY, _WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_CRONS = {
    **{_MINUTE * step: f"*/{step} * * * *" for step in range(2, 31) if 60 % step == 0},
    **{_HOUR * step: f"0 */{step} * * *" for step in range(2, 13) if 24 % step == 0},
    _MINUTE: "* * * * *",
    _HOUR: "0 * * * *",
    _DAY: "0 0 * * *",
}
# The text of each duration.
_WORDS = {
    **{_MINUTE * step: f"{step}m" for step in range(1, 31)},
    **{_HOUR * step: f"{step}h" for step in range(1, 13)},
    _DAY: "1d",
    _WEEK: "@weekly",
}


def cron_of(duration: timedelta, text: str) -> str:
    """Return the cron for a duration; `text` is its form in the YAML.

    Raises:
        InvalidError: no cron fires at even intervals of this length.
    """
    if duration in _CRONS:
        return _CRONS[duration]
    if duration < _MINUTE:
        message = f"{quoted(text)} is less than a minute, the shortest interval of a cron expression"
    elif duration > _DAY:
        message = f"{quoted(text)} is longer than a day, and a cron expression cannot count across days"
    else:
        cycle = "hour" if duration < _HOUR else "day"
        message = f"{quoted(text)} does not divide the {cycle}, so a cron expression would run at uneven intervals"
    choices = sorted([*_CRONS, _WEEK])
    near = [max((each for each in choices if each < duration), default=None)]
    near += [min((each for each in choices if each >= duration), default=None)]
    if duration == _WEEK:
        del near[0]
    words = " or ".join(f'"{_WORDS[each]}"' for each in near if each)
    # Available in every Airflow version.
    timetable = f"{{uses: DeltaDataIntervalTimetable, with: {{delta: {text}}}}}"
    raise InvalidError(message, f"write {words}, or the timetable `{timetable}`", rules.INVALID_INTERVAL)
