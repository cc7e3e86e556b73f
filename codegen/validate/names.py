"""Checks names: they must be unique and valid in Airflow IDs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.diagnostics import Diagnostic, printable, quoted
from codegen.schema import Schedule
from codegen.schema.model import MAX_TAG_LENGTH
from codegen.text.ids import MAX_ID_LENGTH, airflow_id
from codegen.validate.places import values_of

# `validate_key` in airflow/utils/helpers.py of 2.11.
_KEY = re.compile(r"[\w.-]{1,250}")
# Unique attributes: the rule, the attribute, and the key that sets it.
_UNIQUE = ((rules.DUPLICATE_NAME, "name", "name"), (rules.DUPLICATE_DAG_ID, "dag_id_or_default", "dag_id"))


def check_names(schedule: Schedule) -> Iterator[Diagnostic]:
    """Check that names fit into Airflow IDs and tags."""
    dag_id = schedule.dag_id_or_default
    if len(dag_id) > MAX_ID_LENGTH:
        message = f"the DAG ID has {len(dag_id)} characters; Airflow allows {MAX_ID_LENGTH}"
        yield Diagnostic(rules.LONG_NAME, message, schedule.where("dag_id", "name"), "set a shorter `dag_id`")
    for tag in schedule.all_tags:
        if len(tag) > MAX_TAG_LENGTH:
            message = f"the tag {quoted(tag)} has {len(tag)} characters; Airflow allows {MAX_TAG_LENGTH}"
            yield Diagnostic(rules.LONG_NAME, message, schedule.where("name", "extractor", "job"), "shorten the name")
    odd = [name for name in (schedule.name, schedule.job or "") if airflow_id(name) != name]
    if odd and not schedule.dag_id:
        message = f"{quoted(odd[0])} is not a valid Airflow ID: the DAG ID becomes {quoted(dag_id)}"
        hint = "rename the schedule, or set `dag_id`"
        yield Diagnostic(rules.RENAMED_ID, message, schedule.where("name"), hint)


def check_pool(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check pool names, which some Airflow versions restrict."""
    for pool, place in values_of(schedule, "pool") if facts_of(airflow).pool_is_key else ():
        if not _KEY.fullmatch(pool):
            message = f"{quoted(pool)} is not a valid pool name in Airflow {airflow}"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "use letters, digits, `_`, `.` and `-`")


def check_unique(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """Check that names and DAG IDs are unique; the loader checks file names."""
    reported: set[tuple[str, str]] = set()
    for rule, attribute, key in _UNIQUE:
        owners: dict[str, Schedule] = {}
        for schedule in schedules:
            value = getattr(schedule, attribute)
            first = owners.setdefault(value, schedule)
            pair = (first.source, schedule.source)
            if first is schedule or pair in reported or _stem(first) == _stem(schedule):
                continue
            reported.add(pair)
            what = f"the {'DAG ID' if key == 'dag_id' else key} {quoted(value)}"
            message = f"{printable(first.source)} also has {what}"
            yield Diagnostic(rule, message, schedule.where(key, "name"), f"set another `{key}` in one of them")


def _stem(schedule: Schedule) -> PurePosixPath:
    return PurePosixPath(schedule.relative).with_suffix("")
