"""Loads DAG files inside an Airflow environment, for `codegen/airflow/loading.py`: a JSON request and answer per line.

It runs on the Python of that environment (3.8 and later), imports Airflow once and forks for every request, as
Airflow's own DAG processor and workers do. So no request affects another. It needs no database.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    _Operations = Mapping[str, Callable[..., dict[str, Any]]]

# Attributes that change nothing of what a DAG does, or that have another name below.
_NOT_OF_A_DAG = {"edge_info", "fileloc", "processor_dags_folder", "relative_fileloc", "schedule_interval", "task_group"}
_CALLBACKS = ("on_failure_callback", "on_success_callback", "sla_miss_callback")
_NOT_OF_A_TASK = {"dag", "downstream_task_ids", "task_group", "upstream_task_ids"}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def serve(operations: _Operations) -> None:
    """Answer requests until the other end closes the pipe; each names its operation, and that one's arguments."""
    # Airflow logs to stdout too: answers go to a copy of it, and the rest to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps(_warm_up()), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_in_a_fork(operations, json.loads(line))), file=answers, flush=True)


def _warm_up() -> dict[str, Any]:
    """Load an empty file, so that all later warnings are those of DAG files, not Airflow's own."""
    with tempfile.TemporaryDirectory() as folder, _seen_warnings() as seen:
        empty = Path(folder, "empty.py")
        empty.write_text("import airflow\n")
        load(str(empty))
        # The imports of every DAG file, so that no fork repeats them. None is deprecated, so no warning is lost.
        serialization()
        first_of("airflow.sdk.bases.operator", "airflow.models.baseoperator")
        bash = first_of("airflow.providers.standard.operators.bash", "airflow.operators.bash")
        if bash.__name__ == "airflow.operators.bash":
            # Airflow 2 imports it when the first task is executed.
            import_module("airflow.decorators")
    return {"version": import_module("airflow").__version__, "warnings": seen}


def first_of(*names: str) -> Any:  # noqa: ANN401  # a module
    """Import the first module that this Airflow has. By name: nothing here may depend on Airflow."""
    for name in names[:-1]:
        with suppress(ImportError):
            return import_module(name)
    return import_module(names[-1])


def _in_a_fork(operations: _Operations, request: dict[str, Any]) -> dict[str, Any]:
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


def _child(operations: _Operations, request: dict[str, Any], answer: IO[str], log: IO[bytes]) -> None:
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
    except BaseException:  # noqa: BLE001  # a DAG file can raise anything
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        logging.shutdown()
        os._exit(code)


@contextmanager
def _seen_warnings() -> Iterator[list[str]]:
    """Collect every warning once, also one that was given before."""
    seen: list[str] = []
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        yield seen
    messages = [f"{r.category.__name__}: {r.message} ({Path(r.filename).name}:{r.lineno})" for r in records]
    seen += dict.fromkeys(messages)


def load(path: str) -> Any:  # noqa: ANN401  # Airflow's DagBag
    """Load a DAG file as Airflow does before it runs a task of it."""
    module = first_of("airflow.dag_processing.dagbag", "airflow.models.dagbag")
    bag = module.DagBag(os.devnull, safe_mode=False, collect_dags=False)
    bag.process_file(path, only_if_updated=False, safe_mode=False)
    return bag


def import_file(path: str) -> dict[str, Any]:
    """Load a file and serialize its DAGs as the DAG processor does: `dags` as plain data, `errors`, and `warnings`."""
    # A file may import what lies beside it, as in Airflow's folder of DAGs.
    sys.path.append(str(Path(path).parent))
    with _seen_warnings() as seen:
        bag = load(path)
        errors = [str(error) for error in bag.import_errors.values()]
        errors += [error for dag in bag.dags.values() for error in _serialization_errors(dag)]
    # Some versions of Airflow catch the warnings of a DAG file themselves.
    caught = [str(warning) for found in bag.captured_warnings.values() for warning in found]
    dags = [_dag(dag) for _, dag in sorted(bag.dags.items())]
    return {"dags": dags, "errors": errors, "warnings": list(dict.fromkeys(seen + caught))}


