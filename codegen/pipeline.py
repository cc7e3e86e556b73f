"""The one way from a project to its generated files. It reads, and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, has_errors, in_order, quoted
from codegen.lint import apply_lint
from codegen.loader import load_schedules
from codegen.meltano import read_meltano_project
from codegen.memory import remembered, see_once
from codegen.plan import between, plan
from codegen.render import TemplateFailedError, renderer_of
from codegen.schema import Schedule, read_schedule
from codegen.schema.export import SCHEMA_NAME, json_schema_text
from codegen.validate import check_environments, check_one, check_settings, check_together
from codegen.validate.params import check_params_in_templates
from codegen.validate.secrets import Secret, check_secrets, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from codegen.loader import Document, Overlay, SourceFile
    from codegen.meltano import MeltanoProject
    from codegen.plan import Between
    from codegen.project import Project
    from codegen.render import Renderer


@dataclass(frozen=True)
class Reading:
    """A project that was read and checked, but not rendered.

    Attributes:
        files: every schedule file.
        schedules: each as it is in each deployment environment that has it.
        documents: what was read, also of those that are no schedule.
    """

    files: list[SourceFile]
    schedules: list[Schedule]
    documents: list[Document]
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


def read(project: Project, overlay: Overlay | None = None, *, base: bool = False) -> Reading:
    """Read and check a project's schedules.

    Args:
        project: the project.
        overlay: schedule files that are to be taken as if they were written, or deleted.
        base: whether to read each schedule as it is for no deployment environment, in place of for each.
    """
    see_once(sum(len(text) for text in (overlay or {}).values() if text))
    loaded = load_schedules(
        project.root, project.schedules, overlay, project.environments, base=base, exclude=project.exclude
    )
    documents, diagnostics = loaded.documents, loaded.diagnostics
    schedules: dict[str, list[Schedule]] = {document.deployment: [] for document in documents}
    broken = {document.deployment: set(loaded.others) for document in documents}
    found: dict[str, list[Diagnostic]] = defaultdict(list)
    secrets: list[Secret] = []
    meltano, problems = read_meltano_project(project.root, project.meltano_project)
    for document in documents:
        suffix = project.state_id_suffix.get(document.deployment, "")
        look = _look(document, meltano, project.airflow, suffix, project.dag_id_prefix)
        found[document.deployment] += look.diagnostics
        secrets += look.secrets
        if look.schedule:
            schedules[document.deployment].append(look.schedule)
        else:
            broken[document.deployment].add(document.name)
    everywhere = {document.name for document in documents}
    for deployment, those in schedules.items():
        found[deployment] += check_together(those, meltano, project.airflow, broken[deployment], everywhere)
    diagnostics += [*problems, *_each_once(found, documents)]
    order = {(document.source.name, document.deployment): number for number, document in enumerate(documents)}
    all_schedules = sorted(chain(*schedules.values()), key=lambda each: order[each.source, each.deployment])
    if not has_errors(diagnostics):
        # What one environment does not use, another may; one that cannot be read may too.
        diagnostics += check_settings(all_schedules)
        if project.environments and not project.separate_system_databases:
            place = project.at.get("state_id_suffix") or project.at["environments"]
            suffixes = project.state_id_suffix
            diagnostics += check_environments(all_schedules, meltano, project.environments, suffixes, place)
    # A base is not what is generated: a warning that only an environment has is missing there.
    wanted = apply_lint(without_secrets(diagnostics, secrets), loaded.silencers, project.lint, report_unused=not base)
    return Reading(loaded.files, all_schedules, documents, meltano, in_order(wanted))


@dataclass(frozen=True)
class _Look:
    """What is known of a document by itself."""

    schedule: Schedule | None
    diagnostics: Sequence[Diagnostic]
    secrets: Sequence[Secret]


@remembered
def _look(
    document: Document, meltano: MeltanoProject | None, airflow: str, state_suffix: str, dag_id_prefix: str
) -> _Look:
    """Read and check one schedule."""
    source = document.source
    secrets = list(check_secrets(document.merged))
    schedule, problems = read_schedule(document.root, source.name, source.relative, airflow, document.deployment)
    if schedule:
        schedule = replace(schedule, state_suffix=state_suffix, dag_id_prefix=dag_id_prefix)
        problems = [
            *problems,
            *check_params_in_templates(schedule, document.root),
            *check_one(schedule, meltano, airflow),
        ]
    return _Look(schedule, problems, secrets)


def _each_once(found: Mapping[str, list[Diagnostic]], documents: Iterable[Document]) -> Iterator[Diagnostic]:
    """What is wrong in each environment: what is so in all that have the file as it is, else with their names."""
    homes: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        homes[document.source.name].add(document.deployment)
    owners: dict[Diagnostic, list[str]] = defaultdict(list)
    for deployment, diagnostics in found.items():
        for diagnostic in dict.fromkeys(diagnostics):
            owners[diagnostic].append(deployment)
    for diagnostic, names in owners.items():
        if set(names) >= homes.get(diagnostic.location.path, found.keys()):
            yield diagnostic
        else:
            where = ", ".join(quoted(name) for name in names)
            yield replace(diagnostic, message=f"in {where}: {diagnostic.message}")


def generate(
    project: Project,
    track: Callable[[list[Schedule]], Iterable[Schedule]] = iter,
    overlay: Overlay | None = None,
) -> Generation:
    """Read a project and render its files; none where anything has an error.

    Args:
        project: the project.
        track: goes around the schedules while they are rendered, to show the progress.
        overlay: schedule files that are to be taken as if they were written, or deleted.
    """
    reading = read(project, overlay)
    generation = render(project, reading, reading.schedules, track)
    return generation if has_errors(generation.diagnostics) else with_schema(project, generation)


def with_schema(project: Project, generation: Generation) -> Generation:
    """The generation of all schedules with the file that goes beside them, their JSON Schema."""
    schema = _name(project, project.schedules / SCHEMA_NAME)
    return replace(generation, files={schema: json_schema_text(project.airflow), **generation.files})


def render(
    project: Project,
    reading: Reading,
    schedules: list[Schedule],
    track: Callable[[list[Schedule]], Iterable[Schedule]] = iter,
) -> Generation:
    """Render the DAG files of some schedules of a project that was read; none where anything there has an error."""
    if has_errors(reading.diagnostics):
        return Generation({}, schedules, reading.diagnostics)
    deployments = {schedule.deployment for schedule in reading.schedules}
    others: dict[Schedule, Between] = {}
    for name in deployments:
        others |= between(schedule for schedule in reading.schedules if schedule.deployment == name)
    renderer = renderer_of(project.templates)
    folder = _name(project, project.generated_dags)
    files = {}
    try:
        for schedule in track(schedules):
            text = _text_of(
                schedule, others[schedule], reading.meltano, project.airflow, project.project_root_variable, renderer
            )
            files[f"{folder}/{schedule.dag_file}"] = text
    except TemplateFailedError as error:
        place = Location(_name(project, project.templates / error.template), error.line)
        problem = Diagnostic(rules.TEMPLATE_ERROR, str(error), place, f"it fails for {schedule.source}")
        return Generation({}, schedules, [*reading.diagnostics, problem])
    return Generation(files, schedules, reading.diagnostics)


@remembered
def _text_of(  # noqa: PLR0913, PLR0917  # all that the text depends on
    schedule: Schedule,
    others: Between,
    meltano: MeltanoProject | None,
    airflow: str,
    project_root_variable: str,
    renderer: Renderer,
) -> str:
    return renderer.render(plan(schedule, others, meltano, airflow, project_root_variable))


def _name(project: Project, path: Path) -> str:
    return path.relative_to(project.root).as_posix()
