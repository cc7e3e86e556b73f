"""Loads and runs DAG files inside an Airflow environment: one JSON request a line, one JSON answer a line.

It runs on the Python of that environment, imports Airflow once and forks for every request, as Airflow's own DAG
processor and workers do. So no request sees what another one did. `tests/harness.py` is the other end.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = dict[str, Any]

# A moment that is none of the defaults, so that a test sees whether a template got it.
LOGICAL_DATE = "2026-03-02T06:00:00+00:00"


def main() -> None:
    """Answer requests until the other end closes the pipe."""
    # Airflow logs to stdout as well: what is ours goes to a copy of it, and the rest to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _print(answers, _warm_up())
    for line in sys.stdin:
        _print(answers, _in_a_fork(json.loads(line)))


def _print(answers: Any, answer: Answer) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _warm_up() -> Answer:
    """Load an empty file. What Airflow warns of then is its own affair; all later warnings are the DAG file's."""
    with tempfile.TemporaryDirectory() as folder, _seen_warnings() as seen:
        empty = Path(folder, "empty.py")
        empty.write_text("import airflow\n")
        _load(str(empty))
        _import_the_usual()
    return {"version": import_module("airflow").__version__, "warnings": _unique(seen)}


def _import_the_usual() -> None:
    """Import what every DAG file needs, so that no fork has to. Nothing of it is deprecated, so no warning is lost."""
    _safeguard()
    _serialization()
    bash = _first_of("airflow.providers.standard.operators.bash", "airflow.operators.bash")
    if bash.__name__ == "airflow.operators.bash":
        # Airflow 2 imports it when the first task is executed.
        import_module("airflow.decorators")


def _first_of(*names: str) -> Any:
    """Import the first module that this Airflow has. By name: the type checker has no Airflow."""
    for name in names[:-1]:
        with suppress(ImportError):
            return import_module(name)
    return import_module(names[-1])


def _in_a_fork(request: dict[str, Any]) -> Answer:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer, tempfile.TemporaryFile() as log:
        with warnings.catch_warnings():
            # Python warns of forks in processes with threads; nothing here waits for a thread.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            _child(request, answer, log)
        _, status = os.waitpid(child, 0)
        answer.seek(0)
        log.seek(0)
        text = log.read().decode(errors="replace")
        if os.waitstatus_to_exitcode(status):
            return {"crashed": text or "the worker was killed"}
        return dict(json.load(answer), log=text)


def _child(request: dict[str, Any], answer: Any, log: Any) -> None:
    """Answer one request and leave without the exit handlers of the parent."""
    code = 1
    try:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        json.dump(OPERATIONS[request.pop("operation")](**request), answer)
        answer.flush()
        code = 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        logging.shutdown()
        os._exit(code)


@contextmanager
def _seen_warnings() -> Iterator[list[str]]:
    """Collect every warning, however often it was given before."""
    seen: list[str] = []

    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        yield seen
    seen += [f"{each.category.__name__}: {each.message} ({Path(each.filename).name}:{each.lineno})" for each in records]


def _unique(messages: list[str]) -> list[str]:
    return list(dict.fromkeys(messages))


def _load(path: str) -> Any:
    """Load a DAG file as Airflow does before it runs a task of it."""
    module = _first_of("airflow.dag_processing.dagbag", "airflow.models.dagbag")
    bag = module.DagBag(os.devnull, safe_mode=False, collect_dags=False)
    bag.process_file(path, only_if_updated=False, safe_mode=False)
    return bag


def import_file(path: str) -> Answer:
    """Load a file, serialize its DAGs as the DAG processor does, and tell them as plain data."""
    with _seen_warnings() as seen:
        bag = _load(path)
        errors = [str(error) for error in bag.import_errors.values()]
        errors += [error for dag in bag.dags.values() if (error := _serialization_error(dag))]
    # Some versions of Airflow catch the warnings of a DAG file themselves.
    caught = [str(warning) for found in bag.captured_warnings.values() for warning in found]
    dags = [_dag(dag) for _, dag in sorted(bag.dags.items())]
    return {"dags": dags, "errors": errors, "warnings": _unique(seen + caught)}


