"""The proof of an import: the DAGs of the old generator beside those of the generated files."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from codegen import pipeline
from codegen.airflow import AirflowError, installation_of, version_of
from codegen.airflow.loading import LoadedFile, load_dag_files
from codegen.airflow_facts import VERSIONS
from codegen.cli.deployment import VARIABLE, default_environment, say_environment
from codegen.cli.exit_code import ExitCode
from codegen.cli.printer import echo, echo_json, report
from codegen.diagnostics import InvalidError, count, has_errors, printable
from codegen.meltano.generator import failure, find_generator
from codegen.meltano.invocation import MeltanoError, listed_schedules
from codegen.migrate.verification import Comparison, Surroundings, Verdict, compare
from codegen.plan import PRELUDES
from codegen.render.renderer import prelude
from codegen.schema.model import PROJECT_ROOT_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codegen.diagnostics import Diagnostic
    from codegen.loader import Overlay
    from codegen.project import Project

_IN_SUM = {Verdict.SAME: "same", Verdict.DIFFERS: "differ", Verdict.OLD_ONLY: "only old", Verdict.NEW_ONLY: "only new"}


def verify(
    project: Project, overlay: Overlay, generator: Path | None, airflow: Path | None, output: str = "text"
) -> ExitCode:
    """Compare what the old generator gives with what the generated files would give, on one real Airflow.

    Args:
        project: the project; what is written of its generated files does not matter.
        overlay: the schedules that an import would write.
        generator: the old generator; without it, the project's own is found.
        airflow: an `airflow` program; without it, the project's own, else the one on the PATH.
        output: `text` or `json`.

    Returns:
        0 where all DAGs that ran before run on as they did, else 1; 2 where it could not be compared.

    Raises:
        click.ClickException: there is no generator, no Airflow or no Meltano to compare with.
    """
    meltano_project = project.meltano_project
    try:
        generator = generator or find_generator(meltano_project)
        airflow = airflow or installation_of(project).program
        version = version_of(airflow)
        project = _for_airflow(project, version)
        generation = _generated(project, overlay)
        if has_errors(generation.diagnostics):
            report(generation.diagnostics, "text")
            return ExitCode.BAD_INPUT
        echo(f"Asking Meltano for its schedules, and Airflow {version} for the DAGs ...", err=True)
        listed = listed_schedules(meltano_project)
        loaded, problems = _load(airflow, generator, generation.files, meltano_project)
    except (AirflowError, InvalidError) as error:
        raise click.ClickException(error.message + (f" ({error.hint})" if error.hint else "")) from error
    except MeltanoError as error:
        raise click.ClickException(str(error)) from error
    if problems:
        report(problems, "text")
        return ExitCode.BAD_INPUT
    old, *new = [file.dags for file in loaded]
    names = {schedule.dag_id_or_default: schedule.name for schedule in generation.schedules}
    variable = project.project_root_variable
    preludes = tuple(prelude(name, variable) for name in PRELUDES)
    around = Surroundings(str(meltano_project), variable, preludes, listed, names)
    rows = compare(old, chain.from_iterable(new), around)
    if output == "json":
        echo_json({"airflow": version, "generator": str(generator), "dags": _as_data(rows)})
    else:
        _print_table(rows)
    return ExitCode.FINE if all(row.is_expected for row in rows) else ExitCode.DRIFT


def _generated(project: Project, overlay: Overlay) -> pipeline.Generation:
    """The DAG files, those of one environment: the old generator knows no others."""
    environment = default_environment(project)
    if environment:
        say_environment(environment, VARIABLE)
    reading = pipeline.read(project, overlay)
    return pipeline.render(project, reading, reading.of(environment))


def _for_airflow(project: Project, version: str) -> Project:
    """The project, generating for the Airflow that is there.

    Raises:
        AirflowError: nothing can be generated for that version.
    """
    minor = ".".join(re.findall(r"\d+", version)[:2])
    if minor not in VERSIONS:
        raise AirflowError(f"Airflow {version} is not supported", f"name one of {', '.join(VERSIONS)} with --airflow")
    if minor != project.airflow:
        echo(f"The project is set to Airflow {project.airflow}; compared is what it gives for {minor}.", err=True)
    return dataclasses.replace(project, airflow=minor)


def _load(
    airflow: Path, generator: Path, files: Mapping[str, str], meltano_project: Path
) -> tuple[list[LoadedFile], list[Diagnostic]]:
    """What Airflow makes of the generator and then of each generated file, and what is wrong with them."""
    with TemporaryDirectory(prefix="dagpress-") as folder:
        paths = [Path(folder, name) for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        root = {PROJECT_ROOT_VARIABLE: str(meltano_project)}
        loaded = load_dag_files(airflow, [generator, *paths], meltano_project, root)
    shown = generator.relative_to(meltano_project) if generator.is_relative_to(meltano_project) else generator
    names = [(generator, shown.as_posix()), *zip(paths, files, strict=True)]
    problems = [
        failure(path, name, error, file.log)
        for (path, name), file in zip(names, loaded, strict=True)
        for error in file.errors
    ]
    return loaded, problems


def _as_data(rows: Sequence[Comparison]) -> list[dict[str, object]]:
    return [
        {
            "dag_id": row.dag_id,
            "verdict": row.verdict.value,
            "expected": row.is_expected,
            "why": row.why,
            "differences": [dataclasses.asdict(difference) for difference in row.differences],
        }
        for row in rows
    ]


def _print_table(rows: Sequence[Comparison]) -> None:
    width = max((len(printable(row.dag_id)) for row in rows), default=0)
    echo(click.style(f"{'DAG_ID':<{width}}  RESULT", bold=True))
    for row in rows:
        colour = "green" if row.verdict is Verdict.SAME else "yellow" if row.is_expected else "red"
        why = f": {printable(row.why)}" if row.why else ""
        echo(f"{printable(row.dag_id):<{width}}  {click.style(row.verdict.value, fg=colour)}{why}")
        for each in row.differences:
            what, old, new = (printable(text) for text in (each.what, each.old, each.new))
            echo(f"    {click.style(what, bold=True)}: {old} -> {new}")
            if each.why:
                echo(f"        {printable(each.why)}")
    numbers = Counter(row.verdict for row in rows)
    parts = ", ".join(f"{numbers[verdict]} {words}" for verdict, words in _IN_SUM.items() if numbers[verdict])
    echo(f"{count(len(rows), 'DAG')}: {parts or 'nothing to compare'}.")
