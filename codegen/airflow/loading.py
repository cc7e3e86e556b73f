"""Loads DAG files with an installed Airflow, and returns their DAGs as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from codegen import process
from codegen.airflow.installation import AirflowError, python_of
from codegen.text.json_text import read_json

_LANES = Path(__file__).with_name("lanes.py")
# For all files together, in seconds; each has Airflow's own limit (its `dagbag_import_timeout`, 30 by default).
_LIMIT = 600.0
# From that limit until Airflow itself is ended.
_GRACE = 60
_TAIL = 2_000
# How many files are done, in front of each answer.
_DONE = re.compile(r'\{"done": (\d+)')
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Its settings stay, and PYTHONPATH: a DAG file may import what lies there.
_UNWANTED = ("PYTHONHOME", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV", f"{_DATABASE}_")
# What a home adds to Airflow: the plugins, and the local settings with the cluster policies.
_OF_A_HOME = ("plugins", "config")


class LoadedFile(NamedTuple):
    """One DAG file in Airflow: its DAGs by id, as plain data (`inside.py`), tracebacks, and the output of its code."""

    dags: list[dict[str, Any]]
    errors: list[str]
    log: str


class LoadError(NamedTuple):
    """A traceback, or the last output of a process that the file ended; with the DAG that does not serialize."""

    traceback: str
    dag_id: str = ""
    task_id: str = ""


class CheckedFile(NamedTuple):
    """One DAG file in Airflow.

    Attributes:
        deprecations: the lines that use something deprecated, and what Airflow says of it.
        awaits: the URIs of the assets that start each DAG.
        gives: the URIs of the assets that its tasks produce.
        log: the output of its code.
    """

    errors: list[LoadError]
    deprecations: list[tuple[int, str]]
    awaits: dict[str, list[str]]
    gives: list[str]
    log: str


def load_dag_files(
    airflow: Path, files: Sequence[Path], cwd: Path, env: Mapping[str, str], timeout: float = _LIMIT
) -> list[LoadedFile]:
    """Load DAG files with that `airflow` program, in one process with a few forks; it leaves nothing behind.

    The variables are added to those of this process; the timeout, in seconds, is for all files together.

    Raises:
        AirflowError: it does not start.
    """
    places = [(path, path.parent) for path in files]
    return [_loaded(answer) for answer in _answers(airflow, "import_file", lambda: places, cwd, env, timeout)]


def check_dag_files(
    airflow: Path,
    files: Callable[[], Sequence[tuple[Path, Path]]],
    cwd: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[CheckedFile]:
    """Check DAG files, each with the folder of DAG files that it lies in; `on_progress` gets how many are done.

    They are asked for while Airflow starts, which takes seconds.

    Raises:
        AirflowError: it does not start.
    """
    return [_checked(answer) for answer in _answers(airflow, "check_file", files, cwd, env, _LIMIT, on_progress)]


def _answers(  # noqa: PLR0913, PLR0917  # what both have in common
    airflow: Path,
    operation: str,
    files: Callable[[], Sequence[tuple[Path, Path]]],
    cwd: Path,
    env: Mapping[str, str],
    limit: float,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """The answer for each file (`lanes.py`)."""
    numbered: list[tuple[int, str, str]] = []

    def request() -> str:
        numbered.extend((number, str(path), str(folder)) for number, (path, folder) in enumerate(files()))
        return json.dumps({"operation": operation, "files": numbered, "limit": limit})

    def show(line: str) -> None:
        if match := _DONE.match(line):
            on_progress(int(match[1]))

    with TemporaryDirectory(prefix="dagpress-") as home:
        environ = _environ({**process.inherited(*_UNWANTED), **env}, Path(home))
        try:
            # Whatever the DAG files start ends with it.
            output = process.run(
                [python_of(airflow), _LANES],
                limit=limit + _GRACE,
                name="airflow",
                env=environ,
                cwd=cwd,
                given=request,
                on_line=show,
                ends_group=True,
            )
        except process.ProcessError as error:
            raise AirflowError(f"Airflow did not load the DAG files: {error.message}", error.hint) from error
    # The first is about Airflow itself.
    first, *lines = output.stdout.splitlines() or [""]
    if first and len(lines) != len(numbered):
        done = f"after {len(lines)} of {len(numbered)} DAG files"
        message = f"the code of one of them ended Airflow {done} (exit code {output.code})"
        raise AirflowError(message, "name some of the schedules to find it")
    if output.code or not first:
        raise AirflowError(f"Airflow does not start: {output.stderr.strip()[-_TAIL:]}")
    return sorted(map(read_json, lines), key=lambda answer: int(answer["number"]))


def _loaded(answer: dict[str, Any]) -> LoadedFile:
    if "crashed" in answer:
        return LoadedFile([], [answer["crashed"]], "")
    return LoadedFile(answer["dags"], answer["errors"], answer["log"])


def _checked(answer: dict[str, Any]) -> CheckedFile:
    if "crashed" in answer:
        return CheckedFile([LoadError(answer["crashed"])], [], {}, [], "")
    errors = [LoadError(**error) for error in answer["errors"]]
    deprecations = [(int(line), text) for line, text in answer["deprecations"]]
    return CheckedFile(errors, deprecations, answer["awaits"], answer["gives"], answer["log"])


def _environ(base: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of an Airflow with its own settings, but with a home, a database and logs that go away."""
    own_home = base.get("AIRFLOW_HOME")
    for name in _OF_A_HOME if own_home else ():
        (home / name).symlink_to(Path(str(own_home), name).absolute())
    own = base.get("AIRFLOW_CONFIG") or (str(Path(own_home, "airflow.cfg")) if own_home else "")
    settings = {"AIRFLOW_CONFIG": own} if own and Path(own).is_file() else {}
    return {
        **base,
        **settings,
        "AIRFLOW_HOME": str(home),
        "TMPDIR": str(home),
        _DATABASE: f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Whole tracebacks, and none of them in the log too: that is for what the files and their programs say.
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
