"""Runners: a container needs an image, one whose tag does not move, and settings need a runner that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.schema import Task
from codegen.schema.image import moves
from codegen.schema.task import SECTIONS_OF_A_TASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.diagnostics import Location
    from codegen.schema import Schedule
    from codegen.schema.docker import Docker
    from codegen.schema.kubernetes import Kubernetes

# DockerOperator takes it out of the environment where it mounts no folder of its own (`_run_image_with_mounts`).
_TAKEN_BY_DOCKER = "AIRFLOW_TMP_DIR"


def check_runners(schedule: Schedule) -> Iterator[Diagnostic]:
    """Every task that runs in a container must have an image."""
    for task in schedule.tasks or (Task(),):
        runner = schedule.runner_of(task)
        if runner in {None, "bash"}:
            continue
        settings = getattr(task, runner) or getattr(schedule, runner)
        where = task.at.get("runner") or task.at.get(runner) or schedule.where(runner, "runner")
        if settings is None or settings.image is None:
            message = f"the runner `{runner}` needs an image"
            yield Diagnostic(
                rules.MISSING_KEY, message, where, f"add `{runner}: {{image: registry.example.com/elt:1.0}}`"
            )
        else:
            yield from _check_image(settings.image, settings.at)
        if runner == "docker":
            yield from _check_env(schedule, task)


def _check_image(image: str, at: Mapping[str, Location]) -> Iterator[Diagnostic]:
    if moves(image):
        message = f"the image {quoted(image)} is not pinned: tomorrow's run may use a different program"
        hint = "use a tag that does not move, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic(rules.MOVING_IMAGE, message, at["image"], hint)


def _check_env(schedule: Schedule, task: Task) -> Iterator[Diagnostic]:
    if {**schedule.env, **task.env}.get(_TAKEN_BY_DOCKER) is not None:
        where = task.at["env"] if _TAKEN_BY_DOCKER in task.env else schedule.where("env")
        message = f"{quoted(_TAKEN_BY_DOCKER)} is DockerOperator's own, and does not reach the container"
        yield Diagnostic(rules.INVALID_VALUE, message, where, "choose another name")


def check_settings(schedules: list[Schedule]) -> Iterator[Diagnostic]:
    """Settings in a schedule's own file must be for a runner that it uses in some deployment environment.

    Those of a file of defaults are for the schedules that want them.
    """
    seen = [(schedule.runner, *found) for schedule in schedules for found in _settings(schedule)]
    used = {place for *_, places, is_used in seen if is_used for place in places}
    for runner, section, places, _ in seen:
        if used.isdisjoint(places):
            message = f"these settings have no effect: no task here uses the runner `{section}`"
            hint = f"add `runner: {section}`, or remove them" if runner != section else "remove them"
            yield Diagnostic(rules.UNUSED_SETTINGS, message, min(places), hint)


def _settings(schedule: Schedule) -> Iterator[tuple[str, set[Location], bool]]:
    """The settings in the schedule's own file: for which runner, where they stand, and whether something uses them."""
    tasks = schedule.tasks or (Task(),)
    for section in SECTIONS_OF_A_TASK:
        uses = [schedule.runner_of(task) == section for task in tasks]
        shared = _places(getattr(schedule, section), schedule)
        owned = [_places(getattr(task, section), schedule) - shared for task in tasks]
        for places, is_used in ((shared, any(uses)), *zip(owned, uses, strict=True)):
            if places:
                yield section, places, is_used


def _places(settings: Docker | Kubernetes | None, schedule: Schedule) -> set[Location]:
    """Where the keys stand: of maps that were merged, they alone tell from which files they came."""
    at = settings.at if settings else {}
    return {place for name, place in at.items() if name and place.path == schedule.source}
