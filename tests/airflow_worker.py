"""Loads DAG files in Airflow's Python, as `codegen/airflow/inside.py` does, and executes their tasks.

`tests/harness.py` is the client.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

# By path: Airflow's Python lacks the dependencies of the rest of the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "codegen" / "airflow"))
inside: Any = import_module("inside")
del sys.path[0]

Answer = dict[str, Any]
Operations = Mapping[str, Callable[..., Answer]]

# Not a default value, so that a test sees whether a template got it.
LOGICAL_DATE = "2026-03-02T06:00:00+00:00"


def first_runs(path: str, questions: dict[str, tuple[str, int]]) -> Answer:
    """Return the runs that the scheduler starts for each DAG after a time, with their data intervals and catchup."""
    timetables = inside.first_of("airflow.timetables.base")
    dags = inside.load(path).dags
    return {
        "runs": {
            dag_id: _first_runs(_as_scheduled(dags[dag_id]), timetables, import_module("pendulum").parse(after), count)
            for dag_id, (after, count) in questions.items()
        }
    }


def _first_runs(dag: Any, timetables: Any, after: Any, count: int) -> list[list[str]]:
    """Ask for each run as the scheduler does; it stops at a run that it already had, or at an error."""
    bounds = timetables.TimeRestriction(earliest=dag.start_date, latest=dag.end_date, catchup=True)
    runs: list[list[str]] = []
    before, run = None, dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=bounds)
    while run and len(runs) < count and (before is None or run.logical_date > before.logical_date):
        if run.run_after > after:
            moments = (run.run_after, run.data_interval.start, run.data_interval.end)
            runs.append([moment.in_timezone("UTC").isoformat() for moment in moments])
        before = run
        with suppress(ValueError):
            run = dag.timetable.next_dagrun_info(last_automated_data_interval=run.data_interval, restriction=bounds)
    return runs


def _as_scheduled(dag: Any) -> Any:
    """Return the deserialized form of the DAG, which is what the scheduler has."""
    return inside.serialization().from_dict(inside.serialization().to_dict(dag))


def import_file_with(path: str, env: dict[str, str | None]) -> Answer:
    """Load a file in a DAG processor with these environment variables."""
    _change_environ(env)
    # Modules next to the file can be imported, as in Airflow's DAGs folder.
    sys.path.append(str(Path(path).parent))
    try:
        return dict(inside.import_file(path))
    finally:
        sys.path.pop()


def _change_environ(env: dict[str, str | None]) -> None:
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def execute(path: str, dag_id: str, task_id: str, env: dict[str, str | None]) -> Answer:
    """Render the templates of a task and execute it as the task process does; `env` is the worker's environment."""
    _change_environ(env)
    # Modules next to the file can be imported, as in Airflow's DAGs folder.
    sys.path.append(str(Path(path).parent))
    bag = inside.load(path)
    if bag.import_errors:
        return {"error": str(bag.import_errors)}
    task = bag.dags[dag_id].task_dict[task_id].prepare_for_execution()
    context = _context(task)
    try:
        task.render_template_fields(context)
        rendered = {name: inside.plain(getattr(task, name)) for name in task.template_fields}
        result = task.execute(context, **{f"{type(task).__name__}__sentinel": _safeguard()})
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": None, "rendered": rendered, "result": inside.plain(result)}


def pods_of(path: str, dag_id: str, env: dict[str, str | None], in_cluster: str) -> Answer:
    """Return the pods that the tasks of a DAG would create, and what their operators do with them.

    `env` is the worker's environment; `in_cluster` is a folder with the files that Kubernetes mounts into every pod.
    """
    _change_environ(env)
    config: Any = import_module("kubernetes.config.incluster_config")
    config.SERVICE_TOKEN_FILENAME, config.SERVICE_CERT_FILENAME = f"{in_cluster}/token", f"{in_cluster}/ca.crt"
    bag = inside.load(path)
    if bag.import_errors:
        return {"error": str(bag.import_errors)}
    tasks = bag.dags[dag_id].task_dict.values()
    pods = {task.task_id: _pod(task) for task in tasks if type(task).__name__ == "KubernetesPodOperator"}
    return {"error": None, "pods": pods}


def _pod(task: Any) -> Answer:
    operator = task.prepare_for_execution()
    context = _context(operator)
    operator.render_template_fields(context)
    client: Any = import_module("kubernetes.client")
    pod = client.ApiClient().sanitize_for_serialization(operator.build_pod_request_obj(context))
    names = ("startup_timeout_seconds", "deferrable", "in_cluster", "kubernetes_conn_id", "cluster_context")
    settings = {name: getattr(operator, name) for name in (*names, "config_file")}
    return {"pod": pod, "operator": {**settings, "on_finish_action": operator.on_finish_action.value}}


