"""Checks the settings of runners, and reports settings that no task uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from codegen import rules
from codegen.airflow_facts import facts_of
from codegen.diagnostics import Diagnostic, Location
from codegen.keys.table import keys_of
from codegen.plan.meltano_options import env_of
from codegen.runners import RUNNERS, Placed, Runner
from codegen.schema import Schedule, Task
from codegen.validate.operator_arguments import check_arguments_of
from codegen.validate.places import place_of, tasks_of


def check_runners(schedule: Schedule, airflow: str) -> Iterator[Diagnostic]:
    """Apply the checks of each task's runner."""
    for task in tasks_of(schedule):
        runner = RUNNERS.get(schedule.runner_of(task) or "")
        if runner and (runner.check or runner.sections):
            placed = _placed(schedule, task, runner.name)
            yield from runner.check(placed) if runner.check else ()
            yield from _check_arguments(runner, placed, airflow)


def _check_arguments(runner: Runner, placed: Placed, airflow: str) -> Iterator[Diagnostic]:
    facts = facts_of(airflow).class_of(runner.operator)
    if placed.settings and facts:
        known = keys_of(type(placed.settings))
        yield from check_arguments_of(placed.settings.passed, placed.settings.at, facts, known, runner.instead)


def _placed(schedule: Schedule, task: Task, runner: str) -> Placed:
    def env_at(name: str) -> Location:
        return task.at.get(f"env.{name}") or schedule.where(f"env.{name}")

    return Placed(
        id=task.id or "",
        settings=schedule.settings_of(task),
        env=env_of(schedule, task),
        runner_at=task.at.get("runner") or task.at.get(runner) or schedule.where(runner, "runner"),
        id_at=place_of(task, schedule, "id"),
        env_at=env_at,
    )


def check_settings(schedules: Iterable[Schedule]) -> Iterator[Diagnostic]:
    """Report settings in a schedule's own file for a runner that it uses in no environment."""
    seen = [(schedule.runner, *found) for schedule in schedules for found in _settings(schedule)]
    used = {place for *_, places, is_used in seen if is_used for place in places}
    for runner, section, places, _ in seen:
        if used.isdisjoint(places):
            message = f"these settings have no effect: no task here uses the runner `{section}`"
            hint = f"add `runner: {section}`, or remove them" if runner != section else "remove them"
            yield Diagnostic(rules.UNUSED_SETTINGS, message, min(places), hint)


def _settings(schedule: Schedule) -> Iterator[tuple[str, set[Location], bool]]:
    """Yield the settings in the schedule's own file: their runner, their places, and whether a task uses them."""
    tasks = tasks_of(schedule)
    for name in RUNNERS if any(each.settings for each in (schedule, *tasks)) else ():
        uses = [schedule.runner_of(task) == name for task in tasks]
        shared = _places(schedule.settings.get(name), schedule)
        owned = [_places(task.settings.get(name), schedule) - shared for task in tasks]
        for places, is_used in ((shared, any(uses)), *zip(owned, uses, strict=True)):
            if places:
                yield name, places, is_used


def _places(settings: Any, schedule: Schedule) -> set[Location]:  # noqa: ANN401  # the class depends on the runner
    """Return the places of the keys, which show the file of each setting after a merge."""
    at = settings.at if settings else {}
    return {place for name, place in at.items() if name and place.path == schedule.source}
