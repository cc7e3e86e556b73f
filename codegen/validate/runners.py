"""Runners: a container needs an image, one whose tag does not move, and settings are for a runner that is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.schema import Task
from codegen.schema.image import moves
from codegen.schema.task import SECTIONS_OF_A_TASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.diagnostics import Location
    from codegen.schema import Schedule

# DockerOperator takes it out of the environment where it mounts no folder of its own (`_run_image_with_mounts`).
_TAKEN_BY_DOCKER = "AIRFLOW_TMP_DIR"


def check_runners(schedule: Schedule) -> Iterator[Diagnostic]:
    """Every task that runs in a container must have an image, and every setting a task that it is for."""
    tasks = schedule.tasks or (Task(),)
    for task in tasks:
        runner = task.runner or schedule.runner
        if runner == "bash":
            continue
        settings = getattr(task, runner) or getattr(schedule, runner)
        where = task.at.get("runner") or task.at.get(runner) or schedule.where(runner, "runner")
        if settings is None or settings.image is None:
            message = f"the runner `{runner}` needs an image"
            yield Diagnostic("missing-key", message, where, f"add `{runner}: {{image: registry.example.com/elt:1.0}}`")
        else:
            yield from _check_image(settings.image, settings.at)
        if runner == "docker":
            yield from _check_env(schedule, task)
    for section in SECTIONS_OF_A_TASK:
        yield from _check_use(schedule, tasks, section)


def _check_image(image: str, at: Mapping[str, Location]) -> Iterator[Diagnostic]:
    if moves(image):
        message = f"the image {quoted(image)} moves: tomorrow's run may be another program"
        hint = "name a tag that stays, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic("moving-image", message, at["image"], hint, Severity.FINDING)


def _check_env(schedule: Schedule, task: Task) -> Iterator[Diagnostic]:
    if {**schedule.env, **task.env}.get(_TAKEN_BY_DOCKER) is not None:
        where = task.at["env"] if _TAKEN_BY_DOCKER in task.env else schedule.where("env")
        message = f"{quoted(_TAKEN_BY_DOCKER)} is DockerOperator's own, and does not reach the container"
        yield Diagnostic("invalid-value", message, where, "choose another name")


def _check_use(schedule: Schedule, tasks: tuple[Task, ...], section: str) -> Iterator[Diagnostic]:
    """Settings in the schedule's own file for a runner that nothing uses; defaults are for those that want them."""
    uses = [(task.runner or schedule.runner) == section for task in tasks]
    unused = [task.at[section] for task, is_used in zip(tasks, uses, strict=True) if section in task.at and not is_used]
    if section in schedule.at and not any(uses):
        unused.append(schedule.at[section])
    for where in unused:
        if where.path == schedule.source:
            message = f"these settings do nothing: nothing here runs with the runner `{section}`"
            yield Diagnostic(
                "unused-settings", message, where, f"add `runner: {section}`, or remove them", Severity.FINDING
            )
