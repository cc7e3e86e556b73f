"""The harness of the slow tests: an installed Airflow, the demo project, and a `meltano` that records its calls."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import environments
from processes import TIMEOUT, processes_with, wait_until
from project_builder import write

from codegen.plan.names import imports_of
from codegen.render.layout import import_statement

RECORDER = """\
#!{python} -IS
import json, os, sys
decode = lambda text: os.fsencode(text).decode("utf-8", "surrogateescape")
environ = {{decode(name): decode(value) for name, value in os.environ.items()}}
call = dict(argv=[decode(argument) for argument in sys.argv[1:]], env=environ, cwd=os.getcwd())
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(call) + "\\n")
"""

COUNT_ROWS = """\
import duckdb, sys
print(duckdb.connect(sys.argv[1], read_only=True).execute(f"select count(*) from {sys.argv[2]}").fetchone()[0])
"""


def import_of(name: str, airflow: str) -> str:
    """Return the line that imports a name in the generated files of a version of Airflow."""
    ((imported,),) = imports_of([name], airflow)
    return import_statement(imported)


def meltano(folder: Path, *arguments: str, **variables: str) -> str:
    """Run the real `meltano` in a folder with environment variables, check its success, and return its stdout."""
    environ = environments.meltano_environ(MELTANO_SEND_ANONYMOUS_USAGE_STATS="false", **variables)
    done = subprocess.run(
        ["meltano", *arguments], cwd=folder, env=environ, text=True, capture_output=True, check=False, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Worker:
    """A process of `airflow_worker.py` inside an Airflow environment."""

    def __init__(self, python: Path, home: Path) -> None:
        """Start it and wait until it has imported Airflow."""
        # The modules that the test cases import.
        team = str(Path(__file__).with_name("team"))
        environ = environments.clean_environ(AIRFLOW_HOME=str(home), PYTHONPATH=team)
        command = [python, Path(__file__).with_name("airflow_worker.py")]
        self._log = (home / "worker.log").open("w")
        self._process = subprocess.Popen(
            command, env=environ, text=True, encoding="utf-8", stdin=-1, stdout=-1, stderr=self._log
        )
        self.started = self._answer()

    def import_file(self, path: Path, env: dict[str, str] | None = None) -> dict[str, Any]:
        """Load a DAG file: its `dags` as plain data, its `errors`, and the `warnings` that it causes.

        `env` changes the environment of the process that loads it.
        """
        return self._ask(operation="import_file", path=str(path), env=env or {})

    def execute(self, path: Path, dag_id: str, task_id: str, env: dict[str, str | None]) -> dict[str, Any]:
        """Execute a task, and return its `error` or None, the `rendered` template fields, the `result` and the `log`.

        `env` changes the environment of the worker; None unsets a variable.
        """
        return self._ask(operation="execute", path=str(path), dag_id=dag_id, task_id=task_id, env=env)

    def run_dag(self, path: Path, dag_id: str, date: str, env: dict[str, str | None]) -> dict[str, Any]:
        """Run a DAG for a logical date, and return the `states` of its tasks and the `log`."""
        return self._ask(operation="run_dag", path=str(path), dag_id=dag_id, date=date, env=env)

    def command(self, words: tuple[str, ...], environ: dict[str, str]) -> dict[str, Any]:
        """Run an `airflow` command in this environment, and return its exit `code` and its output as `log`.

        The time limit ends it before a failed task is retried, minutes later.
        """
        return self._ask(operation="command", words=words, environ=environ, limit=TIMEOUT)

    def pods_of(self, path: Path, dag_id: str, env: dict[str, str | None], in_cluster: Path) -> dict[str, Any]:
        """Build the pods of a DAG's tasks, and return the `error` or None, and the `pod` and `operator` by task."""
        return self._ask(operation="pods_of", path=str(path), dag_id=dag_id, env=env, in_cluster=str(in_cluster))

    def first_runs(self, path: Path, questions: dict[str, tuple[str, int]]) -> dict[str, list[list[str]]]:
        """Return the first runs of each DAG after a time, in UTC: the start and the data interval of each."""
        runs: dict[str, list[list[str]]] = self._ask(operation="first_runs", path=str(path), questions=questions)[
            "runs"
        ]
        return runs

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _ask(self, **request: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        assert "crashed" not in answer, answer["crashed"]
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the Airflow worker ended:\n{Path(self._log.name).read_text()}"
        answer: dict[str, Any] = json.loads(line)
        return answer


class Done(NamedTuple):
    """The exit code and the output of a command."""

    returncode: int
    stdout: str


@dataclass(frozen=True)
class Airflow:
    """An installed Airflow in an environment (`folder`), with its own home."""

    name: str
    version: str
    folder: Path
    home: Path
    worker: Worker

    def run(self, *arguments: str, dags_folder: Path, env: dict[str, str] | None = None) -> Done:
        """Run an `airflow` command in a fork of the worker, which has done the slow imports."""
        environ = environments.clean_environ() if env is None else env
        environ = environ | {"AIRFLOW_HOME": str(self.home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder)}
        answer = self.worker.command(arguments, environ)
        return Done(answer["code"], answer["log"])


@dataclass(frozen=True)
class DemoProject:
    """A copy of the demo project with its plugins installed and an empty warehouse."""

    folder: Path

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the environment variables of an Airflow that runs this project."""
        return environments.meltano_environ(MELTANO_PROJECT_ROOT=str(self.folder), **extra)

    def meltano(self, *arguments: str) -> str:
        """Run a `meltano` command and return its stdout."""
        return meltano(self.folder, *arguments)

    def rows(self, table: str) -> int:
        """Count the rows of a table, with the target's DuckDB."""
        python = self.folder / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin" / "python"
        command: list[str | Path] = [python, "-c", COUNT_ROWS, self.folder / "warehouse.duckdb", table]
        return int(subprocess.run(command, text=True, capture_output=True, check=True).stdout)


@dataclass(frozen=True)
class Call:
    """A call of the recording `meltano`."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


@dataclass(frozen=True)
class RecordingMeltano:
    """A `meltano` that only records its calls."""

    folder: Path

    @property
    def project(self) -> Path:
        """An empty Meltano project."""
        return self.folder / "project"

    @property
    def env(self) -> dict[str, str | None]:
        """The environment variables with which an Airflow worker calls it."""
        path = os.pathsep.join([str(self.folder), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "MELTANO_PROJECT_ROOT": str(self.project)}

    def take_calls(self) -> list[Call]:
        """Return the calls since the last time, and clear them."""
        calls = self.folder / "calls"
        if not calls.exists():
            return []
        lines = calls.read_text().splitlines()
        calls.unlink()
        return [Call(**json.loads(line)) for line in lines]


@dataclass(frozen=True)
class Invocation:
    """The demo project with an installed Airflow below `.dagpress`, for `dagpress invoke`."""

    demo: DemoProject
    version: str
    home: Path
    ports: dict[str, int]
    variables: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """Return its environment variables: a Meltano on the PATH, free ports, one task at a time, long timeouts."""
        # By default, a task fails if the API server takes 5 seconds, and Airflow 2 stops its webserver after 120.
        patient = dict.fromkeys(("WORKERS__EXECUTION_API_TIMEOUT", "WEBSERVER__WEB_SERVER_MASTER_TIMEOUT"), TIMEOUT)
        settings = {**self.ports, **patient, "CORE__PARALLELISM": 1, "API__WORKERS": 1, "WEBSERVER__WORKERS": 1}
        variables = {f"AIRFLOW__{name}": str(value) for name, value in settings.items()}
        return environments.meltano_environ(**variables, **self.variables)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `dagpress invoke airflow`, check its exit code, and return stdout; stderr is in `stderr`."""
        done = subprocess.run(
            self._command(*arguments), env=self.environ(), text=True, capture_output=True, check=False, timeout=TIMEOUT
        )
        assert done.returncode == code, done.stdout + done.stderr
        self.stderr.write_text(done.stderr)
        return done.stdout

    @property
    def stderr(self) -> Path:
        """The stderr of the last command."""
        return self.home / "stderr"

    @property
    def log(self) -> Path:
        """The output of the started commands."""
        return self.home / "invoked.log"

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `dagpress invoke airflow` during the block, and kill its remaining processes."""
        with (
            self.log.open("ab") as log,
            subprocess.Popen(self._command(*arguments), env=self.environ(), stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()
                self.kill()

    def _command(self, *arguments: str) -> list[str | Path]:
        program = Path(sys.executable).with_name("dagpress")
        return [program, "--project", self.demo.folder, "invoke", "airflow", *arguments]

    def states(self, dag_id: str) -> list[str]:
        """Return the states of the runs of a DAG."""
        return [state for (state,) in self.rows("select state from dag_run where dag_id = ? order by id", dag_id)]

    def has_logical_date(self, dag_id: str) -> bool:
        """Return whether every run of a DAG has a logical date."""
        column = "execution_date" if self.version.startswith("2.") else "logical_date"
        return all(date for (date,) in self.rows(f"select {column} from dag_run where dag_id = ?", dag_id))  # noqa: S608

    def has_scheduler(self) -> bool:
        """Return whether the database has the heartbeat of a running scheduler."""
        return bool(self.rows("select id from job where job_type = 'SchedulerJob' and state = 'running'"))

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Query Airflow's database, which is faster than Airflow's commands."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def await_states(self, dag_id: str, states: list[str]) -> None:
        """Wait until the runs of a DAG have these states."""
        self.wait_until(lambda: self.states(dag_id) == states)

    def wait_until(self, what: Callable[[], bool], pause: float = 0.2) -> None:
        """Poll a condition, and fail with the log at the time limit."""
        wait_until(what, pause, lambda: self.log.read_text(errors="replace")[-20000:])

    def processes(self) -> list[str]:
        """Return every process of this home, by its environment (Linux)."""
        return processes_with(f"AIRFLOW_HOME={self.home}")

    def kill(self) -> None:
        """Kill the remaining processes."""
        for process in self.processes():
            subprocess.run(["kill", "-KILL", process], check=False)


def free_ports(count: int) -> list[int]:
    """Return free ports."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


def generate(project: Path) -> None:
    """Run `dagpress generate` on a project, and check its success."""
    command: list[str | Path] = [Path(sys.executable).with_name("dagpress"), "--project", project, "generate"]
    done = subprocess.run(command, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


def generate_examples(version: str, project: Path) -> Path:
    """Generate `examples/` for a version of Airflow, and return the folder of the DAG files and their imports.

    Tasks fail without retries.
    """
    shutil.copytree(environments.ROOT / "examples", project)
    write(project, {"dagpress.toml": f'airflow = "{version}"\n', "schedules/_defaults.yml": "retries: 0\n"})
    dags = project / "generated_dags"
    shutil.rmtree(dags)
    generate(project)
    shutil.copytree(project / "plugins", dags, dirs_exist_ok=True)
    return dags
