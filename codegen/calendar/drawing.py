"""Draws a week as a heat map: an SVG, or an HTML page with the SVG and the names of the schedules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from textwrap import wrap

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen.calendar.heat import LEVELS, Heat
from codegen.calendar.week import Calendar, Hour
from codegen.diagnostics import printable

_TEMPLATES = Path(__file__).parent / "templates"
# The maximum number of names in a tooltip, and of characters on a line below the picture.
_NAMES = 12
_LINE = 88


def calendar_svg(calendar: Calendar) -> str:
    """Return a self-contained SVG with a light and a dark theme."""
    return _render("calendar.svg", calendar, standalone=True)


def calendar_html(calendar: Calendar) -> str:
    """Return a self-contained HTML page with the picture and tables of the schedules that start in each hour."""
    return _render("calendar.html", calendar, standalone=False)


def heat_css() -> str:
    """Return CSS with the colours of the heat map as variables: `--heat-1` to `--heat-5` and `--on-heat-...`."""
    return (_TEMPLATES / "heat.css").read_text(encoding="utf-8")


def _render(template: str, calendar: Calendar, *, standalone: bool) -> str:
    picture = _Picture(calendar, has_words=standalone)
    values = {"calendar": calendar, "picture": picture, "standalone": standalone, "levels": range(1, LEVELS + 1)}
    return _jinja_environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _jinja_environment() -> Environment:
    """Return the Jinja2 environment, with autoescaping."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["printable"] = printable
    return environment


@dataclass(frozen=True)
class _Label:
    """A text with its position; in the legend, with the CSS class of its box."""

    text: str
    x: int = 0
    y: int = 0
    kind: str = ""


@dataclass(frozen=True)
class _Cell:
    """An hour with its position."""

    words: str
    kind: str
    on: str
    text: str
    x: int
    y: int
    middle: int
    base: int


@dataclass(frozen=True)
class _Picture:
    """The layout, in pixels."""

    calendar: Calendar
    has_words: bool
    left: int = 56
    column: int = 86
    row: int = 24
    cell_width: int = 82
    cell_height: int = 20

    @property
    def top(self) -> int:
        return 82 if self.has_words else 30

    @property
    def heading(self) -> str:
        return f"Runs from {self.calendar.first:%a %Y-%m-%d} to {self.calendar.last:%a %Y-%m-%d} ({self.calendar.zone})"

    @property
    def sentences(self) -> Sequence[str]:
        return self.calendar.sentences

    @property
    def width(self) -> int:
        return self.left + len(self.calendar.days) * self.column + 12

    @property
    def height(self) -> int:
        return self._notes_top + len(self.notes) * 18

    @property
    def _legend_top(self) -> int:
        return self.top + len(self.calendar.days[0]) * self.row + 10

    @property
    def _notes_top(self) -> int:
        return max(key.y for key in self.legend) + 36

    @property
    def days(self) -> Iterator[_Label]:
        for number, (hour, *_) in enumerate(self.calendar.days):
            yield _Label(f"{hour.day:%a %m-%d}", self.left + number * self.column + self.cell_width // 2)

    @property
    def hours(self) -> Iterator[_Label]:
        for hour in self.calendar.days[0]:
            yield _Label(f"{hour.number:02}:00", y=self.top + hour.number * self.row + 15)

    @property
    def cells(self) -> Iterator[_Cell]:
        for number, day in enumerate(self.calendar.days):
            for hour in day:
                level = self._heat.level(hour.runs)
                kind = f"heat-{level} double" if hour.is_double else f"heat-{level}" if hour.minutes else "gap"
                x, y = self.left + number * self.column, self.top + hour.number * self.row
                yield _Cell(_tip(hour), kind, f"on-heat-{level}", _number(hour), x, y, x + self.cell_width // 2, y + 15)

    @cached_property
    def legend(self) -> Sequence[_Label]:
        """The colours, and in a second row the marks that occur in this week."""
        colours = [(step.words, f"heat-{step.level}") for step in self._heat.steps] or [("no runs", "heat-0")]
        marks = [("* occurs twice", "heat-0 double")] if any(hour.is_double for hour in self.calendar.hours) else []
        marks += [("does not exist", "gap")] if any(not hour.minutes for hour in self.calendar.hours) else []
        rows = [self._in_a_row(keys, self._legend_top + number * 22) for number, keys in enumerate((colours, marks))]
        return list(chain.from_iterable(rows))

    def _in_a_row(self, keys: Sequence[tuple[str, str]], y: int) -> Iterator[_Label]:
        x = self.left
        for text, kind in keys:
            yield _Label(text, x, y, kind)
            x += 44 + 7 * len(text)

    @cached_property
    def notes(self) -> Sequence[_Label]:
        lines = [line for sentence in self.sentences[1:] if self.has_words for line in wrap(sentence, _LINE)]
        return [_Label(line, y=self._notes_top + number * 18) for number, line in enumerate(lines)]

    @cached_property
    def _heat(self) -> Heat:
        return Heat(hour.runs for hour in self.calendar.hours)


def _number(hour: Hour) -> str:
    return (f"{hour.runs:,}" if hour.runs else "") + ("*" if hour.is_double else "")


def _tip(hour: Hour) -> str:
    names = [printable(schedule.name) for schedule, _ in hour.starts[:_NAMES]]
    more = len(hour.starts) - len(names)
    names += [f"and {more} more"] if more else []
    runs = f"{hour.runs:,} run{'' if hour.runs == 1 else 's'}" if hour.runs else "no runs"
    return f"{hour.words}{f', which {hour.note}' if hour.note else ''}: {runs}" + (
        f": {', '.join(names)}" if names else ""
    )
