"""Reports keys that have no effect on some task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, either, quoted
from codegen.keys.table import Key, grouped, keys_of
from codegen.plan.meltano_options import variables_of_keys
from codegen.runners import RUNNERS
from codegen.schema import Schedule, Task
from codegen.schema.task_defaults import TaskDefaults
from codegen.validate.places import place_of

_ROWS = grouped(keys_of(Schedule))
_KEYS_BY_VARIABLE = {row.variable: row.name for row in _ROWS.values() if row.variable}


def check_reach(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report keys that have no effect because of the kinds of tasks, other keys or environments."""
    yield from _check_kinds(schedule)
    yield from _check_variables(schedule)
    yield from _check_nulls(schedule)
    yield from _check_force(schedule)
    for task in schedule.tasks or ():
        yield from _check_overlay(schedule, task)


def _check_kinds(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report keys that do not apply to some task. Keys in a `_defaults.yml` may be meant for other schedules."""
    missed: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for row in _ROWS.values() if schedule.tasks else ():
        if row.reaches and row.name in schedule.at and schedule.at[row.name].path == schedule.source:
            missed.setdefault((row.reaches, _missed_by(row, schedule)), []).append(row.name)
    for (reaches, task_ids), names in missed.items():
        if not task_ids:
            continue
        keys = ", ".join(f"`{name}`" for name in names)
        needed, has = either(reaches), "has" if len(names) == 1 else "have"
        if len(task_ids) == len(schedule.tasks or ()):
            message = f"{keys} {has} no effect: no task has {needed}"
            hint = f"remove {'it' if len(names) == 1 else 'them'}, or add a task with {needed}"
        else:
            message = f"{keys} {has} no effect on {', '.join(map(quoted, task_ids))}"
            hint = f"set it in each task with {needed} instead"
        yield Diagnostic(rules.NO_EFFECT, message, min(schedule.at[name] for name in names), hint)


def _missed_by(row: Key, schedule: Schedule) -> tuple[str, ...]:
    """Return the tasks on which a key has no effect.

    A key that a task cannot set itself, or that Meltano reads from a variable, counts only if it reaches no task.
    """
    tasks = schedule.tasks or ()
    missed = tuple(task.task_id for task in tasks if task.kind not in row.reaches)
    is_of_each = row.name in keys_of(TaskDefaults) and not row.variable
    return missed if is_of_each or len(missed) == len(tasks) else ()


def _check_variables(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report environment variables that a key overrides."""
    for model in (schedule, *(schedule.tasks or ())):
        if model.env.keys().isdisjoint(_KEYS_BY_VARIABLE):
            continue
        of_keys = variables_of_keys(schedule, model if isinstance(model, Task) else Task())
        for name in of_keys.keys() & model.env.keys():
            value = model.env[name]
            if value is not None and value != of_keys[name]:
                message = f"{quoted(name)} has no effect: the key `{_KEYS_BY_VARIABLE[name]}` overrides it"
                place = model.at[f"env.{name}"]
                yield Diagnostic(rules.NO_EFFECT, message, place, f"remove it or `{_KEYS_BY_VARIABLE[name]}`")


def _check_force(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report a template in `force` for a `meltano el`, which reads no variable for it."""
    for task in schedule.own_tasks:
        if task.extractor and isinstance(schedule.of(task, "force"), str):
            message = f"this template has no effect on {quoted(task.task_id)}: `meltano el` reads no variable for it"
            hint = f"write `true` or `false`, or a task with `run: {task.extractor} {task.loader}`"
            place = task.at.get("force") or schedule.where("force")
            yield Diagnostic(rules.NO_EFFECT, message, place, hint)


def _check_nulls(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report nulls in the `env` of a task that remove no variable of the schedule."""
    overlays = (overlay.get("env") or {} for overlay in schedule.environments.values())
    known = {*schedule.env, *(name for env in overlays for name in env)}
    for task in schedule.tasks or ():
        for name, value in task.env.items():
            if value is None and name not in known:
                message = f"this null has no effect: the schedule's `env` does not set {quoted(name)}"
                hint = f'write `{name}: ""` for an empty value, or remove the line'
                yield Diagnostic(rules.INVALID_VALUE, message, task.at[f"env.{name}"], hint)


def _check_overlay(schedule: Schedule, task: Task) -> Iterator[Diagnostic]:
    """Report keys of an environment that a task overrides."""
    overlay = schedule.environments.get(schedule.deployment, {})
    for key, place in () if "tasks" in overlay else _beaten(overlay, schedule, task):
        message = f"`environments.{schedule.deployment}.{key}` has no effect: this task sets `{key}`"
        hint = f"set `{key}` in the schedule instead of the task"
        yield Diagnostic(rules.NO_EFFECT, message, place, hint)


def _beaten(overlay: Mapping[str, Any], schedule: Schedule, task: Task) -> Iterator[tuple[str, Location]]:
    """Yield the keys of an environment that a task sets to another value, with their locations in the task."""
    for name, value in overlay.items():
        if name == "env":
            own = {variable: task.env.get(variable, text) for variable, text in value.items()}
            yield from (
                (f"env.{each}", place_of(task, schedule, f"env.{each}")) for each in own if own[each] != value[each]
            )
        elif name in RUNNERS:
            at, of_schedule = (getattr(each.settings.get(name), "at", {}) for each in (task, schedule))
            changed = (each for each in value.at if each and each in at and at[each] != of_schedule.get(each))
            yield from ((f"{name}.{each}", at[each]) for each in changed)
        elif name in task.at and (name in keys_of(TaskDefaults) or name in task.arguments):
            own = task.arguments[name] if name in task.arguments else getattr(task, name)
            yield from [(name, task.at[name])] if own != value else []
