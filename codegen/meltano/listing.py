"""Lists schedules as `meltano schedule list` does (meltano/cli/schedule.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from codegen.meltano.project import Job
from codegen.schema import Schedule
from codegen.text.jinja import known_text
from codegen.timetable.interval import ALIASES, parse_interval

# Meltano's aliases, with the crons of Dagpress, except `@quarterly` (meltano/core/schedule.py, `CRON_INTERVALS`).
_CRON_INTERVALS = {alias: parse_interval(alias, "").cron for alias in ALIASES if alias != "@quarterly"}
_ARROWS = {"run": ("→", "→"), "only": ("×", "→"), "skip": ("→", "x")}  # noqa: RUF001  # Meltano's characters


def meltano_interval(schedule: Schedule) -> str:
    """Return the interval in Meltano: an alias, a cron, or `@manual` without either."""
    if schedule.clock.timetable:
        return "@manual"
    text = schedule.interval_text or "@manual"
    return text if text in _CRON_INTERVALS else schedule.clock.cron or text


def meltano_env(schedule: Schedule) -> dict[str, str]:
    """Return the variables of the task, without values that only Airflow knows."""
    known = {name: known_text(value) for name, value in schedule.env.items() if value is not None}
    return {name: value for name, value in known.items() if value is not None}


def as_json(
    schedules: Iterable[Schedule], jobs: Mapping[str, Job], last_runs: Mapping[str, str]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return the data of `meltano schedule list --format=json` for schedules without errors.

    Args:
        schedules: the schedules.
        jobs: the jobs of the Meltano project, by name.
        last_runs: the end of the last successful run of each state ID, in ISO 8601.
    """
    listed: dict[str, list[dict[str, Any]]] = {"job": [], "elt": []}
    for schedule in schedules:
        if schedule.extractor:
            listed["elt"].append(_extract_load(schedule, last_runs))
        else:
            listed["job"].append(_job(schedule, jobs))
    return {"schedules": listed}


def as_text(schedule: Schedule, jobs: Mapping[str, Job]) -> str:
    """Return the line of `meltano schedule list` for a schedule."""
    interval = f"[{meltano_interval(schedule)}]"
    if schedule.extractor:
        left, right = _ARROWS[schedule.transform or "skip"]
        return f"{interval} elt {schedule.name}: {schedule.extractor} {left} {schedule.loader} {right} transforms"
    name, tasks = _job_and_tasks(schedule, jobs)
    return f"{interval} job {schedule.name}: {name} → {tasks}"


def _extract_load(schedule: Schedule, last_runs: Mapping[str, str]) -> dict[str, Any]:
    state_id = schedule.full_state_id
    transform = schedule.transform or "skip"
    return {
        "name": schedule.name,
        "extractor": schedule.extractor,
        "loader": schedule.loader,
        "transform": transform,
        "interval": meltano_interval(schedule),
        "env": meltano_env(schedule),
        "cron_interval": _cron_interval(schedule),
        "last_successful_run_ended_at": last_runs.get(state_id),
        "elt_args": [schedule.extractor, schedule.loader, f"--transform={transform}", f"--state-id={state_id}"],
    }


def _job(schedule: Schedule, jobs: Mapping[str, Job]) -> dict[str, Any]:
    name, tasks = _job_and_tasks(schedule, jobs)
    return {
        "name": schedule.name,
        "interval": meltano_interval(schedule),
        "cron_interval": _cron_interval(schedule),
        "env": meltano_env(schedule),
        "job": {"name": name, "tasks": tasks},
    }


def _job_and_tasks(schedule: Schedule, jobs: Mapping[str, Job]) -> tuple[str, str | list[str | list[str]]]:
    """Return the job and its tasks; a schedule with tasks becomes a job with those that are a `meltano run`."""
    if schedule.job:
        return schedule.job, jobs[schedule.job].as_written
    return schedule.name, [task.run for task in schedule.tasks or () if task.run]


def _cron_interval(schedule: Schedule) -> str | None:
    interval = meltano_interval(schedule)
    return _CRON_INTERVALS.get(interval, interval)
