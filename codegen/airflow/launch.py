"""Runs a command of the project's Airflow: in place of this process, or with the others that it needs beside it."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.airflow.dag_folders import digest_of_dags, link_dag_folders, old_generators
from codegen.airflow.environment import AirflowError, environment_of, keep_out_of_git, prepare_home
from codegen.airflow.home import Configuration, has_database, variable_of, write_configuration
from codegen.airflow.supervisor import Program, supervise
from codegen.airflow.translation import UntranslatableError, translate
from codegen.airflow.variables import BUNDLES, DAGS_FOLDER, airflow_environ, names_dag_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codegen.airflow.environment import AirflowEnvironment
    from codegen.project import Project

_HELP = {"-h", "--help"}
# The commands that look nothing up in the database, and the one that sets it up.
_NEED_NO_DATABASE = {"cheat-sheet", "config", "db", "info", "plugins", "providers", "version"}
# The commands that look a DAG up in the database, where a file that was just written is not yet.
_NEED_DAGS = {"dags", "tasks", "backfill"}
_NEED_NO_DAGS = {"reserialize", "test", "report", "list-import-errors"}
_LONG_RUNNING = {"api-server", "dag-processor", "scheduler", "standalone", "triggerer", "webserver"}
_API_PORT = ("api", "port", "8080")
_WEB_PORT = ("webserver", "web_server_port", "8080")
# Where the scheduler and the triggerer show the logs of their tasks to other machines.
_LOG_PORTS = (("logging", "worker_log_server_port", "8793"), ("logging", "trigger_log_server_port", "8794"))
_EXECUTION_URL = ("core", "execution_api_server_url")
# How long a process in the background is watched, in seconds.
_WATCHED = 2.0


def launch(project: Project, arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """Run `airflow` with these arguments for a project.

    Most commands take the place of this process, so that signals, the terminal and the exit code are Airflow's own, and
    this does not return.

    Args:
        project: the project.
        arguments: those of `airflow`, of this version, of an older one or of a newer one.
        say: told what happens beside what was asked for.

    Returns:
        The exit code.

    Raises:
        AirflowError: there is no Airflow, it could not be set up, or it has no such command.
    """
    airflow = environment_of(project)
    if not airflow.is_ours:
        say(f"no Airflow below .dagpress: using {airflow.program}, which is Airflow {airflow.version}")
    try:
        translation = translate(arguments, airflow.version)
    except UntranslatableError as error:
        raise AirflowError(str(error)) from error
    for note in translation.notes:
        say(note)
    launcher = _Launcher(project, airflow, airflow_environ(project, airflow, os.environ), say)
    words = list(translation.arguments)
    if words and not _HELP & set(words):
        launcher.prepare(words)
        for before in translation.before:
            launcher.run_before(before)
    return launcher.run(words)


@dataclass
class _Launcher:
    project: Project
    airflow: AirflowEnvironment
    env: dict[str, str]
    say: Callable[[str], None]

    @property
    def _home(self) -> Path:
        return Path(self.env["AIRFLOW_HOME"])

    def prepare(self, words: Sequence[str]) -> None:
        """Make what the command needs and is not there, and let Airflow read the DAG files where it needs them."""
        is_new = not has_database(self._home, self.env)
        if is_new:
            # Even where the command needs no database: Airflow would write a configuration with all its defaults.
            keep_out_of_git(self.project)
            write_configuration(self._home, is_2=self.airflow.is_2)
        if words[0] in _NEED_NO_DATABASE:
            return
        for path in old_generators(self.project):
            self.say(
                f"{path} makes DAGs of Meltano's own schedules, with the same ids as the generated ones: remove it"
            )
        if not names_dag_folders(os.environ):
            self._make_dag_folders()
        if is_new:
            self.say(f"setting up Airflow's database in {self._home}")
            prepare_home(replace(self.airflow, home=self._home), self.env)
        if words[0] in _NEED_DAGS and not _NEED_NO_DAGS & set(words[1:2]):
            self._read_dags()

    def _make_dag_folders(self) -> None:
        self.project.generated_dags.mkdir(parents=True, exist_ok=True)
        if self.airflow.is_2:
            link_dag_folders(self.project, Path(self.env[DAGS_FOLDER]))

    def _read_dags(self) -> None:
        stamp = self._home / "dagpress-dags"
        digest = f"{self.env.get(BUNDLES)} {digest_of_dags(self.project)}"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
            return
        self.say("the DAG files have changed: Airflow reads them first")
        if self.run_before(["dags", "reserialize"]):
            stamp.write_text(digest, encoding="utf-8")
        else:
            self.say("it could not: `dagpress invoke airflow dags reserialize` says why")

    def run_before(self, words: Sequence[str]) -> bool:
        """Run a command whose output nobody has asked for; whether it succeeded."""
        command = [str(self.airflow.program), *words]
        done = subprocess.run(command, env=self.env, capture_output=True, check=False)  # Airflow
        return done.returncode == 0

    def run(self, words: list[str]) -> int:
        """Run the command itself."""
        if not words or words[0] not in _LONG_RUNNING or _HELP & set(words):
            return self._replace(words)
        command = words[0]
        process, port = self._running_api_server()
        if command == "api-server" and port:
            self.say(f"the API server is there already (process {process}): http://localhost:{port}")
            return 0
        options = _daemon_options(words)
        if options.daemon and self.airflow.is_2:
            self._say_how_to_stop(Path(options.pid or self._home / f"airflow-{command}.pid"))
        elif options.daemon:
            return self._in_background(command, options)
        if command == "standalone":
            return self._standalone(words)
        if command == "scheduler" and not self.airflow.is_2:
            return self._scheduler(words, port)
        if command == "api-server":
            self._note_api_server(_port_option(words) or self._port(*_API_PORT), os.getpid())
        return self._replace(words)

    def _replace(self, words: Sequence[str]) -> int:
        """Become Airflow."""
        sys.stdout.flush()
        sys.stderr.flush()
        program = str(self.airflow.program)
        os.execve(program, [program, *words], self.env)  # noqa: S606  # the Airflow of the project

    def _scheduler(self, words: Sequence[str], port: int) -> int:
        """The scheduler of Airflow 3, with the DAG processor and the API server, without which no task runs."""
        program = self.airflow.program
        programs = [Program("the DAG processor", [program, "dag-processor"])]
        if port:
            self.say(
                f"starting the DAG processor beside the scheduler; the API server is there: http://localhost:{port}"
            )
        else:
            port = self._free_port(*_API_PORT)
            self.say(f"starting the DAG processor and the API server beside the scheduler: http://localhost:{port}")
            programs.append(self._api_program(port))
        self._point_tasks_to(port)
        self._choose_log_ports()
        programs.append(Program("the scheduler", [program, *words]))
        return supervise(programs, self.env, self.say)

    def _api_program(self, port: int) -> Program:
        command = [str(self.airflow.program), "api-server", "--port", str(port)]
        return Program("the API server", command, partial(_answers, port), started=partial(self._note_api_server, port))

    def _standalone(self, words: Sequence[str]) -> int:
        """Airflow's own `standalone`: at any signal but an interrupt it would leave its processes behind."""
        port = self._free_port(*(_WEB_PORT if self.airflow.is_2 else _API_PORT))
        if not self.airflow.is_2:
            self._point_tasks_to(port)
        self._choose_log_ports()
        self.say(f"Airflow will be at http://localhost:{port}")
        command = [str(self.airflow.program), *words]
        program = Program("standalone", command, stop=signal.SIGINT, started=partial(self._note_api_server, port))
        return supervise([program], self.env, self.say)

    def _in_background(self, command: str, options: argparse.Namespace) -> int:
        """Run the same command again, as a process of its own that outlives this one and its terminal."""
        pid_file = Path(options.pid or self._home / f"airflow-{command}.pid")
        log = Path(options.log_file or self._home / f"airflow-{command}.log")
        process = _process_in(pid_file)
        if process:
            raise AirflowError(f"{command} is running already (process {process}; stop it with `kill {process}`)")
        ourselves = [sys.executable, "-m", "codegen", "--project", str(self.project.root)]
        with log.open("ab") as output:
            started = subprocess.Popen(  # ourselves
                [*ourselves, "invoke", "airflow", command, *options.rest],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        pid_file.write_text(f"{started.pid}\n", encoding="ascii")
        deadline = time.monotonic() + _WATCHED
        while time.monotonic() < deadline and started.poll() is None:
            time.sleep(_WATCHED / 20)
        if started.returncode is not None:
            raise AirflowError(f"{command} has ended with exit code {started.returncode}: {log} says why")
        self.say(f"{command} runs in the background (process {started.pid}), and logs to {log}")
        self._say_how_to_stop(pid_file)
        # It is meant to outlive us.
        started.returncode = 0
        return 0

    def _say_how_to_stop(self, pid_file: Path) -> None:
        self.say(f"stop it with: kill $(cat {shlex.quote(str(pid_file))})")

    def _port(self, section: str, key: str, default: str) -> int:
        return int(Configuration(self._home, self.env).get(section, key, default))

    def _free_port(self, section: str, key: str, default: str) -> int:
        """The port that is configured, or another where that is taken; the variables say which."""
        wanted = self._port(section, key, default)
        port = wanted
        if _is_taken(wanted):
            with socket.socket() as free:
                free.bind(("", 0))
                port = int(free.getsockname()[1])
            if (section, key, default) not in _LOG_PORTS:
                self.say(f"port {wanted} is taken: using {port}")
        self.env[variable_of(section, key)] = str(port)
        return port

    def _point_tasks_to(self, port: int) -> None:
        """Tasks report to the API server, at an address of their own in the configuration."""
        own = f"http://localhost:{port}/execution/"
        self.env[variable_of(*_EXECUTION_URL)] = Configuration(self._home, self.env).get(*_EXECUTION_URL, own)

    def _choose_log_ports(self) -> None:
        for place in _LOG_PORTS:
            self._free_port(*place)

    def _note_api_server(self, port: int, process: int) -> None:
        note = {"process": process, "port": port}
        (self._home / "dagpress-api-server.json").write_text(json.dumps(note), encoding="ascii")

    def _running_api_server(self) -> tuple[int, int]:
        """The process and the port of the API server of this home, as it was noted and still lives; else zeros."""
        try:
            note = json.loads((self._home / "dagpress-api-server.json").read_text(encoding="ascii"))
            process, port = int(note["process"]), int(note["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0
        return (process, port) if _is_alive(process) and _is_taken(port) else (0, 0)


def _daemon_options(words: Sequence[str]) -> argparse.Namespace:
    """The options of Airflow by which a command goes into the background, and the `rest`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-D", "--daemon", action="store_true")
    known, rest = parser.parse_known_args(list(words[1:]))
    if known.daemon:
        parser.add_argument("--pid")
        parser.add_argument("-l", "--log-file")
        parser.add_argument("--stdout")
        parser.add_argument("--stderr")
        known, rest = parser.parse_known_args(list(words[1:]))
    known.rest = rest
    return known


def _port_option(words: Sequence[str]) -> int:
    """The port that the command names, or zero."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-p", "--port", default="")
    port: str = parser.parse_known_args(list(words))[0].port
    return int(port) if port.isdecimal() else 0


def _process_in(pid_file: Path) -> int:
    """The process that a file names and that is alive, or zero."""
    try:
        process = int(pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return process if _is_alive(process) else 0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_taken(port: int) -> bool:
    """Whether a program on this machine listens there."""
    with socket.socket() as probe:
        # A port on which connections have just ended is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def _answers(port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    connection = http.client.HTTPConnection("localhost", port, timeout=2)
    try:
        connection.request("GET", "/api/v2/monitor/health")
        connection.getresponse()
    except http.client.HTTPException:
        return True
    except OSError:
        return False
    finally:
        connection.close()
    return True
