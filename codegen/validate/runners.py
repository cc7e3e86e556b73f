"""Runners: a container needs an image, and one whose tag does not move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, Severity, quoted
from codegen.schema import Task
from codegen.templating import is_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.diagnostics import Location
    from codegen.schema import Schedule


def check_runners(schedule: Schedule) -> Iterator[Diagnostic]:
    """Every task that runs in a container must have an image."""
    for task in schedule.tasks or (Task(),):
        runner = task.runner or schedule.runner
        if runner == "bash" or task.python:
            continue
        settings = getattr(task, runner) or getattr(schedule, runner)
        where = task.at.get("runner") or task.at.get(runner) or schedule.where(runner, "runner")
        if settings is None or settings.image is None:
            message = f"the runner `{runner}` needs an image"
            yield Diagnostic("missing-key", message, where, f"add `{runner}: {{image: registry.example.com/elt:1.0}}`")
        else:
            yield from _check_image(settings.image, settings.at)


def _check_image(image: str, at: Mapping[str, Location]) -> Iterator[Diagnostic]:
    """A digest stays, and a tag but `latest` is taken to stay (https://docs.docker.com/reference/cli/docker/image/tag)."""
    if is_template(image) or "@" in image:
        return
    _, _, tag = image.rpartition("/")[2].partition(":")
    if tag in {"", "latest"}:
        message = f"the image {quoted(image)} moves: tomorrow's run may be another program"
        hint = "name a tag that stays, such as `:2026.11.1`, or a digest `@sha256:...`"
        yield Diagnostic("moving-image", message, at["image"], hint, Severity.FINDING)
