"""Plans and renders the DAG files of a project that was read; writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, has_errors
from codegen.meltano import MeltanoProject
from codegen.pipeline.reading import Reading, read
from codegen.pipeline.selection import Selection, select
from codegen.plan import Dependencies, Folder, dependencies_between, plan
from codegen.project import Project
from codegen.schema import Schedule
from codegen.schema.export import SCHEMA_NAME, json_schema_text

if TYPE_CHECKING:
    from codegen.render.renderer import Renderer


@dataclass(frozen=True)
class Generation:
    """The texts of the generated files of a selection, by path in the project; empty if there are errors."""

    selection: Selection
    files: Mapping[str, str]
    diagnostics: list[Diagnostic]

    @property
    def reading(self) -> Reading:
        """The project that was read."""
        return self.selection.reading


def generate(
    project: Project,
    reading: Reading | None = None,
    names: Collection[str] = (),
    track: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Generation:
    """Render the DAG files and the JSON Schema of a project; no file if there is an error.

    Args:
        project: the project.
        reading: the project as it was read; it is read by default.
        names: names and paths that select schedules, as in `select`.
        track: wraps the names of the files while they are rendered, to show the progress.

    Raises:
        InvalidError: a name is unknown.
    """
    return generate_selection(project, select(project, reading or read(project), names), track)


def generate_selection(
    project: Project,
    selection: Selection,
    track: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Generation:
    """Render the DAG files of a selection and, for the whole project, the JSON Schema; no files with an error."""
    generation = replace(render(project, selection.reading, selection.schedules, track), selection=selection)
    if selection.scope is not None or has_errors(generation.diagnostics):
        return generation
    schema = project.relative(project.schedules / SCHEMA_NAME)
    return replace(generation, files={schema: json_schema_text(project.airflow), **generation.files})


def render(
    project: Project,
    reading: Reading,
    schedules: Sequence[Schedule],
    track: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Generation:
    """Render the DAG files of some schedules; no file if the reading has an error.

    The file of a folder contains only the given schedules.
    """
    # Imports Jinja2, which takes longer than validating fifty schedules.
    from codegen.render.own_templates import read_templates  # noqa: PLC0415
    from codegen.render.renderer import TemplateFailedError, renderer_of  # noqa: PLC0415

    selection = Selection(reading, schedules, schedules)
    if has_errors(reading.diagnostics):
        return Generation(selection, {}, reading.diagnostics)
    deployments = {each.deployment for each in reading.schedules}
    others = {name: dependencies_between(reading.of(name), reading.awaited.get(name, ())) for name in deployments}
    texts, problems = read_templates(project)
    if problems:
        return Generation(selection, {}, [*reading.diagnostics, *problems])
    renderer = renderer_of(project.templates, texts)
    by_file: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in schedules:
        by_file[schedule.dag_file].append(schedule)
    files = {}
    try:
        for name in track([*by_file]):
            those = by_file[name]
            those.sort(key=lambda schedule: schedule.name)
            # By object ID, since equal schedules may have different texts: `1 == True`. The cache keeps them alive.
            files[name] = reading.cache(
                (name, *map(id, those)),
                _text_of,
                [(schedule, others[schedule.deployment][schedule.source]) for schedule in those],
                reading.meltano,
                project.airflow,
                project.project_root_variable,
                reading.folders.get(name),
                renderer,
            )
    except TemplateFailedError as error:
        place = Location(project.relative(project.templates / error.template), error.line)
        source = reading.folders[name].source if name in reading.folders else those[0].source
        message = f"no DAG file can be rendered for {source}: {error}"
        problem = Diagnostic(rules.TEMPLATE_ERROR, message, place)
        return Generation(selection, {}, [*reading.diagnostics, problem])
    return Generation(selection, files, reading.diagnostics)


def _text_of(  # noqa: PLR0913, PLR0917  # everything that the text depends on
    schedules: Sequence[tuple[Schedule, Dependencies]],
    meltano: MeltanoProject | None,
    airflow: str,
    project_root_variable: str,
    folder: Folder | None,
    renderer: Renderer,
) -> str:
    return renderer.render(plan(schedules, meltano, airflow, project_root_variable, folder))
