"""Loads the generated files of a project in a real Airflow, and reports errors at their lines in the YAML."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from codegen import rules
from codegen.airflow.loading import CheckedFile, LoadError, check_dag_files
from codegen.airflow.of_project import ProjectAirflow
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


def check_in_airflow(
    project: Project, airflow: ProjectAirflow, prepare: Prepare, on_progress: Callable[[int], None] = lambda _: None
) -> list[Diagnostic]:
    """Load generated files in that Airflow, and return errors and warnings. `prepare` runs while Airflow starts.

    Raises:
        AirflowError: it does not start.
    """
    env = {project.project_root_variable: str(project.meltano_project)}
    env |= {"AIRFLOW_HOME": str(airflow.home)} if airflow.home and "AIRFLOW_HOME" not in os.environ else {}
    maps: dict[str, tuple[SourceMap, str]] = {}
    silencers: list[Silencer] = []

    def files() -> list[tuple[Path, Path]]:
        generation, names = prepare()
        silencers.extend(generation.reading.silencers)
        maps.update(_maps(project, generation, names))
        return [(project.root / name, project.root / folder) for name, (_, folder) in maps.items()]

    def check(names: Sequence[tuple[str, str]]) -> list[CheckedFile]:
        paths = [(project.root / name, project.root / folder) for name, folder in names]
        return check_dag_files(airflow.program, lambda: paths, project.root, env)

    answers = check_dag_files(airflow.program, files, project.root, env, on_progress)
    loaded = dict(zip(maps, answers, strict=True))
    found: list[Diagnostic] = []
    for name, file in loaded.items():
        source, _ = maps[name]
        for error in file.errors:
            found += _errors(error, file, str(project.root / name), source, project.airflow)
        for line, text in file.deprecations:
            found += [Diagnostic(rules.DEPRECATED, text, place) for place in source.places_of(line)]
    if not has_errors(found):
        found += _without_producer(project, loaded, maps, check)
    return in_order(apply_lint(found, silencers, project.lint, report_unused=False))


def _maps(project: Project, generation: Generation, names: Collection[str]) -> dict[str, tuple[SourceMap, str]]:
    """The map of each file, and the folder of DAG files of its environment."""
    by_file: dict[str, list[Schedule]] = defaultdict(list)
    folder = project.relative(project.generated_dags)
    for schedule in generation.selection.schedules:
        by_file[f"{folder}/{schedule.dag_file}"].append(schedule)
    meltano = generation.reading.meltano
    return {
        name: (
            SourceMap(name, generation.files[name], schedules, meltano),
            (PurePosixPath(folder) / schedules[0].deployment).as_posix(),
        )
        for name, schedules in by_file.items()
        if name in names
    }


def _errors(error: LoadError, file: CheckedFile, path: str, source: SourceMap, airflow: str) -> Iterator[Diagnostic]:
    line = line_in(error.traceback, path)
    module, operator = source.module_at(line), source.operator_at(line)
    for failure in failures_of(error.traceback, file.log, module, operator, airflow):
        if error.dag_id:
            places = [source.place_of(error.dag_id, error.task_id, failure.argument)]
        else:
            places = source.places_of(line, failure.argument)
        for place in places:
            yield Diagnostic(rules.DAGS_NOT_LOADED, failure.message, place, failure.hint)


def _without_producer(
    project: Project,
    loaded: Mapping[str, CheckedFile],
    maps: Mapping[str, tuple[SourceMap, str]],
    check: Callable[[Sequence[tuple[str, str]]], list[CheckedFile]],
) -> Iterator[Diagnostic]:
    """A warning for each asset without a producer: no DAG of its environment and no hand-written one."""
    given = {(maps[name][1], uri) for name, file in loaded.items() for uri in file.gives}
    missing = [
        (name, dag_id, uri)
        for name, file in loaded.items()
        for dag_id, uris in file.awaits.items()
        for uri in uris
        if (maps[name][1], uri) not in given
    ]
    if not missing:
        return
    folders = {maps[name][1] for name, _, _ in missing}
    custom = [project.relative(folder) for folder in project.custom_dags]
    others = [(name, folder) for folder in (*folders, *custom) for name in _dag_files(project, folder, loaded)]
    files = check(others)
    if any(file.errors for file in files):
        # A file that fails may have the producer.
        return
    for (_, folder), file in zip(others, files, strict=True):
        given |= {(each, uri) for each in (folders if folder in custom else (folder,)) for uri in file.gives}
    for name, dag_id, uri in missing:
        source, folder = maps[name]
        if (folder, uri) not in given:
            message = f"no DAG of this project updates the asset {quoted(uri)}, so this DAG never starts"
            hint = "correct the name, or add `# dagpress: ignore[no-producer]` with the reason"
            yield Diagnostic(rules.NO_PRODUCER, message, source.place_of(dag_id, "", "after"), hint)


def _dag_files(project: Project, folder: str, without: Collection[str]) -> list[str]:
    found = (project.relative(Path(entry.path)) for entry in walk(project.root / folder, project.boundary))
    return sorted(name for name in found if name.endswith(".py") and name not in without)
