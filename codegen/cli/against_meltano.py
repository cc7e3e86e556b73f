"""Compares the generated DAGs with those of Meltano's generator, for `verify --against meltano`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen import pipeline
from codegen.airflow.project_airflow import airflow_of
from codegen.cli.deployment import VARIABLE, default_environment, print_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.outputs import ComparedDag, ComparisonWithMeltano
from codegen.cli.printer import echo, echo_json, styled
from codegen.cli.reporting import report
from codegen.diagnostics import count, has_errors, printable
from codegen.meltano.generator import find_generator
from codegen.meltano.invocation import listed_schedules
from codegen.migrate.loading import load_both
from codegen.migrate.verification import Comparison, Verdict, compare
from codegen.pipeline import Reading
from codegen.plan import PRELUDES
from codegen.project import Project
from codegen.render.renderer import prelude
from codegen.review.loaded import Surroundings
from codegen.schema import Schedule

_SUMMARY_WORDS = {each: each.value for each in Verdict} | {Verdict.DIFFERS: "differ"}


def compare_with_meltano(
    project: Project, reading: Reading, generator: Path | None, airflow: Path | None, output: str = "text"
) -> ExitCode:
    """Compare the DAGs of Meltano's generator with those of the imported schedules, in one real Airflow.

    Raises:
        DagpressError: the generator, Airflow or Meltano is missing.
    """
    folder = project.meltano_project
    generator = generator or find_generator(folder)
    airflow, version, _ = airflow_of(project, airflow)
    schedules = reading.of(_deployment(project))
    generation = pipeline.render(project, reading, schedules)
    if has_errors(generation.diagnostics):
        report(generation.diagnostics, "text")
        return ExitCode.BAD_INPUT
    echo(f"Listing Meltano's schedules, and loading the DAGs in Airflow {version} ...", err=True)
    listed = listed_schedules(folder)
    loaded = load_both(airflow, generator, generation.files, folder, listed)
    if loaded.problems:
        report(loaded.problems, "text")
        return ExitCode.BAD_INPUT
    rows = compare(loaded.old, loaded.new, _surroundings(project, reading, schedules, listed))
    if output == "json":
        data: ComparisonWithMeltano = {
            "airflow": version,
            "generator": str(generator),
            "dags": [_as_data(row) for row in rows],
        }
        echo_json(data)
    else:
        _print_rows(rows, version)
    return ExitCode.FINE if all(row.expected for row in rows) else ExitCode.DRIFT


def _as_data(row: Comparison) -> ComparedDag:
    return {
        "dag_id": row.dag_id,
        "verdict": row.verdict.value,
        "expected": row.expected,
        "why": row.why,
        "differences": [{"what": d.what, "old": d.old, "new": d.new, "why": d.why} for d in row.differences],
    }


def _surroundings(
    project: Project, reading: Reading, schedules: Sequence[Schedule], listed: Mapping[str, Any]
) -> Surroundings:
    variable = project.project_root_variable
    preludes = tuple(prelude(name, variable) for name in PRELUDES)
    names = {schedule.dag_id_or_default: schedule.name for schedule in schedules}
    return Surroundings(str(project.meltano_project), variable, preludes, listed, names, reading.meltano)


def _deployment(project: Project) -> str:
    """Return the environment to compare, or an empty string in a project without environments."""
    deployment = default_environment(project)
    if deployment:
        print_environment(deployment, VARIABLE)
    return deployment


def _print_rows(rows: Sequence[Comparison], version: str) -> None:
    width = max((len(printable(row.dag_id)) for row in rows), default=0)
    echo(styled(f"{'DAG_ID':<{width}}  RESULT", bold=True))
    for row in rows:
        colour = "green" if row.verdict is Verdict.SAME else "yellow" if row.expected else "red"
        why = f": {printable(row.why)}" if row.why else ""
        echo(f"{printable(row.dag_id):<{width}}  {styled(row.verdict.value, fg=colour)}{why}")
        for each in row.differences:
            what, old, new = (printable(text) for text in (each.what, each.old, each.new))
            echo(f"    {styled(what, bold=True)}: {old} -> {new}")
            if each.why:
                echo(f"        {printable(each.why)}")
    numbers = Counter(row.verdict for row in rows)
    parts = ", ".join(f"{numbers[verdict]} {words}" for verdict, words in _SUMMARY_WORDS.items() if numbers[verdict])
    echo(f"{count(len(rows), 'DAG')} on Airflow {version}: {parts or 'nothing to compare'}.")
