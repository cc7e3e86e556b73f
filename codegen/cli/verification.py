"""Verifies an import: prints how the generated DAGs differ from those of the old generator."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from codegen import pipeline
from codegen.airflow.installation import AirflowError, installation_of, version_of
from codegen.airflow.loading import load_dag_files
from codegen.airflow_facts import VERSIONS
from codegen.cli.deployment import VARIABLE, default_environment, say_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.older_meltano import load_with_answer
from codegen.cli.printer import echo, echo_json, report
from codegen.diagnostics import Diagnostic, count, has_errors, printable
from codegen.loader import Overlay
from codegen.meltano.generator import failure, find_generator
from codegen.meltano.invocation import listed_schedules
from codegen.migrate.verification import Comparison, Verdict, compare
from codegen.plan import PRELUDES
from codegen.project import Project
from codegen.render.renderer import prelude
from codegen.review.loaded import Surroundings
from codegen.schema.model import PROJECT_ROOT_VARIABLE

_IN_SUM = {each: each.value for each in Verdict} | {Verdict.DIFFERS: "differ"}

# A generator for Meltano 1 expects a list; until Meltano 3, each schedule had a start date.
_OF_AN_OLDER_MELTANO = ("string indices must be integers", "KeyError: 'start_date'")


def verify(
    project: Project, overlay: Overlay, generator: Path | None, airflow: Path | None, output: str = "text"
) -> ExitCode:
    """Compare the DAGs of the old generator with those of the imported schedules, on one real Airflow.

    Raises:
        DagpressError: there is no generator, Airflow or Meltano to compare with.
    """
    meltano_project = project.meltano_project
    generator = generator or find_generator(meltano_project)
    airflow = airflow or installation_of(project).program
    version = version_of(airflow)
    _check_version(project, version)
    reading = pipeline.read(project, overlay)
    schedules = reading.of(_environment(project))
    generation = pipeline.render(project, reading, schedules)
    if has_errors(generation.diagnostics):
        report(generation.diagnostics, "text")
        return ExitCode.BAD_INPUT
    echo(f"Asking Meltano for its schedules, and Airflow {version} for the DAGs ...", err=True)
    listed = listed_schedules(meltano_project)
    old, new, problems = _load(airflow, generator, generation.files, meltano_project, listed)
    if problems:
        report(problems, "text")
        return ExitCode.BAD_INPUT
    names = {schedule.dag_id_or_default: schedule.name for schedule in schedules}
    variable = project.project_root_variable
    preludes = tuple(prelude(name, variable) for name in PRELUDES)
    rows = compare(old, new, Surroundings(str(meltano_project), variable, preludes, listed, names))
    if output == "json":
        dags = [{**dataclasses.asdict(row), "verdict": row.verdict.value} for row in rows]
        echo_json({"airflow": version, "generator": str(generator), "dags": dags})
    else:
        _print_rows(rows, version)
    return ExitCode.FINE if all(row.expected for row in rows) else ExitCode.DRIFT


def _environment(project: Project) -> str:
    """The environment to compare, as the old generator knows none; empty in a project without environments."""
    environment = default_environment(project)
    if environment:
        say_environment(environment, VARIABLE)
    return environment


def _check_version(project: Project, version: str) -> None:
    """Reject an Airflow that the DAG files are not for: its result would not hold in production.

    Raises:
        AirflowError: its minor version is not that of the configuration.
    """
    minor = ".".join(re.findall(r"\d+", version)[:2])
    if minor != project.airflow:
        message = f"the DAG files are for Airflow {project.airflow}, but the comparison would run on Airflow {version}"
        change = f'set `airflow = "{minor}"` in the configuration, or ' if minor in VERSIONS else ""
        raise AirflowError(message, f"{change}pass the `airflow` program of Airflow {project.airflow} with --airflow")


def _load(
    airflow: Path, generator: Path, files: Mapping[str, str], meltano_project: Path, listed: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Diagnostic]]:
    """The DAGs of the generator and of the generated files, and the errors in all of them."""
    with TemporaryDirectory(prefix="dagpress-") as folder:
        paths = [Path(folder, name) for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        root = {PROJECT_ROOT_VARIABLE: str(meltano_project)}
        old, *new = load_dag_files(airflow, [generator, *paths], meltano_project, root)
    if any(message in error for error in old.errors for message in _OF_AN_OLDER_MELTANO):
        old = load_with_answer(airflow, generator, meltano_project, listed)
    shown = generator.relative_to(meltano_project) if generator.is_relative_to(meltano_project) else generator
    loaded = [(generator, shown.as_posix(), old), *zip(paths, files, new, strict=True)]
    problems = [failure(path, name, error, file.log) for path, name, file in loaded for error in file.errors]
    return old.dags, [dag for file in new for dag in file.dags], problems


def _print_rows(rows: Sequence[Comparison], version: str) -> None:
    width = max((len(printable(row.dag_id)) for row in rows), default=0)
    echo(click.style(f"{'DAG_ID':<{width}}  RESULT", bold=True))
    for row in rows:
        colour = "green" if row.verdict is Verdict.SAME else "yellow" if row.expected else "red"
        why = f": {printable(row.why)}" if row.why else ""
        echo(f"{printable(row.dag_id):<{width}}  {click.style(row.verdict.value, fg=colour)}{why}")
        for each in row.differences:
            what, old, new = (printable(text) for text in (each.what, each.old, each.new))
            echo(f"    {click.style(what, bold=True)}: {old} -> {new}")
            if each.why:
                echo(f"        {printable(each.why)}")
    numbers = Counter(row.verdict for row in rows)
    parts = ", ".join(f"{numbers[verdict]} {words}" for verdict, words in _IN_SUM.items() if numbers[verdict])
    echo(f"{count(len(rows), 'DAG')} on Airflow {version}: {parts or 'nothing to compare'}.")
