"""The one way from a project to its generated files. It reads, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from codegen.diagnostics import Diagnostic, Location, has_errors, in_order
from codegen.loader import load_schedules
from codegen.meltano import read_meltano_project
from codegen.plan import between, plan
from codegen.render import Renderer, TemplateFailedError
from codegen.schema import Schedule, read_schedule
from codegen.schema.export import SCHEMA_NAME, json_schema_text
from codegen.validate import check_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from codegen.loader import Overlay
    from codegen.meltano import Job, MeltanoProject
    from codegen.project import Project


@dataclass(frozen=True)
class Reading:
    """A project that was read and checked, but not rendered."""

    schedules: list[Schedule]
    meltano: MeltanoProject | None
    diagnostics: list[Diagnostic]


@dataclass(frozen=True)
class Generation:
    """What a project's generated files should be.

    Attributes:
        files: the text of each file by its path in the project; empty where there are errors.
    """

    files: Mapping[str, str]
    schedules: list[Schedule]
    diagnostics: list[Diagnostic]


def read(project: Project, overlay: Overlay | None = None) -> Reading:
    """Read and check a project's schedules.

    Args:
        project: the project.
        overlay: schedule files that are to be taken as if they were written, or deleted.
    """
    documents, diagnostics = load_schedules(project.root, project.schedules, overlay)
    schedules = []
    for document in documents:
        source = document.source
        schedule, problems = read_schedule(document.root, source.name, source.relative, source.path.stem)
        diagnostics += problems
        if schedule:
            schedules.append(schedule)
    broken = {PurePosixPath(d.location.path).stem for d in diagnostics if has_errors([d])}
    meltano, problems = read_meltano_project(project.root, project.meltano_project)
    diagnostics += [*problems, *check_all(schedules, meltano, project.airflow, broken)]
    return Reading(schedules, meltano, in_order(diagnostics))


def generate(
    project: Project,
    track: Callable[[list[Schedule]], Iterable[Schedule]] = iter,
    only: str = "",
    overlay: Overlay | None = None,
) -> Generation:
    """Render the files of a project; none where anything has an error.

    Args:
        project: the project.
        track: goes around the schedules while they are rendered, to show the progress.
        only: the name of the one schedule to render; without it, all are rendered.
        overlay: schedule files that are to be taken as if they were written, or deleted.
    """
    reading = read(project, overlay)
    if has_errors(reading.diagnostics):
        return Generation({}, reading.schedules, reading.diagnostics)
    jobs: Mapping[str, Job] = reading.meltano.jobs if reading.meltano else {}
    others = between(reading.schedules)
    renderer = Renderer(project.templates)
    files = {_name(project, project.schedules / SCHEMA_NAME): json_schema_text()}
    try:
        for schedule in track(reading.schedules):
            if only in {"", schedule.name}:
                module = plan(schedule, others, jobs, project.airflow)
                files[_name(project, project.generated_dags / module.path)] = renderer.render(module)
    except TemplateFailedError as error:
        place = Location(_name(project, project.templates / error.template), error.line)
        problem = Diagnostic("template-error", str(error), place, f"it fails for {schedule.source}")
        return Generation({}, reading.schedules, [*reading.diagnostics, problem])
    return Generation(files, reading.schedules, reading.diagnostics)


def _name(project: Project, path: Path) -> str:
    return path.relative_to(project.root).as_posix()
