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

_FORKS = Path(__file__).with_name("forks.py")
# In seconds, for all files together; for each, Airflow's own limit applies (`dagbag_import_timeout`, 30 by default).
_LIMIT = 600.0
# From that limit to the end of the Airflow process.
_GRACE = 60
_TAIL = 2_000
# The number of loaded files, at the start of each answer.
_DONE = re.compile(r'\{"done": (\d+)')
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Its settings stay, and PYTHONPATH: a DAG file may import what lies there.
_UNWANTED = ("PYTHONHOME", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV", f"{_DATABASE}_")
# The folders of a home that change how DAGs load: plugins, and local settings with cluster policies.
_OF_A_HOME = ("plugins", "config")


class LoadedFile(NamedTuple):
    """One DAG file in Airflow: its DAGs by id, as plain data (`inside.py`), tracebacks, and the output of its code."""

    dags: list[dict[str, Any]]
    errors: list[str]
    log: str


class LoadError(NamedTuple):
    """A traceback, or the last output of a process that ended; with the DAG and task that cannot be serialized."""

    traceback: str
    dag_id: str = ""
    task_id: str = ""


class CheckedFile(NamedTuple):
    """One DAG file in Airflow.

    Attributes:
        deprecations: lines with deprecated names, and Airflow's warning.
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
    """Load DAG files with that `airflow` program, in a temporary home.

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
    """Check DAG files, each with its DAGs folder; `on_progress` gets the number of loaded files.

    `files` is called while Airflow starts, which takes seconds.

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
    """The answer for each file (`forks.py`)."""
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
            # Processes that DAG files start end with it.
            output = process.run(
                [python_of(airflow), _FORKS],
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
    # The first line is about Airflow itself.
    _, *lines = output.stdout.splitlines() or [""]
    if output.code or len(lines) != len(numbered):
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
        _DATABASE: f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Whole tracebacks, and none of them in the log too: that is for what the files and their programs say.
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
