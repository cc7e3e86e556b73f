"""What the slow tests work with: an installed Airflow, the demo project, and a `meltano` that only records."""

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
from processes import PATIENCE, await_that, processes_with
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
    """Run the real `meltano` in a folder with those variables, see that it succeeds, and return its stdout."""
    environ = environments.meltano_environ(MELTANO_SEND_ANONYMOUS_USAGE_STATS="false", **variables)
    done = subprocess.run(
        ["meltano", *arguments], cwd=folder, env=environ, text=True, capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Worker:
    """A process of `airflow_worker.py` inside an Airflow environment."""

    def __init__(self, python: Path, home: Path) -> None:
        """Start it and wait until it has imported Airflow."""
        # The modules that the cases import.
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

        `env` changes the environment in which it is loaded.
        """
        return self._ask(operation="import_file", path=str(path), env=env or {})

    def execute(self, path: Path, dag_id: str, task_id: str, env: dict[str, str | None]) -> dict[str, Any]:
        """Execute a task: its `error` or None, the `rendered` template fields, the `result` and the `log`.

        `env` changes the environment of the worker; None unsets a variable.
        """
        return self._ask(operation="execute", path=str(path), dag_id=dag_id, task_id=task_id, env=env)

    def run_dag(self, path: Path, dag_id: str, date: str, env: dict[str, str | None]) -> dict[str, Any]:
        """Run a DAG for a logical date: the `states` of its tasks, and the `log`."""
        return self._ask(operation="run_dag", path=str(path), dag_id=dag_id, date=date, env=env)

    def command(self, words: tuple[str, ...], environ: dict[str, str]) -> dict[str, Any]:
        """Run an `airflow` command in this environment: its exit `code`, and the `log`, which is what it prints.

        A task that failed waits for its retry, which is minutes away: this ends before.
        """
        return self._ask(operation="command", words=words, environ=environ, limit=PATIENCE)

    def pods_of(self, path: Path, dag_id: str, env: dict[str, str | None], in_cluster: Path) -> dict[str, Any]:
        """Build the pods of a DAG's tasks: the `error` or None, and by task the `pod` and its `operator`."""
        return self._ask(operation="pods_of", path=str(path), dag_id=dag_id, env=env, in_cluster=str(in_cluster))

    def first_runs(self, path: Path, questions: dict[str, tuple[str, int]]) -> dict[str, list[list[str]]]:
        """Return so many runs of each DAG after a moment, in UTC: when each starts, and its data interval."""
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
    """How a command has ended, and what it has printed."""

    returncode: int
    stdout: str


@dataclass(frozen=True)
class Airflow:
    """One installed Airflow, in an environment (`folder`), with a home of its own."""

    name: str
    version: str
    folder: Path
    home: Path
    worker: Worker

    def run(self, *arguments: str, dags_folder: Path, env: dict[str, str] | None = None) -> Done:
        """Run an `airflow` command in a fork of the worker, which has imported all that takes long."""
        environ = environments.clean_environ() if env is None else env
        environ = environ | {"AIRFLOW_HOME": str(self.home), "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder)}
        answer = self.worker.command(arguments, environ)
        return Done(answer["code"], answer["log"])


@dataclass(frozen=True)
class DemoProject:
    """A copy of the demo project, its plugins installed, nothing loaded yet."""

    folder: Path

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the environment of an Airflow that runs this project."""
        return environments.meltano_environ(MELTANO_PROJECT_ROOT=str(self.folder), **extra)

    def meltano(self, *arguments: str) -> str:
        """Run a `meltano` command and return its stdout."""
        return meltano(self.folder, *arguments)

    def rows(self, table: str) -> int:
        """Count the rows of a table, with the duckdb of the target."""
        python = self.folder / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin" / "python"
        command: list[str | Path] = [python, "-c", COUNT_ROWS, self.folder / "warehouse.duckdb", table]
        return int(subprocess.run(command, text=True, capture_output=True, check=True).stdout)


@dataclass(frozen=True)
class Call:
    """One call of the recording `meltano`."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


@dataclass(frozen=True)
class RecordingMeltano:
    """A `meltano` that does nothing but write down how it was called."""

    folder: Path

    @property
    def project(self) -> Path:
        """An empty Meltano project."""
        return self.folder / "project"

    @property
    def env(self) -> dict[str, str | None]:
        """What the environment of an Airflow worker needs, to call it."""
        path = os.pathsep.join([str(self.folder), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "MELTANO_PROJECT_ROOT": str(self.project)}

    def take_calls(self) -> list[Call]:
        """Return the calls since the last time, and forget them."""
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
        """Return the environment to call it in: a Meltano on the PATH, free ports, one task at a time, patience."""
        # By default a task fails when its API server takes 5 seconds, and Airflow 2 ends its webserver after 120.
        patient = dict.fromkeys(("WORKERS__EXECUTION_API_TIMEOUT", "WEBSERVER__WEB_SERVER_MASTER_TIMEOUT"), PATIENCE)
        settings = {**self.ports, **patient, "CORE__PARALLELISM": 1, "API__WORKERS": 1, "WEBSERVER__WORKERS": 1}
        variables = {f"AIRFLOW__{name}": str(value) for name, value in settings.items()}
        return environments.meltano_environ(**variables, **self.variables)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run `dagpress invoke airflow`, see that it ends with that code, and return stdout; stderr is in `stderr`."""
        done = subprocess.run(
            self._command(*arguments), env=self.environ(), text=True, capture_output=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == code, done.stdout + done.stderr
        self.stderr.write_text(done.stderr)
        return done.stdout

    @property
    def stderr(self) -> Path:
        """What the last command has said beside its output."""
        return self.home / "stderr"

    @property
    def log(self) -> Path:
        """What the commands that were started have printed."""
        return self.home / "invoked.log"

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start `dagpress invoke airflow`; whatever is left of it in the end is killed."""
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
        """Whether every run of a DAG has a logical date."""
        column = "execution_date" if self.version.startswith("2.") else "logical_date"
        return all(date for (date,) in self.rows(f"select {column} from dag_run where dag_id = ?", dag_id))  # noqa: S608

    def has_scheduler(self) -> bool:
        """Whether a scheduler says in the database that it runs."""
        return bool(self.rows("select id from job where job_type = 'SchedulerJob' and state = 'running'"))

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Return rows of Airflow's database, which is faster than asking Airflow."""
        with closing(sqlite3.connect(f"file:{self.home / 'airflow.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def await_states(self, dag_id: str, states: list[str]) -> None:
        """Wait until these are the states of the runs of a DAG."""
        self.await_that(lambda: self.states(dag_id) == states)

    def await_that(self, what: Callable[[], bool], pause: float = 0.2) -> None:
        """Wait until something is so, looking after each pause; fail with the log if it does not become so."""
        await_that(what, pause, lambda: self.log.read_text(errors="replace")[-20000:])

    def processes(self) -> list[str]:
        """Return every process that belongs to this home, by its environment (Linux)."""
        return processes_with(f"AIRFLOW_HOME={self.home}")

    def kill(self) -> None:
        """Kill what is left."""
        for process in self.processes():
            subprocess.run(["kill", "-KILL", process], check=False)


def free_ports(count: int) -> list[int]:
    """Return ports at which nothing listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


def generate(project: Path) -> None:
    """Run `dagpress generate` on a project, and see that it succeeds."""
    command: list[str | Path] = [Path(sys.executable).with_name("dagpress"), "--project", project, "generate"]
    done = subprocess.run(command, text=True, stdout=-1, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


def generate_examples(version: str, project: Path) -> Path:
    """Generate `examples/` for a version of Airflow, and return the folder of its DAG files and of what they import.

    A task that fails does so at once.
    """
    shutil.copytree(environments.ROOT / "examples", project)
    write(project, {"dagpress.toml": f'airflow = "{version}"\n', "schedules/_defaults.yml": "retries: 0\n"})
    dags = project / "generated_dags"
    shutil.rmtree(dags)
    generate(project)
    shutil.copytree(project / "plugins", dags, dirs_exist_ok=True)
    return dags
