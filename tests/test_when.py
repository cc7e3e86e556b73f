"""The picker of times: it shows the interval of the text, and changes only edited values."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import Pages, form_of, text_of
from project_builder import EXTRACT_LOAD, write
from test_recurrence import INTERVALS, RECURRENCES
from versions import NEWEST

from codegen.source.nodes import Scalar
from codegen.timetable.recurrence import Recurrence, interval_of, recurrence_of
from codegen.web.editing.changes import edited
from codegen.web.editing.reading import read_own
from codegen.web.editing.when import PREFIX, Choices, choices_of, with_choices

_BASE = "# at night\nextractor: tap-a  # ours\nloader: target-b\n"


def _form(choices: Choices, was: str, *, is_after: bool = False) -> dict[str, str]:
    """Return the fields that a browser sends for changed choices of an interval."""
    names = ("starts", "every", "past", "days", "day", "months", "time", "cron")
    fields = {PREFIX + name: getattr(choices, name) for name in names}
    fields |= {f"{PREFIX}weekday:{day}": "on" for day in choices.weekdays}
    fields |= {f"{PREFIX}hour:{hour}": "on" for hour in choices.more}
    return {**fields, "was:interval": was, f"{PREFIX}was": was, f"{PREFIX}after": "yes" if is_after else ""}


@given(st.lists(INTERVALS, min_size=20, max_size=20), st.booleans())
def test_an_unedited_interval_is_not_written(intervals: list[str], is_after: bool) -> None:  # noqa: FBT001  # Hypothesis passes it by position
    for interval in intervals:
        sent = _form(choices_of(interval, is_after=is_after), interval, is_after=is_after)
        assert with_choices(sent) == (sent, {})


@given(RECURRENCES, INTERVALS)
def test_the_choices_are_written(recurrence: Recurrence, was: str) -> None:
    chosen = choices_of(interval_of(recurrence), is_after=False)
    assert chosen.recurrence == recurrence
    fields, problems = with_choices(_form(chosen, was))
    assert not problems
    written = fields.get("line:interval", was)
    assert recurrence_of(written) == recurrence
    assert written == was or recurrence_of(was) != recurrence


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("interval: '@daily'  # x\n", {"time": "6:30", "days": "weekdays"}, "interval: '30 6 * * 1-5'  # x\n"),
        ("interval: 0 6 * * 1-5\n", {"days": "every", "hour:18": "on"}, "interval: 0 6,18 * * *\n"),
        ("interval: H 6 * * *\n", {"starts": "often", "every": "6h"}, "interval: 6h\n"),
        ("interval: 0  6  * * MON-FRI\n", {"days": "chosen"}, "interval: 0  6  * * MON-FRI\n"),
        ("interval: 0 6 * * *\n", {"days": "month", "day": "L", "months": "*/3"}, "interval: 0 6 L */3 *\n"),
        ("interval: 0 6 * * *\n", {"minute": "17"}, "interval: 17 6 * * *\n"),
        ("interval: 0 6 * * *\n", {"starts": "manual"}, 'interval: "@manual"\n'),
        ("interval: 0 6 * * *\nafter: [b]\n", {"starts": "after"}, "after: [b]\n"),
        ("interval: 0 6 * * *\nafter: [b]\n", {"starts": "manual"}, 'interval: "@manual"\n'),
        ("after: [b]\n", {"starts": "times", "time": "0615"}, "after: [b]\ninterval: 15 6 * * *\n"),
        ("interval: 15m\n", {"starts": "cron", "cron": "*/7 * * * *"}, "interval: '*/7 * * * *'\n"),
        ("interval: 0 6 * * *\n", {"time": "25:00"}, "expected a time of day"),
        ("interval: 0 6 * * *\n", {"days": "chosen"}, "no day is selected"),
        ("interval: 0 6 * * *\n", {"starts": "often", "every": "7m"}, "not a valid choice"),
        ("interval: 0 6 * * *\n", {"days": "month", "months": "* * *; rm"}, "not a valid choice"),
    ],
)
def test_only_changed_choices_change_the_text(before: str, changes: dict[str, str], after: str) -> None:
    text = _BASE + before
    own, _ = read_own(text, "")
    assert own
    interval, upstream = (own.get(key) for key in ("interval", "after"))
    was = interval.text if isinstance(interval, Scalar) else ""
    sent = _form(choices_of(was, is_after=bool(upstream)), was, is_after=bool(upstream))
    sent |= {"was:after": "b", "lines:after": "b"} if upstream else {}
    fields, problems = with_choices({**sent, **{PREFIX + name: value for name, value in changes.items()}})
    changed = edited(text, fields, NEWEST).text
    if problems:
        assert after in problems["interval"]
        assert changed == text
    else:
        assert changed.replace('"', "'") == (_BASE + after).replace('"', "'")


def test_the_picker_keeps_invalid_input(tmp_path: Path) -> None:
    pages = Pages(write(tmp_path, {"schedules/a.yml": _BASE + "interval: 0 6 31 * *\n"}))
    page = pages.get("/edit/a.yml")
    assert "months without a day 31: February, April, June, September, November" in text_of(page, "#when-runs")
    page = pages.post("/preview", {**form_of(page), "when:time": "25:00", "when:hour:18": "on"})
    assert "expected a time of day" in text_of(page, "#wrong-interval")
    form = form_of(page)
    assert {"when:time": "25:00", "when:hour:18": ""}.items() <= form.items()
    assert "interval: 0 6,18 31 * *" in form_of(pages.post("/preview", {**form, "when:time": "06:00"}))["text"]


def test_a_busy_hour_is_reported_with_a_quieter_minute(tmp_path: Path) -> None:
    others = {f"schedules/o{n}.yml": EXTRACT_LOAD.replace("@daily", f"{n % 2 * 5} 6 * * *") for n in range(7)}
    text = _BASE + "interval: 0 7 * * *\ntimezone: Europe/Paris\n"
    utc = EXTRACT_LOAD.replace("@daily", "0 6 * * *") + "timezone: Africa/Lagos\n"
    pages = Pages(write(tmp_path, {**others, "schedules/a.yml": text, "schedules/c.yml": utc}))
    page = pages.post("/preview", {**form_of(pages.get("/edit/a.yml")), "when:time": "06:00", "line:timezone": "UTC"})
    output = text_of(page, "#when-runs")
    assert "7 other runs start between 06:00 and 07:00, 4 of them at 06:00" in output
    button = page.select_one("button[name='when:minute']")
    assert button
    assert button["value"] == "10"


def test_a_new_pipeline_has_the_most_common_timezone(tmp_path: Path) -> None:
    zones = ["Europe/Berlin", "Europe/Berlin", "UTC"]
    files = {f"schedules/{n}.yml": f"{EXTRACT_LOAD}timezone: {zone}\n" for n, zone in enumerate(zones)}
    project = write(tmp_path, files)
    assert form_of(Pages(project).get("/new"))["line:timezone"] == Counter(zones).most_common(1)[0][0]
    write(project, {"schedules/_defaults.yml": "timezone: Europe/Berlin\n"})
    page = Pages(project).get("/new")
    assert not form_of(page)["line:timezone"]
    control = page.select_one("#control-timezone")
    assert control
    assert "Europe/Berlin" in str(control["placeholder"])