def _serialization_errors(dag: Any) -> Iterator[str]:  # noqa: ANN401  # a DAG
    try:
        serialization().to_dict(dag)
    except Exception:  # noqa: BLE001  # an operator can raise anything
        yield traceback.format_exc()


def serialization() -> Any:  # noqa: ANN401  # a class
    """Airflow's class that serializes DAGs."""
    module = import_module("airflow.serialization.serialized_objects")
    return module.DagSerialization if hasattr(module, "DagSerialization") else module.SerializedDAG


def _dag(dag: Any) -> dict[str, Any]:  # noqa: ANN401  # a DAG
    """All that the DAG was given or has by default, by the names of its arguments."""
    names = {name.lstrip("_") for name in type(dag).get_serialized_fields()} | set(_CALLBACKS)
    found = {name: plain(getattr(dag, name, None)) for name in sorted(names - _NOT_OF_A_DAG)}
    arguments = _timetable_arguments(dag)
    return dict(
        found,
        tags=sorted(dag.tags),
        schedule=_schedule(dag),
        timetable=type(dag.timetable).__name__,
        timezone=arguments.pop("timezone", dag.timezone.name),
        timetable_arguments=arguments,
        tasks=[_task(task) for task in dag.tasks],
    )


def _timetable_arguments(dag: Any) -> dict[str, Any]:  # noqa: ANN401  # a DAG
    """What a timetable was given beside its cron, as Airflow serializes it."""
    with suppress(Exception):
        timetable = serialization().to_dict(dag)["dag"].get("timetable") or {}
        return {name: plain(value) for name, value in timetable.get("__var", {}).items() if name != "expression"}
    return {}


def _schedule(dag: Any) -> Any:  # noqa: ANN401  # text or nothing
    """The cron of a timetable, or what else the DAG was given."""
    expression = getattr(dag.timetable, "_expression", None) or getattr(dag.timetable, "expression", None)
    given = getattr(dag, "schedule", None) or getattr(dag, "schedule_interval", None)
    return str(plain(expression or given)) if expression or given else None


def _task(task: Any) -> dict[str, Any]:  # noqa: ANN401  # an operator
    """All that the operator was given or has by default, by the names of its attributes."""
    found = {
        name: _rendered(plain(value)) if name in task.template_fields else plain(value)
        for name, value in sorted(vars(task).items())
        if not name.startswith("_") and name not in _NOT_OF_A_TASK
    }
    group = task.task_group.group_id if task.task_group else None
    return dict(found, operator=type(task).__name__, group=group, upstream=sorted(task.upstream_task_ids))


def _rendered(value: Any) -> Any:  # noqa: ANN401  # plain data
    """A templated value, evaluated where it needs nothing of a run, as `{{ 'a' }}` does not."""
    if isinstance(value, dict):
        return {name: _rendered(item) for name, item in value.items()}
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        undefined = import_module("jinja2").StrictUndefined
        with suppress(Exception):
            return import_module("jinja2.sandbox").SandboxedEnvironment(undefined=undefined).from_string(value).render()
    return value


def plain(value: Any) -> Any:  # noqa: ANN401  # anything
    """The value as JSON has it: durations as `0:05:00`, moments in ISO 8601, functions and other objects by name."""
    value = value.value if isinstance(value, Enum) else value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(item) for item in value]
        return sorted(items, key=str) if isinstance(value, (set, frozenset)) else items
    if value is None or isinstance(value, (bool, int, float)):
        return value
    name = value if isinstance(value, str) else getattr(value, "__qualname__", None)
    return str(value.isoformat() if isinstance(value, datetime) else name or _ADDRESS.sub("", str(value)))


if __name__ == "__main__":
    # A DAG file must not find the modules beside this one.
    sys.path.pop(0)
    serve({"import_file": import_file})
