"""Expresses a schedule as an item of Meltano's `schedules`, and reports what Meltano cannot express."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.keys.table import keys_of
from codegen.meltano.listing import meltano_env, meltano_interval
from codegen.migrate.items import KEYS
from codegen.schema.model import DAG_ID_PREFIX, Schedule
from codegen.text.ids import airflow_id

_STAYS = "it stays only in the schedule's file"
_STARTS_FROM_SCRATCH = "in Meltano, it is the schedule's name: copy the state with `meltano state copy`"


def item_of(schedule: Schedule) -> dict[str, Any]:
    """Return the item, its keys in Meltano's order."""
    data: dict[str, Any] = {"name": schedule.name}
    if schedule.extractor:
        data |= {"extractor": schedule.extractor, "loader": schedule.loader}
        data["transform"] = schedule.transform or "skip"
    else:
        data["job"] = schedule.job or schedule.name
    data["interval"] = meltano_interval(schedule)
    if "start_date" in schedule.at:
        data["start_date"] = in_utc(schedule.start_date, ZoneInfo(schedule.timezone))
    if env := meltano_env(schedule):
        data["env"] = env
    return data


def in_utc(time: datetime, zone: ZoneInfo) -> date:
    """Return a start date in Meltano's form: in UTC without an offset; midnight as a date."""
    aware = time if time.tzinfo else time.replace(tzinfo=zone)
    naive = aware.astimezone(timezone.utc).replace(tzinfo=None)
    return naive.date() if naive.time() == naive.min.time() else naive


def losses(schedule: Schedule) -> Iterator[Diagnostic]:
    """Yield the warnings about what the item lacks of the schedule, or has in another form."""
    for key, place in _keys_without_meltano(schedule):
        message = f"Meltano has no equivalent of {key} in {quoted(schedule.name)}"
        yield Diagnostic(
            rules.NOT_EXPORTED, message, place, _STARTS_FROM_SCRATCH if key == quoted("state_id") else _STAYS
        )
    yield from _other_dag_ids(schedule)
    yield from _other_interval(schedule)
    for name in schedule.env.keys() - meltano_env(schedule).keys():
        message = f"Meltano does not support templates, and {quoted(name)} in {quoted(schedule.name)} has one"
        yield Diagnostic(rules.NOT_EXPORTED, message, schedule.where("env"), "it is not exported")


def lost_comment(schedule: Schedule, text: str, line: int, column: int) -> Diagnostic:
    """Return the warning that a comment of the schedule's file is not exported."""
    message = f"the comment {quoted(text)} is not exported"
    return Diagnostic(rules.NOT_EXPORTED, message, Location(schedule.source, line, column), _STAYS)


def _default_dag_id(schedule: Schedule) -> str:
    return replace(schedule, dag_id_prefix=DAG_ID_PREFIX).default_dag_id


def _keys_without_meltano(schedule: Schedule) -> Iterator[tuple[str, Location]]:
    """Yield the keys that Meltano does not have, quoted, and their locations."""
    same_in_meltano = {"state_id": schedule.name, "dag_id": airflow_id(_default_dag_id(schedule))}
    rows = keys_of(Schedule)
    others = {**schedule.settings, **schedule.arguments}
    for name in {**rows, **others}:
        value = getattr(schedule, name) if name in rows else others[name]
        default = same_in_meltano.get(name, rows[name].default if name in rows else None)
        if name not in {*KEYS, "tasks"} and name in schedule.at and value not in (None, default):
            yield quoted(name), schedule.where(name)
    for task in schedule.tasks or ():
        for name, place in task.at.items():
            if name not in {"", "run"} and "." not in name:
                yield f"{quoted(name)} of a task", place


def _other_dag_ids(schedule: Schedule) -> Iterator[Diagnostic]:
    if schedule.dag_id:
        return
    if schedule.default_dag_id != _default_dag_id(schedule):
        message = f"its DAG ID in Meltano is not {quoted(schedule.dag_id_or_default)}"
        hint = f"Meltano's DAG IDs begin with `{DAG_ID_PREFIX}`"
        yield Diagnostic(rules.DIFFERS_IN_MELTANO, message, Location(schedule.source), hint)
    if schedule.tasks:
        message = f"as a Meltano job, its DAG ID is not {quoted(schedule.dag_id_or_default)}"
        hint = "its run history in Airflow starts from scratch there"
        yield Diagnostic(rules.DIFFERS_IN_MELTANO, message, schedule.where("tasks"), hint)


def _other_interval(schedule: Schedule) -> Iterator[Diagnostic]:
    text, interval = schedule.interval_text, meltano_interval(schedule)
    if not text:
        name, hint = quoted(schedule.name), "in Meltano, it only runs manually"
        message = f"Meltano cannot start {name} after another schedule: its interval becomes {quoted(interval)}"
        yield Diagnostic(rules.DIFFERS_IN_MELTANO, message, schedule.where("after"), hint)
    elif text != interval:
        message = f"Meltano does not support {quoted(text)}: the interval becomes {quoted(interval)}"
        effect = "in Meltano, it only runs manually" if schedule.clock.timetable else "it runs at the same times"
        yield Diagnostic(rules.DIFFERS_IN_MELTANO, message, schedule.where("interval"), effect)
