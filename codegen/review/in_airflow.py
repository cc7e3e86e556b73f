"""Loads the generated files of a project in a real Airflow, and reports errors at their lines in the YAML."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from codegen import rules
from codegen.airflow.loading import LoadedFile, LoadError, load_dag_files
from codegen.airflow.project_airflow import ProjectAirflow
from codegen.diagnostics import Diagnostic, has_errors, in_order, quoted
from codegen.files import walk
from codegen.loader import Silencer
from codegen.pipeline import Generation
from codegen.project import Project
from codegen.review.failures import failures_of
from codegen.review.source_map import SourceMap
from codegen.schema import Schedule
from codegen.text.tracebacks import line_in
from codegen.validate.lint import apply_lint

# A generation, and the names of its files to load.
Prepare = Callable[[], tuple[Generation, Collection[str]]]
# A file, and its DAGs folder.
_Place = tuple[Path, Path]


class _Generated(NamedTuple):
    """A generated file, and the DAGs folder of its environment, as paths in the project."""

    name: str
    folder: str
    source: SourceMap


def check_in_airflow(
    project: Project, airflow: ProjectAirflow, prepare: Prepare, on_progress: Callable[[int], None] = lambda _: None
) -> list[Diagnostic]:
    """Load generated files in an Airflow, and return errors and warnings. `prepare` runs while Airflow starts.

    Raises:
        AirflowError: Airflow failed to start.
    """
    env = {project.project_root_variable: str(project.meltano_project)}
    env |= {"AIRFLOW_HOME": str(airflow.home)} if airflow.home and "AIRFLOW_HOME" not in os.environ else {}
    load = partial(load_dag_files, airflow.program, cwd=project.root, env=env)
    generated: list[_Generated] = []
    silencers: list[Silencer] = []

    def places() -> Iterator[_Place]:
        generation, names = prepare()
        silencers.extend(generation.reading.silencers)
        generated.extend(_generated(project, generation, names))
        yield from ((project.root / each.name, project.root / each.folder) for each in generated)

    answers = load(places(), on_progress=on_progress)
    loaded = list(zip(generated, answers, strict=True))
    found: list[Diagnostic] = []
    for (name, _, source), file in loaded:
        for error in file.errors:
            found += _errors(error, file.log, str(project.root / name), source, project.airflow)
        for line, text in file.deprecations:
            found += [Diagnostic(rules.DEPRECATED, text, place) for place in source.places_of(line)]
    if not has_errors(found):
        found += _without_producer(project, loaded, load)
    return in_order(apply_lint(found, silencers, project.lint, report_unused=False))


def _generated(project: Project, generation: Generation, names: Collection[str]) -> Iterator[_Generated]:
    by_file: dict[str, list[Schedule]] = defaultdict(list)
    folder, wanted = project.relative(project.generated_dags), set(names)
    for schedule in generation.selection.schedules:
        by_file[schedule.dag_file].append(schedule)
    for name, schedules in ((name, those) for name, those in by_file.items() if name in wanted):
        source = SourceMap(name, generation.files[name], schedules, generation.reading.meltano)
        yield _Generated(name, (PurePosixPath(folder) / schedules[0].deployment).as_posix(), source)


def _errors(error: LoadError, log: str, path: str, source: SourceMap, airflow: str) -> Iterator[Diagnostic]:
    line = line_in(error.traceback, path)
    module, operator = source.module_at(line), source.operator_at(line)
    for failure in failures_of(error.traceback, log, module, operator, airflow):
        if error.dag_id:
            places = [source.place_of(error.dag_id, error.task_id, failure.argument)]
        else:
            places = source.places_of(line, failure.argument, failure.name)
        for place in places:
            yield Diagnostic(rules.DAGS_NOT_LOADED, failure.message, place, failure.hint)


def _without_producer(
    project: Project,
    loaded: Sequence[tuple[_Generated, LoadedFile]],
    load: Callable[[Iterable[_Place]], Sequence[LoadedFile]],
) -> Iterator[Diagnostic]:
    """Yield a warning for each asset that no DAG of its environment and no hand-written one produces."""
    given = {(each.folder, uri) for each, file in loaded for uri in file.produces}
    missing = [
        (each, dag_id, uri)
        for each, file in loaded
        for dag_id, uris in file.awaits.items()
        for uri in uris
        if (each.folder, uri) not in given
    ]
    if not missing:
        return
    folders = {project.root / each.folder for each, _, _ in missing}
    known = {project.root / each.name for each, _ in loaded}
    others = [(path, folder) for folder in (*folders, *project.custom_dags) for path in _dag_files(project, folder)]
    others = [place for place in others if place[0] not in known]
    files = load(others)
    if any(file.errors for file in files):
        # A file that fails may contain the producer.
        return
    for (_, folder), file in zip(others, files, strict=True):
        of = folders if folder in project.custom_dags else {folder}
        given |= {(project.relative(each), uri) for each in of for uri in file.produces}
    for each, dag_id, uri in missing:
        if (each.folder, uri) not in given:
            message = f"no DAG of this project produces the asset {quoted(uri)}, so this DAG never starts"
            hint = "correct the name, or add `# dagpress: ignore[no-producer]` with the reason"
            yield Diagnostic(rules.NO_PRODUCER, message, each.source.place_of(dag_id, "", "after"), hint)


def _dag_files(project: Project, folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in walk(folder, project.boundary) if entry.name.endswith(".py"))
