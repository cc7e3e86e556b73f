"""A week of all schedules as text, for the width of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

from codegen.calendar.heat import Heat
from codegen.calendar.week import Calendar, Hour

# Adds the colour or shade of a heat level to a cell, which starts with a space.
Paint = Callable[[str, int], str]

_LABEL = 6
_SHADES = " ·░▒▓█"
_NONE, _GAP, _DOUBLE = ".", "-", "*"


def plain(cell: str, _level: int) -> str:
    """Return the number without shade or colour."""
    return cell


def shaded(cell: str, level: int) -> str:
    """Return the number after a shade, for a terminal without colours."""
    return _SHADES[level] + cell[1:]


def can_be_shaded(encoding: str) -> bool:
    """Return whether an encoding has the shade characters."""
    try:
        _SHADES.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def calendar_text(calendar: Calendar, width: int, paint: Paint = plain) -> str:
    """Return the number of runs in each hour, with a row per day if the width suffices, else per hour."""
    has_doubles = any(hour.is_double for hour in calendar.hours)
    texts = {hour.key: _cell(hour, has_doubles=has_doubles) for hour in calendar.hours}
    room = 1 + max(len("23"), *map(len, texts.values()))
    heat = Heat(hour.runs for hour in calendar.hours)

    def painted(hour: Hour, size: int) -> str:
        return paint(texts[hour.key].rjust(size), heat.level(hour.runs))

    is_wide = _LABEL + 24 * room <= width
    lines = _days_down(calendar, painted, room) if is_wide else _hours_down(calendar, painted, max(room, _LABEL + 1))
    heading = f"{calendar.first:%a %Y-%m-%d} to {calendar.last:%a %Y-%m-%d} ({calendar.zone})"
    below = [
        line
        for text in (*calendar.sentences, *_marks(calendar))
        for line in wrap(text, width, break_long_words=False, break_on_hyphens=False)
    ]
    return "\n".join([*(line.rstrip() for line in (heading, *lines)), *below, ""])


def _days_down(calendar: Calendar, painted: Callable[[Hour, int], str], room: int) -> Iterator[str]:
    yield " " * _LABEL + "".join(f"{hour.number:02}".rjust(room) for hour in calendar.days[0])
    for day in calendar.days:
        yield f"{day[0].day:%a %d}" + "".join(painted(hour, room) for hour in day)


def _hours_down(calendar: Calendar, painted: Callable[[Hour, int], str], room: int) -> Iterator[str]:
    yield " " * _LABEL + "".join(f"{day[0].day:%a %d}".rjust(room) for day in calendar.days)
    for hours in zip(*calendar.days, strict=True):
        yield f"{hours[0].number:02}:00".ljust(_LABEL) + "".join(painted(hour, room) for hour in hours)


def _cell(hour: Hour, *, has_doubles: bool) -> str:
    """Return the number, with space for the mark if any hour has it, so all numbers are aligned."""
    text = str(hour.runs or _NONE) if hour.minutes else _GAP
    mark = _DOUBLE if hour.is_double else " "
    return text + mark if has_doubles else text


def _marks(calendar: Calendar) -> Sequence[str]:
    gaps = [f"`{_GAP}`: the hour does not exist."] if any(not hour.minutes for hour in calendar.hours) else []
    return [*gaps, f"`{_DOUBLE}`: the hour occurs twice."] if any(hour.is_double for hour in calendar.hours) else gaps
