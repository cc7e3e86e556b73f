"""Runs the real `airflow dag-processor` on a fleet, and reads the CPU time of it and all its children from /proc."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from environments import ENVIRONMENTS, clean_environ

from airflow_cost.fleets import Fleet

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 900
# A slow parse is measured, not stopped.
_NO_LIMITS = {
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
}
_STARTED = "Searching for files in"


@dataclass(frozen=True)
class Cost:
    """The cost of the DAG processor, in seconds; in a steady state, as a share of one core."""

    first_pass: float
    first_pass_cpu: float
    steady: float


class Processor:
    """A running DAG processor with a database of its own."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path) -> None:
        self._process = process
        self._home = home

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of the process and of all its descendants, running or ended."""
        return sum(_cpu_of(pid) for pid in [self._process.pid, *_descendants(self._process.pid)])

    def has_started(self) -> bool:
        """Return whether it has searched for DAG files."""
        if self._process.poll() is not None:
            raise ChildProcessError(f"airflow dag-processor ended: {self._log.read_text(errors='replace')[-3000:]}")
        return _STARTED in self._log.read_text(errors="replace")

    def known_dags(self) -> int:
        """Return the number of DAGs that Airflow has stored."""
        with closing(sqlite3.connect(f"file:{self._home / 'airflow.db'}?mode=ro", uri=True, timeout=60)) as database:
            (count,) = database.execute("select count(*) from dag").fetchone()
        return int(count)

    @property
    def _log(self) -> Path:
        return self._home / "processor.log"


def new_home(fleet: Fleet, home: Path, configuration: str) -> dict[str, str]:
    """Make a home with a configuration and an empty database, and return the environment variables for its fleet."""
    home.mkdir(parents=True)
    shutil.copy(ENVIRONMENTS[fleet.environment].folder / "home/airflow.db", home)
    (home / "airflow.cfg").write_text(configuration, encoding="utf-8")
    environ = clean_environ(**_NO_LIMITS, **fleet.variables)
    return environ | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(fleet.dags)}


@contextmanager
def running(fleet: Fleet, home: Path, configuration: str) -> Iterator[Processor]:
    """Run the DAG processor in a new home with a configuration."""
    environ = new_home(fleet, home, configuration)
    with (
        (home / "processor.log").open("wb") as log,
        subprocess.Popen(
            [fleet.program, "dag-processor"], env=environ, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield Processor(process, home)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def cost_of(processor: Processor, count: int, *, settling: float, window: float) -> Cost:
    """Measure the first full pass, starting with the search for files, and then the steady state in a window.

    The window starts `settling` seconds after the pass, in the middle of the interval between two passes: one that
    starts with an interval has fewer passes than the average.
    """
    _await(processor.has_started, 0.02)
    started, cpu = time.monotonic(), processor.cpu
    _await(lambda: processor.known_dags() >= count, 0.1)
    first_pass, first_pass_cpu = time.monotonic() - started, processor.cpu - cpu
    time.sleep(settling)
    started, cpu = time.monotonic(), processor.cpu
    time.sleep(window)
    steady = (processor.cpu - cpu) / (time.monotonic() - started)
    return Cost(first_pass, first_pass_cpu, steady)


def _await(condition: Callable[[], bool], pause: float) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the DAG processor has not read all files")
        time.sleep(pause)


def _cpu_of(pid: int) -> float:
    """Return the user and system time of a process and its ended children; 0 if the process has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return sum(int(field) for field in stat.rpartition(")")[2].split()[11:15]) / _TICKS


def _descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _descendants(child)
