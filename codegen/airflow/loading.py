"""Loads DAG files with an installed Airflow, and returns their DAGs as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from codegen import process
from codegen.airflow.installation import AirflowError, python_of
from codegen.text.json_text import read_json

_INSIDE = Path(__file__).with_name("inside.py")
# Airflow itself gives a DAG file 30 seconds (its `dagbag_import_timeout`); this is for all of them.
_TIMEOUT = 600.0
_TAIL = 2_000
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Its settings stay, and PYTHONPATH: a DAG file may import what lies there.
_UNWANTED = ("PYTHONHOME", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV", f"{_DATABASE}_")


class LoadedFile(NamedTuple):
    """One DAG file in Airflow: its DAGs by id, as plain data (`inside.py`), tracebacks, and the output of its code."""

    dags: list[dict[str, Any]]
    errors: list[str]
    log: str


def load_dag_files(
    airflow: Path, files: Sequence[Path], cwd: Path, env: Mapping[str, str], timeout: float = _TIMEOUT
) -> list[LoadedFile]:
    """Load DAG files with that `airflow` program, in one process and each in a fork of it; it leaves nothing behind.

    The variables are added to those of this process; the timeout, in seconds, is for all files together.

    Raises:
        AirflowError: it does not start, or takes too long.
    """
    command = [python_of(airflow), _INSIDE]
    requests = "".join(json.dumps({"operation": "import_file", "path": str(path)}) + "\n" for path in files)
    with TemporaryDirectory(prefix="dagpress-") as home:
        environ = {**_environ(process.inherited(*_UNWANTED), Path(home)), **env}
        try:
            # Whatever the DAG files start ends with it.
            done = process.run(
                command, limit=timeout, name="airflow", env=environ, cwd=cwd, given=requests, ends_group=True
            )
        except process.ProcessError as error:
            raise AirflowError(f"Airflow did not load the DAG files: {error.message}", error.hint) from error
    # The first is about Airflow itself.
    _, *answers = done.stdout.splitlines() or [""]
    if done.code or len(answers) != len(files):
        raise AirflowError(f"Airflow does not start: {done.stderr.strip()[-_TAIL:]}")
    return [_loaded(read_json(answer)) for answer in answers]


def _loaded(answer: dict[str, Any]) -> LoadedFile:
    if "crashed" in answer:
        return LoadedFile([], [answer["crashed"]], "")
    return LoadedFile(answer["dags"], answer["errors"], answer["log"])


def _environ(base: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of an Airflow with its own settings, but with a home, a database and logs that go away."""
    own_home = base.get("AIRFLOW_HOME")
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
