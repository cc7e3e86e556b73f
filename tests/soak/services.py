"""Background programs of the soak test, and two services: PostgreSQL and Redis."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from environments import clean_environ, run

PACKAGES = ("postgresql", "redis-server")
# Debian installs PostgreSQL's servers by version, outside the PATH.
DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL does not run as root; Debian has an account for it.
IS_ROOT = os.geteuid() == 0
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if IS_ROOT else []


@dataclass
class Program:
    """A program that runs in the background, in its own process group.

    Attributes:
        name: its name in messages and in its log file.
        command: the program and its arguments.
        env: its environment variables.
        folder: its working directory, with its log.
        is_wanted: whether `tend` restarts it.
        ends: the number of unexpected exits.
    """

    name: str
    command: list[str]
    env: Mapping[str, str]
    folder: Path
    is_wanted: bool = False
    ends: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """Whether it is running."""
        return self._process is not None and self._process.poll() is None

    def printed(self) -> str:
        """Return the output of all its starts."""
        return self._log.read_text(errors="replace")

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it. From then on, `tend` restarts it if it exits."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.is_wanted = True

    def tend(self) -> None:
        """Restart it if it has exited unexpectedly."""
        if self.is_wanted and not self.is_running:
            self.ends += 1
            self.start()

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
        """Stop it with a signal; after a timeout, kill its process group."""
        self.is_wanted = False
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class PostgreSQL:
    """A server with its own databases, which trusts every local user."""

    def __init__(self, folder: Path, port: int) -> None:
        """Prepare a server with its data in a folder, on a port."""
        self._port = port
        self._bin = _server_programs()
        self._data = folder / "postgres"
        settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"]
        options = [word for setting in settings for word in ("-c", setting)]
        command = [*AS_POSTGRES, f"{self._bin}/postgres", "-D", str(self._data), *options]
        self._program = Program("postgresql", command, clean_environ(), folder)

    def create(self, databases: Iterable[str]) -> None:
        """Initialize its data, start it, and create the databases."""
        self._data.mkdir()
        if IS_ROOT:
            shutil.chown(self._data, "postgres", "postgres")
        options = ["-D", str(self._data), "-U", "soak", "--auth=trust", "--encoding=UTF8", "--no-sync"]
        run(*AS_POSTGRES, f"{self._bin}/initdb", *options, env=clean_environ(), cwd=self._data)
        self.start()
        for database in databases:
            self.query("postgres", f"CREATE DATABASE {database}")

    def start(self) -> None:
        """Start it and wait until it responds."""
        self._program.start()
        wait_for("PostgreSQL", lambda: self.query("postgres", "SELECT 1") is not None, seconds=60)

    def stop(self) -> None:
        """Stop it with a fast shutdown, as Debian does."""
        self._program.stop(signal.SIGINT)

    def url(self, scheme: str, database: str) -> str:
        """Return the URL of a database with this scheme."""
        return f"{scheme}://soak@127.0.0.1:{self._port}/{database}"

    def query(self, database: str, statement: str) -> list[list[str]] | None:
        """Return the rows of a statement as text, or None if it failed: the server can be stopped."""
        options = ["--no-psqlrc", "--csv", "--tuples-only", "-v", "ON_ERROR_STOP=1", "-c", statement]
        command = [f"{self._bin}/psql", *options, self.url("postgresql", database)]
        done = subprocess.run(command, env=clean_environ(), text=True, capture_output=True, check=False)
        return None if done.returncode else list(csv.reader(done.stdout.splitlines()))


def redis(folder: Path, port: int) -> Program:
    """Return a Redis that keeps its data in a folder across restarts."""
    data = folder / "redis"
    data.mkdir()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(data), "--save", "60 1"]
    return Program("redis", ["redis-server", *options], clean_environ(), folder)


def install_missing() -> None:
    """Install PostgreSQL and Redis if they are missing, or exit with the command if this user cannot."""
    if shutil.which("redis-server") and (_server_programs() / "initdb").is_file():
        return
    if not (IS_ROOT and shutil.which("apt-get")):
        sys.exit(f"PostgreSQL or Redis is missing: apt-get install {' '.join(PACKAGES)}")
    print("Installing PostgreSQL and Redis.", flush=True)
    env = clean_environ(DEBIAN_FRONTEND="noninteractive")
    run("apt-get", "update", env=env)
    run("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES, env=env)


def wait_for(what: str, is_so: Callable[[], bool], seconds: float) -> None:
    """Poll a condition, and exit at the time limit."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not ready after {seconds:.0f} s")
        time.sleep(0.5)


def processes_with(variable: str, value: str) -> dict[int, dict[str, str]]:
    """Return the processes that were started with a variable of this value, and all their variables (Linux)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            pairs = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            environ = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            if environ.get(variable) == value:
                found[int(folder.name)] = environ
    return found


def kill_all(variable: str, value: str) -> list[dict[str, str]]:
    """Kill the processes that were started with a variable of this value, and return their variables.

    Repeats until there are no more, since they can start others at the same time.
    """
    killed: list[dict[str, str]] = []
    while processes := processes_with(variable, value):
        killed += processes.values()
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.1)
    return killed


def _server_programs() -> Path:
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda program: int(program.parts[-3]))
    return (versions[-1] if versions else Path(shutil.which("initdb") or DEBIAN / "initdb")).parent
