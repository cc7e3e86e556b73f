"""Executes the tasks of DAG files inside an Airflow environment, and loads them as `codegen/airflow/inside.py` does.

`tests/harness.py` is the other end.
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

# By its file: Airflow's Python has none of what the rest of the package imports.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "codegen" / "airflow"))
inside: Any = import_module("inside")
del sys.path[0]

Answer = dict[str, Any]
Operations = Mapping[str, Callable[..., Answer]]

# A moment that is none of the defaults, so that a test sees whether a template got it.
LOGICAL_DATE = "2026-03-02T06:00:00+00:00"


def first_runs(path: str, questions: dict[str, tuple[str, int]]) -> Answer:
    """The runs that the scheduler starts for each DAG after a moment, with their data intervals; it catches up."""
    timetables = inside.first_of("airflow.timetables.base")
    dags = inside.load(path).dags
    return {
        "runs": {
            dag_id: _first_runs(_as_scheduled(dags[dag_id]), timetables, import_module("pendulum").parse(after), count)
            for dag_id, (after, count) in questions.items()
        }
    }


def _first_runs(dag: Any, timetables: Any, after: Any, count: int) -> list[list[str]]:
    """Ask as the scheduler does, run by run; where it gets a run that it had, or an error, it starts no more."""
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
    """Return the DAG through its serialized form, as the scheduler has it."""
    return inside.serialization().from_dict(inside.serialization().to_dict(dag))


def import_file_with(path: str, env: dict[str, str | None]) -> Answer:
    """Load a file in the environment of a DAG processor that has these variables."""
    _change_environ(env)
    # What lies beside the file is importable, as in Airflow's folder of DAGs.
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
    """Render the templates of a task and execute it, as the task process does; `env` is what its worker has."""
    _change_environ(env)
    # What lies beside the file is importable, as in Airflow's folder of DAGs.
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
    """Return the pods that the tasks of a DAG would create, and what the operator of each is to do with it.

    `env` is what their worker has; `in_cluster` is a folder with the files that Kubernetes gives to a pod of its own.
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
    # What lies beside the file is importable, as in Airflow's folder of DAGs.
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
    """Run an `airflow` command in this environment and no other, and return its exit code; the limit ends it."""
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
    """Do what the first task of a process does, so that no fork repeats it: Airflow 3 makes its API, in seconds."""
    import_module("airflow.models")
    import_module("sqlalchemy.orm").configure_mappers()
    with suppress(ImportError):
        app = import_module("airflow.sdk.execution_time.supervisor").in_process_api_server().app
        app._cadwyn_initialize()  # noqa: SLF001


def _safeguard() -> object:
    """Return what tells an operator that a task process calls it."""
    module = inside.first_of("airflow.sdk.bases.operator", "airflow.models.baseoperator")
    if module.__name__ == "airflow.models.baseoperator":
        return module._sentinel  # noqa: SLF001
    return module.ExecutorSafeguard.sentinel_value


def _context(task: Any) -> Any:
    """Return the variables that templates are promised, for one run at LOGICAL_DATE."""
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
    """Answer requests until the other end closes the pipe; each names its operation, and that one's arguments."""
    # Airflow logs to stdout too: answers go to a copy of it, and the rest to stderr.
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
            # Python warns of forks in processes with threads; nothing here waits for a thread.
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
    """Answer one request and leave without the exit handlers of the parent."""
    code = 1
    try:
        # The requests that follow are not for the programs that a DAG file calls.
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
