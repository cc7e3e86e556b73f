"""Finds Meltano's DAG generator in a project, and suggests fixes for its failures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.files import Boundary, is_file, text_of, walk
from codegen.sync.header import is_generated
from codegen.text.tracebacks import line_in, summary_of

# The generator's default path (from files-airflow), and patterns for the command that every generator runs.
_FILE = "orchestrate/dags/meltano.py"
_FOLDER = "orchestrate"
_LISTS_SCHEDULES = re.compile(r"schedule[\"'\s,]+list\b|\bScheduleService\b")
_IMPORT, _IDENTIFIER = re.compile(r"\b(?:import|from)\b"), re.compile(r"\w+")
_MAKES_DAGS = re.compile(r"\bDAG\(|@dag\b")
# Fixes by parts of the tracebacks of generators that Meltano has shipped.
_FIXES = {
    "KeyError: 'start_date'": "Meltano 4 no longer lists start dates, which this generator requires: run it with an "
    "older Meltano, or change it to schedule.get('start_date', '1970-01-01')",
    "string indices must be integers": "this generator is for Meltano 1, which has no jobs, but the project has some",
    "No module named 'meltano'": "this generator is older than Meltano 1.41 and imports Meltano itself: pass a newer "
    "one with --generator; `meltano add files-airflow` creates it in a new Meltano project",
    "'schedule_interval'": "Airflow 3 has no `schedule_interval`: use `schedule` in the generator, which Airflow 2 "
    "accepts too",
    "made of alphanumeric": "Airflow rejects this ID, so the generator creates no DAG at all: rename the schedule in "
    "meltano.yml to compare the others",
    "missing the start_date": "Airflow rejects a DAG without a start date, so the generator creates no DAG at all",
    "Timeout": "a DAG file must load within 30 seconds, or within AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT",
    "No such file or directory": "add `meltano` to the PATH",
    "non-zero exit status": "run `meltano schedule list` in the project, and fix what it reports",
}


def find_generators(folder: Path) -> list[Path]:
    """Return the generators in a Meltano project directory."""
    return [path for path in _python_files(folder / _FOLDER, Boundary(folder)) if is_generator(path)]


def is_generator(path: Path) -> bool:
    """Return whether a file, or a module it imports, creates DAGs from Meltano's schedules; false for our own files."""
    text = text_of(path)
    imported = {name for line in text.split("\n") if _IMPORT.search(line) for name in _IDENTIFIER.findall(line)}
    modules = (other for other in _python_files(path.parent, Boundary(path.parent)) if other.stem in imported)
    return (
        bool(_MAKES_DAGS.search(text))
        and not is_generated(text)
        and any(_LISTS_SCHEDULES.search(each) for each in (text, *map(text_of, modules)))
    )


def _python_files(folder: Path, boundary: Boundary) -> Iterator[Path]:
    paths = sorted(Path(entry.path) for entry in walk(folder, boundary) if entry.name.endswith(".py"))
    return (path for path in paths if boundary.has(path) and is_file(path))


def find_generator(meltano_project: Path) -> Path:
    """Return the generator: `orchestrate/dags/meltano.py`, else the only other one in `orchestrate`.

    Raises:
        InvalidError: there is no generator, or there are several.
    """
    usual = meltano_project / _FILE
    if is_file(usual) and is_generator(usual):
        return usual
    others = find_generators(meltano_project)
    if len(others) == 1:
        return others[0]
    names = ", ".join(path.name for path in others)
    found = "several DAG files in orchestrate/ run" if others else "no DAG file in orchestrate/ runs"
    raise InvalidError(f"{found} `meltano schedule list`{names and f': {names}'}", "pass one with --generator")


def failure(generator: Path, name: str, traceback: str, log: str) -> Diagnostic:
    """Return the error of a generator, located at its line.

    Args:
        generator: the file.
        name: its path in the message.
        traceback: Python's traceback.
        log: the output of the generator and its subprocesses.
    """
    hint = next((fix for part, fix in _FIXES.items() if part in traceback), "")
    place = Location(name, line_in(traceback, str(generator)) or 1)
    return Diagnostic(rules.DAGS_NOT_LOADED, summary_of(traceback, log), place, hint)
