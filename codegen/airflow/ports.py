"""The addresses and ports of Airflow's servers: the configured ones, else loopback and free ports."""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from codegen.airflow.background import start_of
from codegen.airflow.home import Configuration, variable_of
from codegen.airflow.installation import AirflowError

# The section and the key of Airflow's configuration, and its default there.
API_PORT = ("api", "port", "8080")
WEB_PORT = ("webserver", "web_server_port", "8080")
API_HOST = ("api", "host")
WEB_HOST = ("webserver", "web_server_host")
_LOOPBACK = "127.0.0.1"
# By default, the scheduler and the triggerer serve task logs on all addresses.
_LOG_PORTS = {
    "scheduler": ("logging", "worker_log_server_port"),
    "triggerer": ("logging", "trigger_log_server_port"),
}
SKIP_LOGS = "--skip-serve-logs"
_EXECUTION_URL = ("core", "execution_api_server_url")
# `standalone` starts the scheduler before the API server responds. By default, a task fails after a few seconds then.
_PATIENCE = {
    ("workers", "execution_api_retries"): "30",
    ("workers", "execution_api_retry_wait_max"): "5",
    ("workers", "execution_api_timeout"): "60",
}
_MAX_PORT = 65_535


@dataclass(frozen=True)
class Ports:
    """The ports of one home, set in its environment variables. An invalid configured port is an `AirflowError`."""

    home: Path
    env: dict[str, str]
    notify: Callable[[str], None]

    def choose(self, section: str, key: str, default: str) -> int:
        """Return the configured port, or a free one if that is in use."""
        wanted = self._configured(section, key, default)
        port = wanted
        if _is_taken(wanted):
            with socket.socket() as free:
                free.bind(("", 0))
                port = int(free.getsockname()[1])
            self.notify(f"port {wanted} is in use: using {port}")
        self.env[variable_of(section, key)] = str(port)
        return port

    def default_to_loopback(self, section: str, key: str) -> None:
        """Let a server listen only on loopback, unless another address is configured."""
        self.env[variable_of(section, key)] = Configuration(self.home, self.env).get(section, key, _LOOPBACK)

    def commands_without_log_server(self) -> list[str]:
        """Return the commands that run without their log server: those without a configured port for it."""
        configuration = Configuration(self.home, self.env)
        return [command for command, place in _LOG_PORTS.items() if not configuration.get(*place, "")]

    def point_tasks_to(self, port: int) -> None:
        """Let tasks report to the API server on that port, and wait for it, unless Airflow is configured otherwise."""
        configuration = Configuration(self.home, self.env)
        for place, own in {_EXECUTION_URL: f"http://localhost:{port}/execution/", **_PATIENCE}.items():
            self.env[variable_of(*place)] = configuration.get(*place, own)

    def of_api_server(self, words: Sequence[str]) -> int:
        """Return the port in the arguments of an `api-server`, else the configured one."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        parser.add_argument("-p", "--port", default="")
        port: str = parser.parse_known_args(words)[0].port
        return int(port) if port.isdecimal() else self._configured(*API_PORT)

    def note_api_server(self, port: int, process: int) -> None:
        """Record the PID and the port of the API server for later commands."""
        self._note.write_text(json.dumps([process, port, start_of(process)]), encoding="ascii")

    def running_api_server(self) -> tuple[int, int]:
        """Return the recorded PID and port of the API server if it is still running, else zeros."""
        try:
            process, port, start = json.loads(self._note.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0, 0
        return (process, port) if start and start_of(process) == start and _is_taken(port) else (0, 0)

    @property
    def _note(self) -> Path:
        return self.home / "dagpress-api-server.json"

    def _configured(self, section: str, key: str, default: str) -> int:
        value = Configuration(self.home, self.env).get(section, key, default)
        if not value.isdecimal() or int(value) > _MAX_PORT:
            place = f"{variable_of(section, key)}, or `{key}` in the section [{section}] of airflow.cfg"
            raise AirflowError(f"{value!r} is not a valid port", f"set {place}")
        return int(value)


def answers(port: int) -> bool:
    """Return whether an HTTP server responds on the port, with any status."""
    with closing(HTTPConnection("localhost", port, timeout=2)) as connection, suppress(OSError, HTTPException):
        connection.request("GET", "/api/v2/monitor/health")
        connection.getresponse()
        return True
    return False


def _is_taken(port: int) -> bool:
    """Return whether a program on this machine listens on the port."""
    # On macOS, a port can be in use on only one of the two addresses.
    for address in ("", _LOOPBACK):
        with socket.socket() as probe:
            # Ignore connections in TIME_WAIT.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except (OSError, OverflowError):
                return True
    return False
