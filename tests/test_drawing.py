"""The pictures on the page of a pipeline: the graph of tasks, and the timeline of runs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from examples import fewer
from hypothesis import given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from codegen.drawing import graph, timeline
from codegen.drawing.graph import Node
from codegen.drawing.text import columns_of, shortened
from codegen.timetable.dst import dst_changes
from codegen.web.shell.request_context import Site

DRAWINGS = Path(__file__).parent / "drawings"
_SVG = "{http://www.w3.org/2000/svg}"
_HOSTILE = "</text><script>alert(1)</script>&\u202e"
_UTC = timezone.utc
_BERLIN, _NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def _drawn(template: str, **values: object) -> str:
    return Site.of(Path(), {}).templates.get_template(template).render(**values)


def _task(name: str, *lines: str) -> Node:
    return Node(name, (name, *lines), "task")


def _arrows(count: int) -> st.SearchStrategy[list[tuple[str, str]]]:
    pairs = [(str(left), str(right)) for left, right in combinations(range(count), 2)]
    return st.lists(st.sampled_from(pairs), unique=True, max_size=25) if pairs else st.just([])


GRAPHS = st.integers(0, 14).flatmap(lambda count: st.tuples(st.just(count), _arrows(count)))


@fewer(2)
@given(drawn=GRAPHS)
def test_boxes_do_not_overlap_and_arrows_connect_boxes(drawn: tuple[int, list[tuple[str, str]]]) -> None:
    count, arrows = drawn
    nodes = [_task(str(number), "x" * (number % 5 * 12)) for number in range(count)]
    picture = graph.lay_out(nodes, arrows)
    for one, other in combinations(picture.boxes, 2):
        is_beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert is_beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    by_id = {box.node.id: box for box in picture.boxes}
    for (left, right), path in zip(arrows, picture.paths, strict=True):
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        start, end = by_id[left], by_id[right]
        assert numbers[:2] == pytest.approx([start.x + start.width, start.middle], abs=0.1)
        assert numbers[-2:] == pytest.approx([end.x, end.middle], abs=0.1)
        for box in picture.boxes:
            assert not _crosses(path, box), f"the arrow {left} -> {right} crosses {box.node.id}"
    assert all(box.x > 0 and box.x + box.width < picture.width for box in picture.boxes)
    assert all(box.y > 0 and box.y + box.height < picture.height for box in picture.boxes)


def _crosses(path: str, box: graph.Box) -> bool:
    """Return whether the straight part of an arrow crosses a box."""
    for curve_end_x, row, to in re.findall(r" ([\d.]+) ([\d.]+) H([\d.]+)", path):
        is_in_column = float(curve_end_x) < box.x + box.width and box.x < float(to)
        if is_in_column and box.y < float(row) < box.y + box.height:
            return True
    return False


def test_picture_of_a_graph(file_regression: FileRegressionFixture) -> None:
    """Two schedules start it, and one depends on it."""
    nodes = [
        Node("before a", ("a", "schedule"), "schedule", "/pipelines/a.yml?environment=prod"),
        Node("before b", ("b", "schedule"), "schedule", "/pipelines/b.yml?environment=prod"),
        Node("start", ("any of these", "or @daily"), "start"),
        _task("extract", "tap-gitlab target-postgres", "meltano run, docker", "group load"),
        _task("other", "tap-orders target-postgres --full-refresh --force", "meltano run, bash"),
        _task("clean", "./clean.sh", "command, bash", "", "all_done"),
        Node("behind c", (_HOSTILE, "schedule"), "schedule", "/pipelines/c.yml?environment=prod"),
    ]
    arrows = [("before a", "start"), ("before b", "start"), ("start", "extract"), ("start", "other")]
    arrows += [("extract", "clean"), ("other", "clean"), ("extract", "behind c"), ("clean", "behind c")]
    text = _drawn("graph.svg", graph=graph.lay_out(nodes, arrows), title=_HOSTILE)
    drawing = ET.fromstring(text)  # noqa: S314  # our own
    assert drawing.get("role") == "group"
    assert [link.get("href") for link in drawing.iter(f"{_SVG}a")] == [n.address for n in nodes if n.address]
    assert not list(drawing.iter(f"{_SVG}script"))
    file_regression.check(text, fullpath=DRAWINGS / "graph.svg", encoding="utf-8")


def test_a_graph_without_links_is_an_image() -> None:
    text = _drawn("graph.svg", graph=graph.lay_out([_task("a")], []), title="one")
    assert ET.fromstring(text).get("role") == "img"  # noqa: S314  # our own


def _line(runs: list[datetime], now: datetime, zone: ZoneInfo, viewer: ZoneInfo) -> timeline.TimeLine:
    changes = [change for each in (zone, viewer) for change in dst_changes(each, now, runs[-1])]
    return timeline.lay_out(now, runs, changes, zone, viewer)


def test_picture_of_the_next_runs(file_regression: FileRegressionFixture) -> None:
    """Both timezones have a DST change in these weeks."""
    now = datetime(2026, 3, 6, 12, tzinfo=_UTC)
    runs = [datetime(2026, 3, day, 6, tzinfo=_BERLIN) for day in (7, 8, 9, 10, 11, 12, 13, 14, 21, 30)]
    line = _line(runs, now, _BERLIN, _NEW_YORK)
    file_regression.check(_drawn("timeline.svg", line=line), fullpath=DRAWINGS / "timeline.svg", encoding="utf-8")


def test_the_timeline_is_to_scale_across_a_dst_change() -> None:
    """Three runs at the same local time: one day has 23 hours."""
    now = datetime(2026, 3, 28, 0, tzinfo=_BERLIN)
    places = [run.x for run in _line([now + timedelta(days=n) for n in (0, 1, 2)], now, _BERLIN, _BERLIN).runs]
    first, second = (after - before for before, after in pairwise(places))
    assert second / first == pytest.approx(23 / 24, abs=0.001)


def test_numbers_of_runs_that_would_overlap_are_omitted() -> None:
    now = datetime(2026, 1, 1, tzinfo=_UTC)
    runs = [now + timedelta(minutes=1), now + timedelta(minutes=2), now + timedelta(days=90)]
    assert [run.text for run in _line(runs, now, _BERLIN, _BERLIN).runs] == ["1", "", "3"]


@pytest.mark.parametrize(
    ("span", "reading"),
    [
        (timedelta(minutes=10), "Sun 01:00"),
        (timedelta(hours=9), "Sun 02:00"),
        (timedelta(days=10), "Tue 03 Feb"),
        (timedelta(days=400), "01 Mar 2026"),
        (timedelta(days=20000), "01 Jan 2036"),
    ],
)
def test_the_scale_has_full_hours_days_or_months_in_the_timezone_of_the_schedule(span: timedelta, reading: str) -> None:
    now = datetime(2026, 1, 31, 23, 59, tzinfo=_UTC)
    ticks = _line([now + span], now, _BERLIN, _NEW_YORK).ticks
    assert reading in [tick.own for tick in ticks]
    assert 2 <= len(ticks) <= 9
    assert all(after.x - before.x > 80 for before, after in pairwise(ticks))


@pytest.mark.parametrize(
    ("zone", "year", "expected"),
    [
        (
            "Pacific/Apia",
            2011,
            [
                ("2011-04-02T03:00:00-11:00", -60),
                ("2011-09-24T04:00:00-10:00", 60),
                ("2011-12-31T00:00:00+14:00", 1440),
            ],
        ),
        ("Europe/Berlin", 2026, [("2026-03-29T03:00:00+02:00", 60), ("2026-10-25T02:00:00+01:00", -60)]),
        ("Australia/Lord_Howe", 2026, [("2026-04-05T01:30:00+10:30", -30), ("2026-10-04T02:30:00+11:00", 30)]),
        ("Asia/Kolkata", 2026, []),
    ],
)
def test_dst_changes_of_a_timezone(zone: str, year: int, expected: list[tuple[str, int]]) -> None:
    first, last = datetime(year, 1, 1, tzinfo=_UTC), datetime(year + 1, 1, 1, tzinfo=_UTC)
    found = [(c.time.isoformat(), c.by / timedelta(minutes=1)) for c in dst_changes(ZoneInfo(zone), first, last)]
    assert found == expected


@given(text=st.text(max_size=60), longest=st.integers(4, 20))
def test_a_text_is_shortened_to_fit(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert columns_of(short) <= longest
    assert short.isprintable()
    if text.isascii() and text.isprintable() and len(text) <= longest:
        assert short == " ".join(text.split())