def run_dag(path: str, dag_id: str, date: str, env: dict[str, str | None]) -> Answer:
    """Run a DAG for a logical date as `airflow dags test` does, and return the `states` of its tasks."""
    _change_environ(env)
    # Modules next to the file can be imported, as in Airflow's DAGs folder.
    sys.path.append(str(Path(path).parent))
    bag = inside.load(path)
    dag = bag.dags[dag_id]
    is_3 = "logical_date" in signature(dag.test).parameters
    if not is_3:
        # Airflow 3 does so itself; sensors of other DAGs look for them in the database.
        bag.sync_to_db()
    run = dag.test(**{"logical_date" if is_3 else "execution_date": import_module("pendulum").parse(date)})
    return {"states": {instance.task_id: instance.state for instance in run.get_task_instances()}}


def command(words: list[str], environ: dict[str, str], limit: int) -> Answer:
    """Run an `airflow` command in exactly this environment, with a time limit, and return its exit code."""
    signal.alarm(limit)
    os.environ.clear()
    os.environ.update(environ)
    folder = environ["AIRFLOW__CORE__DAGS_FOLDER"]
    settings: Any = import_module("airflow.settings")
    settings.DAGS_FOLDER = folder
    sys.path.append(folder)
    sys.argv = ["airflow", *words]
    try:
        import_module("airflow.__main__").main()
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code)
        return {"code": error.code if isinstance(error.code, int) else int(error.code is not None)}
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        return {"code": 1}
    return {"code": 0}


@cache
def _prepare_runs() -> None:
    """Do the one-time work of the first task, so that forks do not repeat it: Airflow 3 builds its API in seconds."""
    import_module("airflow.models")
    import_module("sqlalchemy.orm").configure_mappers()
    with suppress(ImportError):
        app = import_module("airflow.sdk.execution_time.supervisor").in_process_api_server().app
        app._cadwyn_initialize()  # noqa: SLF001


def _safeguard() -> object:
    """Return the context manager that tells an operator that a task process calls it."""
    module = inside.first_of("airflow.sdk.bases.operator", "airflow.models.baseoperator")
    if module.__name__ == "airflow.models.baseoperator":
        return module._sentinel  # noqa: SLF001
    return module.ExecutorSafeguard.sentinel_value


def _context(task: Any) -> Any:
    """Return the template variables of one run at LOGICAL_DATE."""
    moment = import_module("pendulum").parse(LOGICAL_DATE)
    run_id = f"scheduled__{LOGICAL_DATE}"
    run = SimpleNamespace(run_id=run_id, dag_id=task.dag_id, logical_date=moment, conf={}, clear_number=0)
    instance = SimpleNamespace(
        task=task, dag_id=task.dag_id, task_id=task.task_id, run_id=run_id, try_number=1, map_index=-1, dag_run=run
    )
    dates = {"logical_date": moment, "data_interval_start": moment, "data_interval_end": moment}
    texts = {"ds": "2026-03-02", "ds_nodash": "20260302", "ts": LOGICAL_DATE, "run_id": run_id}
    objects = {"dag": task.dag, "task": task, "ti": instance, "task_instance": instance, "dag_run": run}
    accessors = inside.first_of("airflow.sdk.execution_time.context", "airflow.utils.context")
    values = {"value": accessors.VariableAccessor(deserialize_json=False)}
    return {**dates, **texts, **objects, "params": {}, "var": values, "conn": accessors.ConnectionAccessor()}


def serve(operations: Operations) -> None:
    """Answer requests, each an operation with its arguments, until the client closes the pipe."""
    # Airflow logs to stdout too: responses go to a copy of it, and everything else to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps(inside.warm_up()), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["operation"] == "command":
            _prepare_runs()
        print(json.dumps(_in_a_fork(operations, request)), file=answers, flush=True)


def _in_a_fork(operations: Operations, request: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer, tempfile.TemporaryFile() as log:
        with warnings.catch_warnings():
            # Python warns about forks in processes with threads; nothing here waits for a thread.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            _child(operations, request, answer, log)
        _, status = os.waitpid(child, 0)
        answer.seek(0)
        log.seek(0)
        text = log.read().decode(errors="replace")
        if status:
            return {"crashed": text or "the worker was killed"}
        return dict(json.load(answer), log=text)


def _child(operations: Operations, request: dict[str, Any], answer: IO[str], log: IO[bytes]) -> None:
    """Answer one request, and exit without the exit handlers of the parent."""
    code = 1
    try:
        # Programs that a DAG file starts must not read the next requests.
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        json.dump(operations[request.pop("operation")](**request), answer)
        answer.flush()
        code = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        logging.shutdown()
        os._exit(code)


if __name__ == "__main__":
    serve(
        {
            "import_file": import_file_with,
            "execute": execute,
            "pods_of": pods_of,
            "run_dag": run_dag,
            "command": command,
            "first_runs": first_runs,
        }
    )
