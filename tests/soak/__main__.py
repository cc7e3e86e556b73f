"""The soak test: sets up a cluster, loads for some minutes while injecting faults, and prints a verdict."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from environments import ENVIRONMENTS, SOAK, build

from soak import project as projects
from soak.cluster import MELTANO, Cluster
from soak.project import SoakProject
from soak.services import install_missing
from soak.verdict import FEWEST_RUNS, SUCCESSES, judge

# Early in the load, as Meltano rejects runs of the interrupted pipelines for the next 5 minutes.
DISTURBANCES: list[tuple[float, str, Callable[[Cluster], set[str]]]] = [
    (0.15, "a worker is killed with all its children", Cluster.kill_worker),
    (0.18, "the worker is started again", Cluster.start_worker),
    (0.23, "Redis is restarted", Cluster.restart_redis),
    (0.28, "a second scheduler is started", Cluster.start_second_scheduler),
    (0.35, "PostgreSQL is restarted", Cluster.restart_postgresql),
]
PROGRESS_EVERY = 20
# The time limit of runs after the load: the 5 minutes of Meltano, the retry delay, and the retry.
TIMEOUT = 480
RUNNING = "SELECT count(*) FROM task_instance WHERE state IN ('queued', 'running', 'restarting')"
# The DAGs with a task that waits for its retry.
RETRYING = """\
SELECT DISTINCT dag_id FROM task_instance
WHERE state = 'up_for_retry' OR (try_number > 1 AND state IN ('scheduled', 'queued', 'running'))"""
PROGRESS = """\
SELECT (SELECT count(*) FROM dag_run WHERE state = 'success'), (SELECT count(*) FROM dag_run WHERE state = 'failed'),
count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'queued'),
count(*) FILTER (WHERE state = 'up_for_retry') FROM task_instance"""


class Soak:
    """A soak test of a started cluster."""

    def __init__(self, cluster: Cluster, project: SoakProject) -> None:
        self._cluster = cluster
        self._project = project
        self._started = time.monotonic()
        self._next_progress = self._started
        self.hit: set[str] = set()

    def load(self, seconds: float) -> None:
        """Unpause all DAGs, let them run, and inject faults into the cluster."""
        for dag_id in self._project.dag_ids:
            self._cluster.set_paused(dag_id, paused=False)
        started = time.monotonic()
        to_come = list(DISTURBANCES)
        while (elapsed := time.monotonic() - started) < seconds:
            self._tick()
            if to_come and elapsed >= to_come[0][0] * seconds:
                _, words, disturb = to_come.pop(0)
                hit = disturb(self._cluster)
                self.hit |= hit
                self._say(words + (f", with {len(hit)} schedules running" if hit else ""))

    def end(self) -> bool:
        """Pause all DAGs and wait until nothing runs.

        A DAG with a task that waits for a retry, or with too few successful runs, is paused later.

        Returns:
            Whether all runs ended in time.
        """
        self._say("the load ends")
        deadline = time.monotonic() + TIMEOUT
        unpaused = set(self._project.dag_ids)
        while time.monotonic() < deadline:
            self._tick()
            retrying = self._cluster.database.query("airflow", RETRYING)
            successes = self._cluster.database.query("airflow", SUCCESSES)
            if retrying is None or successes is None:
                continue
            enough = {dag_id for dag_id, count in successes if int(count) >= FEWEST_RUNS}
            for dag_id in (unpaused & enough) - {dag_id for (dag_id,) in retrying}:
                self._cluster.set_paused(dag_id, paused=True)
                unpaused.remove(dag_id)
            if not unpaused and self._cluster.database.query("airflow", RUNNING) == [["0"]]:
                return True
        return False

    def _tick(self) -> None:
        time.sleep(1)
        self._cluster.tend()
        if time.monotonic() >= self._next_progress and (rows := self._cluster.database.query("airflow", PROGRESS)):
            succeeded, failed, running, queued, retrying = rows[0]
            tasks = f"{running} tasks running, {queued} queued, {retrying} to be tried again"
            self._say(f"{succeeded} runs succeeded, {failed} failed; {tasks}")
            self._next_progress = time.monotonic() + PROGRESS_EVERY

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._started:4.0f} s  {text}", flush=True)


def main() -> int:
    """Run the soak test and print the verdict; return the exit code."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=6, help="length of the load (default: %(default)s)")
    parser.add_argument("--schedules", type=int, default=40, help="number of schedules (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs and data")
    arguments = parser.parse_args()
    # SIGTERM stops everything, as an interrupt does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    install_missing()
    build(SOAK)
    if reason := ENVIRONMENTS["soak-airflow"].unsupported:
        sys.exit(reason)
    folder = Path(tempfile.mkdtemp(prefix="dagpress-soak-"))
    # PostgreSQL can run as another user, which needs access to its data folder.
    folder.chmod(0o711)
    try:
        project = projects.create(folder / "project", arguments.schedules, MELTANO / "python")
        with closing(Cluster(folder, project)) as cluster:
            cluster.start()
            soak = Soak(cluster, project)
            soak.load(arguments.minutes * 60)
            have_ended = soak.end()
            verdict = judge(cluster, project, soak.hit, time.monotonic() - started)
            if not have_ended:
                verdict.faults.append(f"some runs had not ended {TIMEOUT} s after the load")
    except KeyboardInterrupt:
        sys.exit("interrupted")
    finally:
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(verdict)
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
