"""What `dagpress next` says is what Airflow's own timetable says, over every change of the clock."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from project_builder import dagpress, write

if TYPE_CHECKING:
    from harness import Airflow

pytestmark = pytest.mark.slow
_ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kolkata",
    "Africa/Cairo",
]
_MINUTES = st.sampled_from(["0", "30", "*/20", "15,45", "7"])
_HOURS = st.sampled_from(["*", "0", "1", "2", "3", "*/2", "1-3", "23", "22-2"])
_DAYS = st.sampled_from(["* * *", "* * sun", "L * *", "1 * *", "* * fri#2", "* mar,oct *", "28-31 * mon", "* * 6-1"])
_CRONS = st.builds(lambda minute, hour, days: f"{minute} {hour} {days}", _MINUTES, _HOURS, _DAYS)
# Days around the changes of the clock of those zones, and others.
_DATES = st.sampled_from(
    [
        (2026, 3, 7),
        (2026, 3, 28),
        (2026, 4, 4),
        (2026, 4, 23),
        (2026, 10, 3),
        (2026, 10, 24),
        (2026, 10, 29),
        (2026, 10, 31),
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_CRONS, st.sampled_from(_ZONES), _DATES, st.integers(0, 48))
@example("30 2 * * *", "Europe/Berlin", (2026, 3, 28), 12)
@example("30 2 * * *", "Europe/Berlin", (2026, 10, 24), 12)
@example("30 * * * *", "Australia/Lord_Howe", (2026, 4, 4), 12)
def test_next_is_what_the_timetable_gives(
    airflow: Airflow, cron: str, zone: str, date: tuple[int, int, int], hours: int
) -> None:
    """Six runs from a moment near a change of the clock."""
    after = datetime(*date, hour=hours % 24, minute=hours % 2 * 29, tzinfo=timezone.utc).isoformat()
    with TemporaryDirectory() as folder:
        schedule = f'extractor: a\nloader: b\ninterval: "{cron}"\ntimezone: {zone}\n'
        config = f'airflow = "{airflow.version}"\n'
        root = write(Path(folder), {"schedules/a.yml": schedule, "dagpress.toml": config})
        assert dagpress(root, "generate")[0] == 0
        out = dagpress(root, "next", "a", "-n", "6", "--after", after, "--format", "json")[1]
        ours = [datetime.fromisoformat(moment).astimezone(timezone.utc).isoformat() for moment in json.loads(out)]
        assert ours == airflow.worker.next_runs(root / "generated_dags/a.py", "meltano_a", after, 6)


@pytest.mark.parametrize("dates", [("2030-01-01", "2030-01-03"), ("2030-01-01T06:00:00", "2030-01-04T05:59:59")])
@pytest.mark.parametrize("interval", ["@daily", "0 6 * * *", "0 */12 * * *", "H H * * 1-5"])
def test_next_begins_and_ends_as_the_scheduler_does(
    airflow: Airflow, interval: str, dates: tuple[str, str], tmp_path: Path
) -> None:
    """On Airflow 2 a run starts when its data interval is over, so the first and the last are an interval later."""
    schedule = f'extractor: a\nloader: b\ninterval: "{interval}"\nstart_date: {dates[0]}\nend_date: {dates[1]}\n'
    write(tmp_path, {"schedules/a.yml": schedule, "dagpress.toml": f'airflow = "{airflow.version}"\n'})
    assert dagpress(tmp_path, "generate")[0] == 0
    out = dagpress(tmp_path, "next", "a", "-n", "50", "--after", "2029-01-01", "--format", "json")[1]
    ours = json.loads(out)
    assert ours == airflow.worker.all_runs(tmp_path / "generated_dags/a.py", "meltano_a")
    assert ours
