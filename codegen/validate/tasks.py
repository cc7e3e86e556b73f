"""Checks tasks: unique IDs of tasks and groups, valid `after`, and no cycles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from codegen import rules
from codegen.airflow_facts import VERSIONS, facts_of
from codegen.diagnostics import Diagnostic, Location, nearest, printable, quoted
from codegen.plan.steps import groups_of, waits_for
from codegen.schema import Schedule, Task
from codegen.schema.task import free_id
from codegen.source.write import to_yaml
from codegen.text.ids import MAX_ID_LENGTH
from codegen.validate.dependencies import cycle_in
from codegen.validate.places import place_of, values_of


def check_tasks(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Check the IDs, trigger rules and dependencies of tasks."""
    yield from _check_ids(schedule)
    yield from _check_trigger_rules(schedule, airflow)
    if not schedule.tasks:
        return
    by_id = {task.task_id: task for task in schedule.tasks}
    groups = groups_of(by_id)
    known = dict.fromkeys((*by_id, *groups))
    for task_id, task in by_id.items():
        yield from _check_group(task_id, groups, place_of(task, schedule, "id"))
        yield from _check_after(task, known, place_of(task, schedule, "after"))
    # A group waits for its tasks, so a task that waits for the group waits for them.
    graph = {
        id_: [name for name in names if name in known and (name != id_ or name in (by_id[id_].after or ()))]
        for id_, names in waits_for(by_id).items()
    }
    if cycle := cycle_in({**groups, **graph}):
        message = f"the tasks wait for each other: {' -> '.join(quoted(name) for name in cycle)}"
        task = next(by_id[name] for name in cycle if name in by_id)
        hint = "remove one `after`" + (" or `$x`" if any(by_id[id_].outputs for id_ in cycle if id_ in by_id) else "")
        yield Diagnostic(rules.CYCLE, message, place_of(task, schedule, "after"), hint)
    elif groups:
        yield from _check_cycle_of_groups(schedule, by_id, graph)


def _check_ids(schedule: Schedule) -> Iterator[Diagnostic]:
    tasks = schedule.tasks or ()
    taken = {name for task in tasks for name in (task.task_id, task.group)}
    seen: set[str] = set()
    for task in tasks:
        place = place_of(task, schedule, "id")
        if task.task_id in seen:
            message = f"two tasks have the ID {quoted(task.task_id)}"
            hint = _with_another_id(task, free_id(task.task_id, taken))
            yield Diagnostic(rules.DUPLICATE_TASK, message, place, hint)
        yield from check_task_id(task.task_id, place)
        seen.add(task.task_id)


def _check_after(task: Task, known: Collection[str], location: Location) -> Iterator[Diagnostic]:
    for name in task.after or ():
        if name not in known:
            hint = nearest(name, known) or f"expected one of {', '.join(known)}"
            yield Diagnostic(rules.UNKNOWN_TASK, f"unknown task or group {quoted(name)}", location, hint)


def _with_another_id(task: Task, free: str) -> str:
    if task.id:
        return "set a different `id` in each"
    if "" in task.at:
        return f"add `{to_yaml({'id': free}).strip()}` to this one"
    return f"write this one as `{printable(to_yaml({'id': free, 'run': task.run}, flow=True).strip())}`"


def check_task_id(task_id: str, location: Location, key: str = "id") -> Iterator[Diagnostic]:
    """Check the length of a task ID; `key` sets it."""
    if len(task_id) > MAX_ID_LENGTH:
        message = f"the task ID has {len(task_id)} characters; Airflow allows {MAX_ID_LENGTH}"
        yield Diagnostic(rules.LONG_NAME, message, location, f"set a shorter `{key}`")


def _check_trigger_rules(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    known = facts_of(airflow).trigger_rules
    for rule, place in values_of(schedule, "trigger_rule"):
        if rule not in known:
            since = next(version for version in VERSIONS if rule in facts_of(version).trigger_rules)
            message = f"Airflow {airflow} does not support the trigger rule {quoted(rule)}, which was added in {since}"
            hint = "use another rule, or a newer `airflow` in the configuration"
            yield Diagnostic(rules.UNSUPPORTED, message, place, hint)


def _check_cycle_of_groups(
    schedule: Schedule, by_id: Mapping[str, Task], graph: Mapping[str, list[str]]
) -> Iterator[Diagnostic]:
    """Report paths that leave a group and enter it again: Airflow 3.4 warns about them, 3.5 rejects the DAG."""
    unit_of = {id_: task.group or id_ for id_, task in by_id.items()}
    units: dict[str, set[str]] = {unit: set() for unit in unit_of.values()}
    for id_, names in graph.items():
        units[unit_of[id_]] |= _units(names, unit_of) - {unit_of[id_]}
    if cycle := cycle_in({unit: sorted(those) for unit, those in units.items()}):
        message = f"the groups wait for each other: {' -> '.join(quoted(name) for name in cycle)}"
        waiting, awaited = cycle[:2]
        task = next(
            by_id[id_] for id_, names in graph.items() if unit_of[id_] == waiting and awaited in _units(names, unit_of)
        )
        hint = "remove one `after`, or change the groups"
        yield Diagnostic(rules.CYCLE, message, place_of(task, schedule, "after"), hint)


def _units(names: Iterable[str], unit_of: Mapping[str, str]) -> set[str]:
    """Return the group of each task, or the task itself without a group."""
    return {unit_of.get(name, name) for name in names}


def _check_group(task_id: str, groups: Mapping[str, list[str]], location: Location) -> Iterator[Diagnostic]:
    """Report a task ID that a group uses: its own, `upstream_join_id` or `downstream_join_id`."""
    name, _, end = task_id.rpartition(".")
    if task_id in groups or (name in groups and end in {"upstream_join_id", "downstream_join_id"}):
        group = quoted(task_id if task_id in groups else name)
        message = f"the task {quoted(task_id)} has the same ID as the group {group}"
        yield Diagnostic(rules.DUPLICATE_TASK, message, location, "rename the task, or the group")
