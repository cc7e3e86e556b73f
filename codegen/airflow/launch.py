"""Runs a command of the project's Airflow: in place of this process, or together with the processes that it needs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from codegen import process
from codegen.airflow.background import Daemon, daemon_of, fork, remove_stale_pid_file
from codegen.airflow.dag_folders import (
    BUNDLES,
    DAGS_FOLDER,
    airflow_environ,
    configures_dag_folders,
    digest_of_dags,
    link_dag_folders,
    old_generators,
    write_local_settings,
)
from codegen.airflow.home import Configuration, home_of, lacks_database, set_up, variable_of, write_configuration
from codegen.airflow.installation import AirflowError, Installation, installation_of, keep_out_of_git
from codegen.airflow.ports import API_HOST, API_PORT, SKIP_LOGS, WEB_HOST, WEB_PORT, Ports, answers
from codegen.airflow.standalone import path_without_log_servers
from codegen.airflow.supervisor import Program, supervise
from codegen.airflow.translation import translate
from codegen.airflow_facts import VERSIONS
from codegen.meltano import read_meltano_project
from codegen.meltano.invocation import MeltanoError, find_meltano, set_up_system_database
from codegen.meltano.system_database import may_lack_system_database
from codegen.project import Project

_HELP = {"-h", "--help"}
# The commands that do not need the database, and the one that sets it up.
_NEED_NO_DATABASE = {"cheat-sheet", "config", "db", "info", "plugins", "providers", "version"}
# The commands that look up a DAG in the database, which may not have new files yet.
_NEED_DAGS = {"dags", "tasks", "backfill"}
_NEED_NO_DAGS = {"reserialize", "test", "report"}
# The commands that run several tasks at a time themselves. `dags backfill` is from Airflow 2.
_RUN_TASKS = {("scheduler",), ("standalone",), ("celery", "worker"), ("edge", "worker"), ("dags", "backfill")}
# Seconds for a command that runs before the requested one.
_TIMEOUT = 600
_LONG_RUNNING = {"api-server", "dag-processor", "scheduler", "standalone", "triggerer", "webserver"}


def launch(project: Project, arguments: Sequence[str], notify: Callable[[str], None]) -> int:
    """Run `airflow` for a project, with the arguments of any version, and return its exit code.

    Most commands replace this process, so that signals, the terminal and the exit code are Airflow's own.

    Raises:
        DagpressError: there is no Airflow, it could not be set up, or it has no such command.
    """
    airflow = installation_of(project)
    if airflow.version not in VERSIONS:
        hint = "run `dagpress add orchestrator airflow`"
        raise AirflowError(f"{airflow.program} is Airflow {airflow.version}, which is not supported", hint)
    if not airflow.is_ours:
        notify(f"no Airflow in .dagpress: using {airflow.program} (Airflow {airflow.version})")
    translation = translate(arguments, airflow.version)
    for note in translation.notes:
        notify(note)
    env = airflow_environ(project, airflow, process.inherited())
    home = home_of(env)
    launcher = _Launcher(project, airflow, env, home, Ports(home, env, notify), notify)
    words = list(translation.arguments)
    if words and not _HELP & set(words):
        launcher.prepare(words)
        if translation.before:
            launcher.run_before(translation.before)
    return launcher.run(words)


@dataclass
class _Launcher:
    project: Project
    airflow: Installation
    env: dict[str, str]
    home: Path
    ports: Ports
    notify: Callable[[str], None]

    @property
    def _is_own_home(self) -> bool:
        """Whether it is the home in `.dagpress`: other homes are not set up."""
        return self.home.resolve() == self.airflow.home.resolve()

    def prepare(self, words: Sequence[str]) -> None:
        """Create what the command needs, and let Airflow parse the DAG files if the command needs them."""
        if self._is_own_home:
            # Also for commands without a database: otherwise, Airflow would write one with all its defaults.
            keep_out_of_git(self.project)
            write_configuration(self.home, has_api_server=self.airflow.has_api_server)
        if words[0] in _NEED_NO_DATABASE:
            return
        for path in old_generators(self.project):
            self.notify(
                f"{path} creates DAGs from Meltano's schedules, with the same IDs as the generated ones: remove it"
            )
        if not configures_dag_folders(os.environ):
            self._make_dag_folders()
        if self._is_own_home and lacks_database(self.home, self.env):
            self.notify(f"setting up Airflow's database in {self.home}")
            set_up(self.airflow.program, self.home, self.env, has_api_server=self.airflow.has_api_server)
        if words[0] in _NEED_DAGS and not _NEED_NO_DAGS & set(words[1:2]):
            self._read_dags()
        if {tuple(words[:1]), tuple(words[:2])} & _RUN_TASKS:
            self._prepare_meltano(Path(self.env[self.project.project_root_variable]))

    def _make_dag_folders(self) -> None:
        configuration = Configuration(self.home, self.env)
        for section, key in (("core", "dags_folder"), ("dag_processor", "dag_bundle_config_list")):
            variable = variable_of(section, key)
            if variable in self.env and configuration.in_file(section, key):
                self.notify(
                    f"Airflow reads the DAGs folders of this project, not the {key} in {configuration.path} "
                    f"(set {variable} to override this)"
                )
        self.project.generated_dags.mkdir(parents=True, exist_ok=True)
        if not self.airflow.has_api_server:
            link_dag_folders(self.project, Path(self.env[DAGS_FOLDER]))
            if self._is_own_home:
                write_local_settings(self.home)

    def _read_dags(self) -> None:
        stamp = self.home / "dagpress-dags.digest"
        digest = f"{self.env.get(BUNDLES)} {digest_of_dags(self.project)}"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
            return
        self.notify("the DAG files have changed: Airflow parses them first")
        if self.run_before(["dags", "reserialize"]):
            stamp.write_text(digest, encoding="utf-8")
        else:
            self.notify("parsing failed: run `dagpress invoke airflow dags reserialize` to see why")

    def _prepare_meltano(self, folder: Path) -> None:
        """Let Meltano set up its system database if it may be missing: the first concurrent tasks would fail."""
        meltano, _ = read_meltano_project(folder, folder)
        if meltano and find_meltano(folder) and may_lack_system_database(folder, self.env, meltano.database_uri):
            self.notify("setting up Meltano's system database")
            try:
                set_up_system_database(folder)
            except MeltanoError as error:
                self.notify(f"Meltano could not set up its system database: {error}")

    def run_before(self, words: Sequence[str]) -> bool:
        """Run a command without showing its output; returns whether it succeeded."""
        name = " ".join(["airflow", *words[:2]])
        return process.run([self.airflow.program, *words], limit=_TIMEOUT, name=name, env=self.env).code == 0

    def run(self, words: list[str]) -> int:
        """Run the command itself."""
        if not words or words[0] not in _LONG_RUNNING or _HELP & set(words):
            return self._replace(words)
        pid, port = self.ports.running_api_server()
        if words[0] == "api-server" and port:
            self.notify(f"the API server is already running (process {pid}): http://localhost:{port}")
            return 0
        daemon = daemon_of(words, self.home)
        # `standalone` does not have that option. The servers of Airflow 3 have it, but would start without the others.
        if daemon and (self.airflow.has_api_server or words[0] == "standalone"):
            return self._in_background(daemon, port)
        if daemon:
            self.notify(daemon.how_to_stop)
        return self._serve(words, port)

    def _serve(self, words: Sequence[str], port: int, *, is_replaced: bool = True) -> int:
        """Run a server: as a child of this process if it must clean up afterwards, else in its place."""
        command = words[0]
        self.ports.default_to_loopback(*(API_HOST if self.airflow.has_api_server else WEB_HOST))
        if command == "standalone":
            return self._standalone(words)
        if command in self.ports.commands_without_log_server():
            words = [*words, SKIP_LOGS]
        if command == "scheduler" and self.airflow.has_api_server:
            return self._scheduler(words, port)
        program = Program(command, [self.airflow.program, *words])
        if command == "api-server":
            program = replace(program, started=partial(self.ports.note_api_server, self.ports.of_api_server(words)))
        if not is_replaced:
            return supervise([program], self.env, self.notify)
        program.started(os.getpid())
        return self._replace(words)

    def _replace(self, words: Sequence[str]) -> int:
        process.replace([self.airflow.program, *words], self.env)

    def _scheduler(self, words: Sequence[str], port: int) -> int:
        """Run the scheduler of Airflow 3 with the DAG processor and the API server, which its tasks need."""
        program = str(self.airflow.program)
        programs = [Program("the DAG processor", [program, "dag-processor"])]
        if port:
            self.notify(
                f"starting the DAG processor with the scheduler; the API server is already running: http://localhost:{port}"
            )
        else:
            port = self.ports.choose(*API_PORT)
            self.notify(f"starting the DAG processor and the API server with the scheduler: http://localhost:{port}")
            noted = partial(self.ports.note_api_server, port)
            api_server = [program, "api-server", "--port", str(port)]
            programs.append(Program("the API server", api_server, partial(answers, port), started=noted))
        self.ports.point_tasks_to(port)
        programs.append(Program("the scheduler", [program, *words]))
        return supervise(programs, self.env, self.notify)

    def _standalone(self, words: Sequence[str]) -> int:
        """Run Airflow's own `standalone`, which only stops its processes on an interrupt, not on other signals."""
        port = self.ports.choose(*(API_PORT if self.airflow.has_api_server else WEB_PORT))
        if self.airflow.has_api_server:
            self.ports.point_tasks_to(port)
        folder = self.airflow.home.parent / "standalone"
        self.env["PATH"] = path_without_log_servers(
            folder, self.airflow.program, self.ports.commands_without_log_server(), self.env["PATH"]
        )
        self.notify(f"Airflow will be at http://localhost:{port}")
        noted = partial(self.ports.note_api_server, port)
        program = Program("standalone", [self.airflow.program, *words], stop=signal.SIGINT, started=noted)
        try:
            return supervise([program], self.env, self.notify)
        finally:
            # A killed webserver of Airflow 2 leaves its pid file behind.
            remove_stale_pid_file(self.home / "airflow-webserver.pid")

    def _in_background(self, daemon: Daemon, port: int) -> int:
        if pid := fork(daemon):
            self.notify(f"{daemon.words[0]} runs in the background (process {pid}), and logs to {daemon.stderr}")
            self.notify(daemon.how_to_stop)
            return 0
        try:
            return self._serve(daemon.words, port, is_replaced=False)
        finally:
            daemon.pid_file.unlink(missing_ok=True)