def next_runs(path: str, dag_id: str, after: str, count: int) -> Answer:
    """The moments at which the cron fires, each as the first run of a DAG that starts after the one before.

    The DAG goes through its serialized form, as the scheduler has it. Airflow 2 starts a run at the end of its data
    interval; the moment of the cron is the interval's beginning. From run to run it aligns that anew, and so repeats
    or skips some at a change of the clock, which is not what the cron says.
    """
    timetables = _first_of("airflow.timetables.base")
    serialization = _serialization()
    dag = serialization.from_dict(serialization.to_dict(_load(path).dags[dag_id]))
    moment, moments = import_module("pendulum").parse(after), []
    for _ in range(count):
        start = timetables.TimeRestriction(earliest=moment.add(microseconds=1), latest=None, catchup=True)
        run = dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=start)
        moment = run.data_interval.start.in_timezone("UTC")
        moments.append(moment.isoformat())
    return {"moments": moments}


def all_runs(path: str, dag_id: str) -> Answer:
    """The moments at which the scheduler starts the runs of a DAG with an end date, from the first to the last."""
    timetables = _first_of("airflow.timetables.base")
    serialization = _serialization()
    dag = serialization.from_dict(serialization.to_dict(_load(path).dags[dag_id]))
    bounds = timetables.TimeRestriction(earliest=dag.start_date, latest=dag.end_date, catchup=True)
    moments: list[str] = []
    run = dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=bounds)
    while run:
        moments.append(run.run_after.in_timezone("UTC").isoformat())
        run = dag.timetable.next_dagrun_info(last_automated_data_interval=run.data_interval, restriction=bounds)
    return {"moments": moments}


def _serialization_error(dag: Any) -> str:
    try:
        _serialization().to_dict(dag)
    except Exception:  # noqa: BLE001
        return traceback.format_exc()
    return ""


def _serialization() -> Any:
    module = import_module("airflow.serialization.serialized_objects")
    return module.DagSerialization if hasattr(module, "DagSerialization") else module.SerializedDAG


def _dag(dag: Any) -> dict[str, Any]:
    return {
        "dag_id": dag.dag_id,
        "description": dag.description,
        "doc_md": dag.doc_md,
        "tags": sorted(dag.tags),
        "schedule": _schedule(dag),
        "timetable": type(dag.timetable).__name__,
        "timezone": dag.timezone.name,
        "start_date": _plain(dag.start_date),
        "end_date": _plain(dag.end_date),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "dagrun_timeout": _plain(dag.dagrun_timeout),
        "default_args": {key: _plain(value) for key, value in sorted(dag.default_args.items())},
        "tasks": [_task(task) for task in dag.tasks],
    }


def _schedule(dag: Any) -> str | None:
    """Return the cron expression of a timetable, or what else the DAG was given."""
    expression = getattr(dag.timetable, "_expression", None) or getattr(dag.timetable, "expression", None)
    given = getattr(dag, "schedule", None) or getattr(dag, "schedule_interval", None)
    return str(expression or given) if expression or given else None


def _task(task: Any) -> dict[str, Any]:
    names = (
        "task_id",
        "owner",
        "retries",
        "depends_on_past",
        "email",
        "email_on_failure",
        "email_on_retry",
        "pool",
        "pool_slots",
        "queue",
        "priority_weight",
        "trigger_rule",
        "retry_exponential_backoff",
        "retry_delay",
        "execution_timeout",
        "start_date",
        "end_date",
        "bash_command",
        "env",
        "append_env",
        "cwd",
    )
    return {
        "operator": type(task).__name__,
        "upstream": sorted(task.upstream_task_ids),
        **{name: _plain(getattr(task, name, None)) for name in names},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def execute(path: str, dag_id: str, task_id: str, env: dict[str, str | None]) -> Answer:
    """Render the templates of a task and execute it, as the task process does; `env` is what its worker has."""
    for name, value in env.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    bag = _load(path)
    if bag.import_errors:
        return {"error": str(bag.import_errors)}
    task = bag.dags[dag_id].task_dict[task_id].prepare_for_execution()
    context = _context(task)
    try:
        task.render_template_fields(context)
        rendered = {name: _plain(getattr(task, name)) for name in task.template_fields}
        result = task.execute(context, **{f"{type(task).__name__}__sentinel": _safeguard()})
    except Exception as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": None, "rendered": rendered, "result": _plain(result)}


def _safeguard() -> object:
    """Return what tells an operator that a task process calls it."""
    module = _first_of("airflow.sdk.bases.operator", "airflow.models.baseoperator")
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
    return {**dates, **texts, **objects, "params": {}}


OPERATIONS: dict[str, Callable[..., Answer]] = {
    "import_file": import_file,
    "execute": execute,
    "next_runs": next_runs,
    "all_runs": all_runs,
}


if __name__ == "__main__":
    main()
