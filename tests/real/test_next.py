"""`dagpress next` prints the runs of Airflow's own timetable, also at DST changes."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from itertools import islice, product
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from harness import Airflow
from project_builder import dagpress, project_of, write

from codegen import pipeline
from codegen.schema import Schedule
from codegen.timetable.dst import dst_changes

pytestmark = pytest.mark.slow
_HOW_MANY = 400
_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata"]
_ZONES += ["Africa/Cairo", "Asia/Beirut", "America/Santiago", "Africa/Casablanca", "America/Havana", "Atlantic/Azores"]
_ZONES += ["America/Asuncion", "Europe/Dublin", "Pacific/Chatham", "Pacific/Easter", "Antarctica/Troll"]
_MINUTES = ["0", "30", "15,45", "7", "H"]
_MANY_MINUTES = ["*", "*/20", "*/7", "5-10", "H/15"]
_HOURS = ["*", "0", "1", "2", "3", "*/2", "1-3", "23", "22-2", "H", "0-23", "H(1-4)"]
_DAYS = ["* * *", "* * sun", "L * *", "1 * *", "* * fri#2", "* mar,oct *", "28-31 * mon", "* * 6-1", "H * *", "* * H"]
_DAYS += ["*/2 * *", "* * mon-fri", "* * 1-6", "1 1,7 *", "* apr-nov/2 sun,sat"]
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2026, 2030))
# In minutes, from a DST change.
_NEAR = [0, 1, -1, 5, 10, 29, 31, 59, 60, 61, 90, 120, 180, 720, 1440, 5000]
_DATA_INTERVALS = ["", "data_interval: true\n", "data_interval: false\n"]


def _question(random: Random) -> tuple[str, str]:
    """Generate a schedule with an end, and a time; the test compares the runs after it."""
    is_often = random.random() < 0.3
    cron = " ".join(random.choice(parts) for parts in (_MANY_MINUTES if is_often else _MINUTES, _HOURS, _DAYS))
    zone = random.choice(_ZONES)
    changes = dst_changes(ZoneInfo(zone), _FIRST, _LAST)
    change = random.choice(changes).time.astimezone(timezone.utc) if changes else _FIRST
    after = change + timedelta(minutes=random.choice(_NEAR) * random.choice([1, -1]), seconds=random.choice([0, 0, 1]))
    start = after - timedelta(hours=random.choice([0, 1, 5, 30] if is_often else [0, 1, 30, 100, 1000]))
    schedule = f'extractor: a\nloader: b\ninterval: "{cron}"\ntimezone: {zone}\ncatchup: true\n'
    return f"{schedule}start_date: {start.isoformat()}\n{random.choice(_DATA_INTERVALS)}", after.isoformat()


def test_next_prints_the_runs_of_the_timetable(airflow: Airflow, tmp_path: Path) -> None:
    """Hundreds of schedules, with six runs of each from a time near a DST change."""
    random = Random(0 if os.environ.get("CI") else None)  # noqa: S311  # not used for secrets
    questions = {f"s{number}": _question(random) for number in range(_HOW_MANY)}
    schedules = {f"schedules/{name}.yml": schedule for name, (schedule, _) in questions.items()}
    write(tmp_path, {**schedules, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    for diagnostic in pipeline.read(project_of(tmp_path)).diagnostics:
        if diagnostic.code == "ambiguous-date":
            file = tmp_path / diagnostic.location.path
            file.unlink()
            del questions[file.stem]
    every = _generated_in_one(tmp_path)
    theirs = airflow.worker.first_runs(every, {f"meltano_{name}": (after, 6) for name, (_, after) in questions.items()})

    schedules_read = {schedule.name: schedule for schedule in pipeline.read(project_of(tmp_path)).schedules}
    name, (_, after) = next(iter(questions.items()))
    printed = json.loads(dagpress(tmp_path, "next", name, "-n", "6", "--after", after, "--format", "json")[1])
    assert [datetime.fromisoformat(run) for run in printed] == [
        datetime.fromisoformat(run) for run in _runs(schedules_read[name], after, airflow.version)
    ]
    ours = {name: _runs(schedules_read[name], after, airflow.version) for name, (_, after) in questions.items()}
    assert len(ours) > _HOW_MANY * 0.9
    different = [
        (questions[name], runs, theirs[f"meltano_{name}"])
        for name, runs in ours.items()
        if runs != [run for run, *_ in theirs[f"meltano_{name}"]]
    ]
    assert different == []


def _generated_in_one(project: Path) -> Path:
    """Return the DAGs of a project in one file, which loads faster."""
    assert dagpress(project, "generate")[0] in {0, 1}
    every = project / "every.py"
    every.write_text("\n".join(path.read_text() for path in sorted(project.glob("generated_dags/*.py"))))
    return every


def _runs(schedule: Schedule, after: str, version: str) -> list[str]:
    """Return what `dagpress next` prints, without reading the project for each schedule."""
    runs = islice(schedule.timetable(version).next_runs(datetime.fromisoformat(after)), 6)
    return [run.astimezone(timezone.utc).isoformat() for run in runs]


_INTERVALS = ["@daily", "0 6 * * *", "0 */12 * * *", "H H * * 1-5"]
_BOUNDS = [("2030-01-01", "2030-01-03"), ("2030-01-01T06:00:00", "2030-01-04T05:59:59")]


def test_next_starts_and_ends_as_the_scheduler_does(airflow: Airflow, tmp_path: Path) -> None:
    """With data intervals, a run starts at the end of its interval, so the first and last are one interval later."""
    schedules = {
        f"s{number}": f'extractor: a\nloader: b\ninterval: "{interval}"\nstart_date: {start}\nend_date: {end}\n{kind}'
        for number, (interval, (start, end), kind) in enumerate(product(_INTERVALS, _BOUNDS, _DATA_INTERVALS))
    }
    files = {f"schedules/{name}.yml": schedule for name, schedule in schedules.items()}
    write(tmp_path, {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    every = _generated_in_one(tmp_path)
    asked = ("-n", "50", "--after", "2029-01-01", "--format", "json")
    ours = {name: json.loads(dagpress(tmp_path, "next", name, *asked)[1]) for name in schedules}
    wanted = {f"meltano_{name}": ("2029-01-01T00:00:00Z", 50) for name in schedules}
    theirs = airflow.worker.first_runs(every, wanted)
    assert ours == {name: [run for run, *_ in theirs[f"meltano_{name}"]] for name in schedules}
    assert all(ours.values())


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("*/10 * * * mon-fri", "Europe/Berlin"),
        ("0 * 1 * *", "Europe/Berlin"),
        ("0 * * * 1-6", "America/New_York"),
        ("0 * * * 1-6", "America/St_Johns"),
        ("0 * * * sun", "Australia/Lord_Howe"),
        ("0 * * * *", "Australia/Lord_Howe"),
    ],
)
def test_a_catchup_stalls_where_validate_reports_it(airflow: Airflow, cron: str, zone: str, tmp_path: Path) -> None:
    """The reported run is the last one that the scheduler finds."""
    schedule = f'extractor: a\nloader: b\ninterval: "{cron}"\ntimezone: {zone}\ndata_interval: true\n'
    start = "2027-03-01" if zone.startswith("Australia") else "2026-10-01"
    files = {"schedules/a.yml": f"{schedule}start_date: {start}\ncatchup: true\n"}
    write(tmp_path, {**files, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    _, _, err = dagpress(tmp_path, "generate")
    file = tmp_path / "generated_dags/a.py"
    runs = airflow.worker.first_runs(file, {"meltano_a": ("2026-10-20T00:00:00Z", 6000)})["meltano_a"]
    assert 0 < len(runs) < 6000
    last = datetime.fromisoformat(runs[-1][0]).astimezone(ZoneInfo(zone))
    assert f"it would stop at {last:%Y-%m-%d %H:%M}" in err
