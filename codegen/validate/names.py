"""Names: they must be valid in Airflow's ids, and unique."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.diagnostics import Diagnostic, printable, quoted
from codegen.schema.model import LONGEST_TAG, airflow_id
from codegen.schema.task import LONGEST_ID
from codegen.validate.places import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codegen.rules import Rule
    from codegen.schema import Schedule

# `validate_key` in airflow/utils/helpers.py of 2.11.
_KEY = re.compile(r"[\w.-]{1,250}")


def check_names(schedule: Schedule) -> Iterator[Diagnostic]:
    """Names must fit into Airflow's ids and tags."""
    dag_id = schedule.dag_id_or_default
    if len(dag_id) > LONGEST_ID:
        message = f"the DAG id has {len(dag_id)} characters, Airflow allows {LONGEST_ID}"
        yield Diagnostic(rules.LONG_NAME, message, schedule.where("dag_id", "name"), "set a shorter `dag_id`")
    for tag in schedule.all_tags:
        if len(tag) > LONGEST_TAG:
            message = f"the tag {quoted(tag)} has {len(tag)} characters, Airflow allows {LONGEST_TAG}"
            yield Diagnostic(rules.LONG_NAME, message, schedule.where("name", "extractor", "job"), "shorten the name")
    odd = [name for name in (schedule.name, schedule.job or "") if airflow_id(name) != name]
    if odd and not schedule.dag_id:
        message = f"an id cannot contain {quoted(odd[0])} in Airflow: the DAG id becomes {quoted(dag_id)}"
        hint = "rename the schedule, or set `dag_id`"
        yield Diagnostic(rules.RENAMED_ID, message, schedule.where("name"), hint)


def check_pool(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """In some versions the name of a pool must be a key."""
    for pool, place in values_of(schedule, "pool") if facts_of(airflow).pool_is_key else ():
        if not _KEY.fullmatch(pool):
            message = f"{quoted(pool)} is not a valid pool name in Airflow {airflow}"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "letters, digits, `_`, `.` and `-`")


def check_unique(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """No two schedules may have one name, one DAG id or one file."""
    names = _taken_twice(schedules, lambda schedule: schedule.name)
    for first, other in names:
        yield _clash(rules.DUPLICATE_NAME, f"the name {quoted(other.name)}", first, other, "name")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.dag_id_or_default):
        if (first, other) not in names:
            what = f"the DAG id {quoted(other.dag_id_or_default)}"
            yield _clash(rules.DUPLICATE_DAG_ID, what, first, other, "dag_id")
    for first, other in _taken_twice(schedules, lambda schedule: schedule.dag_file):
        if (first, other) not in names:
            yield _clash(rules.DUPLICATE_FILE, "the same DAG file", first, other, "")


def _taken_twice(schedules: list[Schedule], of: Callable[[Schedule], str]) -> list[tuple[Schedule, Schedule]]:
    """Pairs of schedules that have the same, the earlier one first."""
    owners: dict[str, Schedule] = {}
    return [(owners[of(s)], s) for s in schedules if owners.setdefault(of(s), s) is not s]


def _clash(rule: Rule, what: str, first: Schedule, other: Schedule, key: str) -> Diagnostic:
    hint = f"set another `{key}` in one of them" if key else "rename one of them"
    return Diagnostic(rule, f"{printable(first.source)} has {what} too", other.where(key, "name"), hint)
