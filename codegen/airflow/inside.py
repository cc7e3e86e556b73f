"""Loads one DAG file inside an Airflow installation, for `codegen/airflow/forks.py`.

It runs on the Python of that installation (3.8 and later), and needs no database.
"""

from __future__ import annotations

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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Attributes that do not affect what a DAG does, or that have another name below.
_NOT_IN_DAG = {
    "edge_info",
    "fileloc",
    "processor_dags_folder",
    "relative_fileloc",
    "schedule_interval",
    "task_group",
}
_CALLBACKS = ("on_failure_callback", "on_success_callback", "sla_miss_callback")
_NOT_IN_TASK = {"dag", "downstream_task_ids", "task_group", "upstream_task_ids"}
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def warm_up() -> dict[str, Any]:
    """Load an empty file, so that all later warnings come from DAG files, not from Airflow."""
    with tempfile.TemporaryDirectory() as folder, _seen_warnings() as seen:
        empty = Path(folder, "empty.py")
        empty.write_text("import airflow\n")
        load(str(empty))
        # The imports of every DAG file, so that no fork repeats them. None is deprecated, so no warning is lost.
        serialization()
        first_of("airflow.sdk.bases.operator", "airflow.models.baseoperator")
        bash = first_of("airflow.providers.standard.operators.bash", "airflow.operators.bash")
        if bash.__name__ == "airflow.operators.bash":
            # Airflow 2 imports it at the first task.
            import_module("airflow.decorators")
    return {"version": import_module("airflow").__version__, "warnings": [*dict.fromkeys(map(_as_text, seen))]}


def first_of(*names: str) -> Any:  # noqa: ANN401  # a module
    """Import the first module that this Airflow has. By name: nothing here may depend on Airflow."""
    for name in names[:-1]:
        with suppress(ImportError):
            return import_module(name)
    return import_module(names[-1])


@contextmanager
def _seen_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect all warnings, also repeated ones."""
    with warnings.catch_warnings(record=True) as records:
        warnings.simplefilter("always")
        yield records


def _as_text(record: warnings.WarningMessage) -> str:
    """Return a warning in the format of the warnings that Airflow catches."""
    return f"{record.filename}:{record.lineno}: {record.category.__name__}: {record.message}"


def load(path: str) -> Any:  # noqa: ANN401  # Airflow's DagBag
    """Load a DAG file as Airflow does before it runs a task of it."""
    module = first_of("airflow.dag_processing.dagbag", "airflow.models.dagbag")
    bag = module.DagBag(os.devnull, safe_mode=False, collect_dags=False)
    bag.process_file(path, only_if_updated=False, safe_mode=False)
    return bag


def import_limit() -> float:
    """Return Airflow's time limit for importing a DAG file, in seconds; 0 for no limit."""
    return float(import_module("airflow.configuration").conf.getfloat("core", "dagbag_import_timeout"))


def import_file(path: str, folder: str = "", *, behaviour: bool = True) -> dict[str, Any]:
    """Load a file and serialize its DAGs as the DAG processor does: its `errors`, `warnings`, and assets.

    It may import modules in the folder of DAG files, by default its own folder. With `behaviour`, `dags` has all
    arguments of the DAGs as plain data.
    """
    sys.path.append(folder or str(Path(path).parent))
    with _seen_warnings() as seen:
        bag = load(path)
        errors = [*_import_errors(bag), *_serialization_errors(bag)]
    # Some versions of Airflow catch the warnings of a DAG file themselves.
    caught = [str(warning) for found in bag.captured_warnings.values() for warning in found]
    return {
        "errors": errors,
        "warnings": list(dict.fromkeys([*map(_as_text, seen), *caught])),
        "awaits": {dag_id: _awaited_assets(dag) for dag_id, dag in bag.dags.items()},
        "produces": [uri for dag in bag.dags.values() for task in dag.tasks for uri in _uris(task.outlets)],
        "dags": [_dag(dag) for _, dag in sorted(bag.dags.items())] if behaviour else [],
    }


def _import_errors(bag: Any) -> list[dict[str, str]]:  # noqa: ANN401  # a DagBag
    return [{"traceback": str(error)} for error in bag.import_errors.values()]


