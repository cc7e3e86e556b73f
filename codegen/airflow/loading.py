"""Loads DAG files with an installed Airflow, and returns their DAGs as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

from codegen import process
from codegen.airflow.installation import AirflowError, python_of
from codegen.text.json_text import read_json

_FORKS = Path(__file__).with_name("forks.py")
# Seconds for all files together; Airflow's own limit applies to each (`dagbag_import_timeout`, 30 by default).
_TIMEOUT = 600.0
# Seconds from that limit to the kill of the Airflow process.
_GRACE_SECONDS = 60
_LOG_TAIL = 2_000
# The number of loaded files, at the start of each answer.
_PROGRESS = re.compile(r'\{"done": (\d+)')
# A warning in Airflow's form, after the path of its file: `path:line: category: message`.
_WARNING = re.compile(r":(\d+): ([\w.]+): (.*)", re.DOTALL)
_DEPRECATED = re.compile("Deprecat|RemovedIn")
_DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
# Airflow's settings stay, and so does PYTHONPATH: DAG files may import modules from there.
_DROPPED_VARIABLES = ("PYTHONHOME", "PYTHONSAFEPATH", "VIRTUAL_ENV", "__PYVENV", f"{_DATABASE}_")
# The folders of a home that change how DAGs load: plugins, and local settings with cluster policies.
_HOME_FOLDERS = ("plugins", "config")


class LoadError(NamedTuple):
    """A traceback, or the last output of a process that exited; with the DAG and task that cannot be serialized."""

    traceback: str
    dag_id: str = ""
    task_id: str = ""


class LoadedFile(NamedTuple):
    """A DAG file as loaded by Airflow (`inside.py`).

    Attributes:
        deprecations: lines with deprecated names, and Airflow's warning.
        awaits: the URIs of the assets that start each DAG.
        produces: the URIs of the assets that its tasks produce.
        dags: the behaviour of its DAGs, as plain data.
        log: the output of its code.
    """

    errors: Sequence[LoadError]
    deprecations: Sequence[tuple[int, str]] = ()
    awaits: Mapping[str, Sequence[str]] = MappingProxyType({})
    produces: Sequence[str] = ()
    dags: Sequence[dict[str, Any]] = ()
    log: str = ""


def load_dag_files(  # noqa: PLR0913
    airflow: Path,
    files: Iterable[tuple[Path, Path]],
    cwd: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int], None] = lambda _: None,
    *,
    behaviour: bool = False,
) -> list[LoadedFile]:
    """Load DAG files with that `airflow` program, in a temporary home.

    Args:
        airflow: the program.
        files: the files, each with its DAGs folder; iterated while Airflow starts, which takes seconds.
        cwd: the working directory.
        env: variables that are added to those of this process.
        on_progress: called with the number of loaded files.
        behaviour: whether to return the behaviour of the DAGs.

    Raises:
        AirflowError: Airflow failed to start.
    """
    numbered: list[tuple[int, str, str]] = []

    def request() -> str:
        numbered.extend((number, str(path), str(folder)) for number, (path, folder) in enumerate(files))
        return json.dumps({"behaviour": behaviour, "files": numbered, "limit": _TIMEOUT})

    def show(line: str) -> None:
        if match := _PROGRESS.match(line):
            on_progress(int(match[1]))

    with TemporaryDirectory(prefix="dagpress-") as home:
        environ = _environ({**process.inherited(*_DROPPED_VARIABLES), **env}, Path(home))
        try:
            # Also ends processes that DAG files have started.
            output = process.run(
                [python_of(airflow), _FORKS],
                limit=_TIMEOUT + _GRACE_SECONDS,
                name="airflow",
                env=environ,
                cwd=cwd,
                stdin=request,
                on_line=show,
                ends_group=True,
            )
        except process.ProcessError as error:
            raise AirflowError(f"Airflow did not load the DAG files: {error.message}", error.hint) from error
    # The first line is about Airflow itself.
    first, *lines = output.stdout.splitlines() or [""]
    if first and len(lines) != len(numbered):
        done = f"{len(lines)} of {len(numbered)} files"
        message = f"a DAG file terminated Airflow, after {done} (exit code {output.code})"
        raise AirflowError(message, "pass fewer schedules at a time to find it")
    if output.code or not first:
        raise AirflowError(f"Airflow failed to start: {output.stderr.strip()[-_LOG_TAIL:]}")
    answers = {int(answer["number"]): answer for answer in map(read_json, lines)}
    return [_loaded(path, answers[number]) for number, path, _ in numbered]


def _loaded(path: str, answer: dict[str, Any]) -> LoadedFile:
    if "crashed" in answer:
        return LoadedFile([LoadError(answer["crashed"])])
    errors = [LoadError(**error) for error in answer["errors"]]
    found = (_WARNING.fullmatch(text, len(path)) for text in answer["warnings"] if text.startswith(path))
    deprecations = dict.fromkeys((int(match[1]), match[3]) for match in found if match and _DEPRECATED.search(match[2]))
    return LoadedFile(errors, [*deprecations], answer["awaits"], answer["produces"], answer["dags"], answer["log"])


def _environ(base: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the environment variables of an Airflow with its own settings, but a temporary home, database and logs."""
    own_home = base.get("AIRFLOW_HOME")
    for name in _HOME_FOLDERS if own_home else ():
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
        # Full tracebacks, and only in the answers: the log is for the output of the files and their programs.
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "100",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
