"""A Meltano project's own generator of DAGs: where it is, and what it means when it fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.sync.header import is_generated

if TYPE_CHECKING:
    from pathlib import Path

# Where Meltano puts it (files-airflow, orchestrate/dags/meltano.py), and how one is known.
_FILE = "orchestrate/dags/meltano.py"
_FILES = "orchestrate/**/*.py"
_LISTS_SCHEDULES = re.compile(r"schedule[\"'\s,]+list\b")
_TRACEBACK = "Traceback (most recent call last):\n"
_LINE = re.compile(r'File "([^"]+)", line (\d+)')
# What the generators that Meltano has handed out over the years raise, and the cure.
_CURES = {
    "KeyError: 'start_date'": "Meltano 4 tells no start dates any more, and this generator asks for them: run it with "
    "the Meltano that it was made for, or let it take schedule.get('start_date', '1970-01-01')",
    "'schedule_interval'": "this generator is for Airflow 2: name one with --airflow",
    "made of alphanumeric": "Airflow refuses this id, so the generator gives no DAG at all: rename the schedule in "
    "meltano.yml to compare the others",
    "missing the start_date": "Airflow refuses a DAG without a start date, so the generator gives no DAG at all",
    "Timeout": "Airflow gives a DAG file 30 seconds, or what AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT says",
    "No such file or directory": "put `meltano` on the PATH",
    "non-zero exit status": "run `meltano schedule list` in the project, and mend what it says",
}


def find_generators(folder: Path) -> list[Path]:
    """The files below a folder that ask Meltano for its schedules."""
    return [path for path in sorted(folder.glob(_FILES)) if path.is_file() and is_generator(path)]


def is_generator(path: Path) -> bool:
    """Whether a file that Dagpress has not generated asks Meltano for its schedules."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(_LISTS_SCHEDULES.search(text)) and not is_generated(text)


def find_generator(meltano_project: Path) -> Path:
    """The DAG file that asks Meltano for its schedules: `orchestrate/dags/meltano.py`, else another one in there.

    Raises:
        InvalidError: there is none, or there are several.
    """
    usual = meltano_project / _FILE
    if usual.is_file():
        return usual
    others = find_generators(meltano_project)
    if len(others) == 1:
        return others[0]
    found = f"several: {', '.join(path.name for path in others)}" if others else "none"
    raise InvalidError(
        f"of DAG files that run `meltano schedule list`, orchestrate/ has {found}", "name it with --generator"
    )


def failure(generator: Path, name: str, traceback: str, log: str) -> Diagnostic:
    """What went wrong in a DAG file, at the line in which it did.

    Args:
        generator: the file.
        name: how it is called in the message.
        traceback: Python's.
        log: what it and the programs that it calls wrote.
    """
    lines = [int(line) for path, line in _LINE.findall(traceback) if path == str(generator)]
    # After the frames, which are indented, comes the exception, whose message may have several lines.
    exceptions = [line for line in traceback.rpartition(_TRACEBACK)[2].splitlines() if line and not line[0].isspace()]
    message = exceptions[0] if exceptions else "it fails"
    hint = next((cure for words, cure in _CURES.items() if words in traceback), "")
    said = f"; the last that it wrote is: {log.strip().splitlines()[-1]}" if log.strip() else ""
    return Diagnostic(rules.DAGS_NOT_LOADED, message + said, Location(name, lines[-1] if lines else 1), hint)