def _serialization_errors(bag: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401  # a DagBag
    for dag_id, dag in bag.dags.items():
        if error := _failure_to_serialize(dag):
            culprits = [task.task_id for task in dag.tasks if _failure_to_serialize(task)]
            yield {"traceback": error, "dag_id": dag_id, "task_id": culprits[0] if culprits else ""}


def _failure_to_serialize(value: Any) -> str:  # noqa: ANN401  # a DAG or an operator
    """Return the traceback; empty if Airflow can serialize the value."""
    serializer = serialization()
    try:
        (serializer.serialize if hasattr(value, "task_id") else serializer.to_dict)(value)
    except Exception:  # noqa: BLE001  # an operator can raise anything
        return traceback.format_exc()
    return ""


def _awaited_assets(dag: Any) -> list[str]:  # noqa: ANN401  # a DAG
    """Return the URIs of the assets that start a DAG, without those that watchers update."""
    names = ("asset_condition", "dataset_condition")
    conditions = (getattr(dag.timetable, name, None) for name in names)
    return _uris(asset for condition in conditions for asset in _assets_in(condition))


def _assets_in(condition: Any) -> Iterator[Any]:  # noqa: ANN401  # an asset, or some of them
    for each in getattr(condition, "objects", ()):
        yield from _assets_in(each)
    yield condition


def _uris(assets: Iterable[Any]) -> list[str]:
    return [asset.uri for asset in assets if hasattr(asset, "uri") and not getattr(asset, "watchers", None)]


def serialization() -> Any:  # noqa: ANN401  # a class
    """Return Airflow's class that serializes DAGs."""
    module = import_module("airflow.serialization.serialized_objects")
    return module.DagSerialization if hasattr(module, "DagSerialization") else module.SerializedDAG


def _dag(dag: Any) -> dict[str, Any]:  # noqa: ANN401  # a DAG
    """Return the arguments of a DAG, given or by default, by name."""
    names = {name.lstrip("_") for name in type(dag).get_serialized_fields()} | set(_CALLBACKS)
    found = {name: plain(getattr(dag, name, None)) for name in sorted(names - _NOT_IN_DAG)}
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
    """Return the arguments of a timetable except its cron, as Airflow serializes them."""
    with suppress(Exception):
        timetable = serialization().to_dict(dag)["dag"].get("timetable") or {}
        return {name: plain(value) for name, value in timetable.get("__var", {}).items() if name != "expression"}
    return {}


def _schedule(dag: Any) -> Any:  # noqa: ANN401  # text or nothing
    """Return the cron of a timetable, or the schedule that the DAG was given."""
    expression = getattr(dag.timetable, "_expression", None) or getattr(dag.timetable, "expression", None)
    given = getattr(dag, "schedule", None) or getattr(dag, "schedule_interval", None)
    return str(plain(expression or given)) if expression or given else None


def _task(task: Any) -> dict[str, Any]:  # noqa: ANN401  # an operator
    """Return the attributes of an operator, given or by default, by name."""
    found = {
        name: _rendered(plain(value)) if name in task.template_fields else plain(value)
        for name, value in sorted(vars(task).items())
        if not name.startswith("_") and name not in _NOT_IN_TASK
    }
    group = task.task_group.group_id if task.task_group else None
    return dict(found, operator=type(task).__name__, group=group, upstream=sorted(task.upstream_task_ids))


def _rendered(value: Any) -> Any:  # noqa: ANN401  # plain data
    """Return a templated value, evaluated if it does not depend on a run, such as `{{ 'a' }}`."""
    if isinstance(value, dict):
        return {name: _rendered(item) for name, item in value.items()}
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        undefined = import_module("jinja2").StrictUndefined
        with suppress(Exception):
            return import_module("jinja2.sandbox").SandboxedEnvironment(undefined=undefined).from_string(value).render()
    return value


def plain(value: Any) -> Any:  # noqa: ANN401  # any value
    """Return the value as JSON data: durations as `0:05:00`, times in ISO 8601, functions and other objects by name."""
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
