"""A Celery cluster of Airflow on one machine: its programs, the injected faults, and the shutdown."""

from __future__ import annotations

import base64
import secrets
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from environments import ENVIRONMENTS, clean_environ, run
from harness import free_ports

from codegen.airflow.connection import Connection
from codegen.airflow.http_client import AirflowRestError
from codegen.airflow.rest import RestApi
from soak.project import SoakProject
from soak.services import PostgreSQL, Program, kill_all, processes_with, redis, wait_for

AIRFLOW = ENVIRONMENTS["soak-airflow"].folder / "bin"
MELTANO = ENVIRONMENTS["soak-meltano"].folder / "bin"
DATABASES = ("airflow", "celery_results", "meltano", "warehouse")
TABLES = """\
CREATE TABLE warehouse (pipeline text, id integer, loaded_at timestamptz DEFAULT now(), PRIMARY KEY (pipeline, id));
CREATE TABLE conflicts (pipeline text, id integer)"""
WORKERS = ("worker-1", "worker-2")
# Every process of the soak test has this environment variable, set to the test's folder.
MARK = "SOAK_FOLDER"
# The downtime of Redis, in seconds.
OUTAGE = 5


class Cluster:
    """A scheduler, a DAG processor, an API server, two workers with a Meltano project each, PostgreSQL and Redis.

    A second scheduler is started later. `close` stops everything, also after a failed start.
    """

    def __init__(self, folder: Path, project: SoakProject) -> None:
        """Prepare the cluster in a folder; `start` starts it."""
        self._folder = folder
        database_port, redis_port, self._api_port = free_ports(3)
        self._programs: dict[str, Program] = {}
        self._project = project
        self.database = PostgreSQL(folder, database_port)
        self._redis = redis(folder, redis_port)
        self._api = RestApi(Connection(f"http://127.0.0.1:{self._api_port}"))
        self._settings = self._shared_settings(f"redis://127.0.0.1:{redis_port}/0")

    @property
    def ends(self) -> dict[str, int]:
        """The number of unexpected exits of each program, after which it was started again."""
        return {program.name: program.ends for program in self._programs.values() if program.ends}

    def task_logs(self) -> list[Path]:
        """Return the task logs, one for each try."""
        return [log for worker in WORKERS for log in self._home(worker).glob("logs/dag_id=*/**/*.log")]

    def start(self) -> None:
        """Start the services, prepare the databases and workers, start Airflow, and wait until it has all DAGs."""
        self._redis.start()
        self.database.create(DATABASES)
        self._prepare()
        for name, program in self._programs.items():
            if name != "scheduler-2":
                program.start()
        wait_for("Airflow", self._is_ready, seconds=180)

    def tend(self) -> None:
        """Restart the programs that exited unexpectedly."""
        for program in self._programs.values():
            program.tend()

    def set_paused(self, dag_id: str, *, paused: bool) -> None:
        """Pause or unpause a DAG, with retries while the API server is busy."""

        def is_done() -> bool:
            try:
                with self._api.session() as session:
                    session.set_paused(dag_id, paused=paused)
            except AirflowRestError:
                return False
            return True

        wait_for("the API server", is_done, seconds=60)

    def kill_worker(self) -> set[str]:
        """Kill the first worker with all its children while it runs tasks, and return the schedules of its runs."""
        worker = ("AIRFLOW_HOME", str(self._home(WORKERS[0])))
        wait_for("a run on the worker", lambda: bool(_schedules_of(processes_with(*worker).values())), seconds=60)
        self._programs[WORKERS[0]].is_wanted = False
        return _schedules_of(kill_all(*worker))

    def start_worker(self) -> set[str]:
        """Start the killed worker again."""
        self._programs[WORKERS[0]].start()
        return set()

    def restart_redis(self) -> set[str]:
        """Stop Redis and start it again."""
        self._redis.stop()
        time.sleep(OUTAGE)
        self._redis.start()
        return set()

    def restart_postgresql(self) -> set[str]:
        """Stop PostgreSQL and start it again; return the schedules that ran at that time."""
        schedules = self._running_schedules()
        self.database.stop()
        schedules |= self._running_schedules()
        self.database.start()
        return schedules | self._running_schedules()

    def start_second_scheduler(self) -> set[str]:
        """Start a second scheduler."""
        self._programs["scheduler-2"].start()
        return set()

    def close(self) -> None:
        """Stop all processes of the cluster, even if this is interrupted again."""
        for how in (signal.SIGINT, signal.SIGTERM):
            signal.signal(how, signal.SIG_IGN)
        kill_all(MARK, str(self._folder))
        self._redis.stop()
        self.database.stop()

    def _running_schedules(self) -> set[str]:
        return _schedules_of(processes_with(MARK, str(self._folder)).values())

    def _is_ready(self) -> bool:
        for program in self._programs.values():
            if program.is_wanted and not program.is_running:
                sys.exit(f"{program.printed()[-5000:]}\n{program.name}: ended at its start")
        if not all(" ready." in self._programs[worker].printed() for worker in WORKERS):
            return False
        try:
            with self._api.session() as session:
                return len(session.dags(self._project.dag_ids, "soak")) == len(self._project.dag_ids)
        except AirflowRestError:
            return False

    def _home(self, name: str) -> Path:
        return self._folder / name

    def _prepare(self) -> None:
        self.database.query("warehouse", TABLES)
        control = self._settings | {
            "AIRFLOW_HOME": str(self._home("control")),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database.url("postgresql+psycopg2", "airflow"),
        }
        run(AIRFLOW / "airflow", "db", "migrate", env=control)
        self._add("api-server", control, "api-server", "--workers", "1")
        self._add("dag-processor", control, "dag-processor")
        for scheduler in ("scheduler-1", "scheduler-2"):
            self._add(scheduler, control, "scheduler", "--skip-serve-logs")
        for worker in WORKERS:
            env = self._worker_settings(worker)
            self._project.copy_meltano(self._home(worker) / "project")
            run(MELTANO / "meltano", "install", env=env, cwd=self._home(worker) / "project")
            # The first command creates Meltano's tables, which fails if two do so at the same time.
            run(MELTANO / "meltano", "state", "list", env=env, cwd=self._home(worker) / "project")
            self._add(worker, env, "celery", "worker", "--celery-hostname", f"{worker}@%h", "--skip-serve-logs")

    def _add(self, name: str, env: dict[str, str], *arguments: str) -> None:
        self._programs[name] = Program(name, [str(AIRFLOW / "airflow"), *arguments], env, self._folder)

    def _worker_settings(self, name: str) -> dict[str, str]:
        return self._settings | {
            "AIRFLOW_HOME": str(self._home(name)),
            "PATH": f"{MELTANO}:{self._settings['PATH']}",
            "MELTANO_PROJECT_ROOT": str(self._home(name) / "project"),
            "MELTANO_DATABASE_URI": self.database.url("postgresql+psycopg", "meltano"),
            "SOAK_WAREHOUSE": self.database.url("postgresql", "warehouse"),
        }

    def _shared_settings(self, broker: str) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._api_port}"
        settings = {
            "CORE__EXECUTOR": "CeleryExecutor",
            "CORE__DAGS_FOLDER": str(self._project.dags),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            # For each scheduler: more than the workers run at once, so that tasks also wait in Redis.
            "CORE__PARALLELISM": "10",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self._api_port),
            "API__BASE_URL": url,
            "API__SECRET_KEY": secrets.token_hex(32),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "CELERY__BROKER_URL": broker,
            "CELERY__RESULT_BACKEND": self.database.url("db+postgresql+psycopg2", "celery_results"),
            "CELERY__WORKER_CONCURRENCY": "4",
            # The tasks of a killed worker or an ended scheduler are detected after one minute instead of five or ten.
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
            "SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
            "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "15",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        own = {
            MARK: str(self._folder),
            # Airflow's processes change their titles, which would overwrite the variables that identify them.
            "SPT_NOENV": "1",
            "PATH": f"{AIRFLOW}:{clean_environ()['PATH']}",
        }
        return clean_environ() | {f"AIRFLOW__{name}": value for name, value in settings.items()} | own


def _schedules_of(environs: Iterable[dict[str, str]]) -> set[str]:
    return {environ["SOAK_PIPELINE"] for environ in environs if "SOAK_PIPELINE" in environ}
