"""Loads the DAGs of a project's old generator and the DAGs of the generated files in one real Airflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from codegen.airflow.loading import load_dag_files
from codegen.diagnostics import Diagnostic
from codegen.meltano.generator import failure
from codegen.migrate.older_meltano import load_with_answer
from codegen.schema.model import PROJECT_ROOT_VARIABLE

# A generator for Meltano 1 expects a list; until Meltano 3, each schedule had a start date.
_OLDER_MELTANO_ERRORS = ("string indices must be integers", "KeyError: 'start_date'")


class Loaded(NamedTuple):
    """The DAGs of both sides as Airflow has loaded them, and the errors in all of the files."""

    old: Sequence[dict[str, Any]]
    new: Sequence[dict[str, Any]]
    problems: list[Diagnostic]


def load_both(
    airflow: Path, generator: Path, files: Mapping[str, str], meltano_project: Path, listed: Mapping[str, Any]
) -> Loaded:
    """Load a generator and the texts of generated files, given the schedules that Meltano lists."""
    with TemporaryDirectory(prefix="dagpress-") as folder:
        paths = [Path(folder, name) for name in files]
        for path, text in zip(paths, files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        root = {PROJECT_ROOT_VARIABLE: str(meltano_project)}
        places = [(path, path.parent) for path in (generator, *paths)]
        old, *new = load_dag_files(airflow, places, meltano_project, root, behaviour=True)
    if any(message in error.traceback for error in old.errors for message in _OLDER_MELTANO_ERRORS):
        old = load_with_answer(airflow, generator, meltano_project, listed)
    shown = generator.relative_to(meltano_project) if generator.is_relative_to(meltano_project) else generator
    loaded = [(generator, shown.as_posix(), old), *zip(paths, files, new, strict=True)]
    problems = [failure(path, name, error.traceback, file.log) for path, name, file in loaded for error in file.errors]
    return Loaded(old.dags, [dag for file in new for dag in file.dags], problems)
