"""The names of operators and objects in a generated file: each refers to the object in the schedule."""

from __future__ import annotations

import ast
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write
from versions import NEWEST

from codegen import pipeline
from codegen.airflow_facts import facts_of

# Names of Airflow's classes, our constants, modules, functions, tasks and Python, and of several objects.
_NAMES = [
    *("DAG", "TaskGroup", "BashOperator", "EmptyOperator", "FileSensor", "Param", "MELTANO", "LOCK", "RUN_FAILED"),
    *("pendulum", "datetime", "time", "timedelta", "list", "print", "type", "__doc__"),
    *("load", "Load", "LOAD", "LOAD_0", "call_load", "meltano", "elt", "ELT", "_", "a" * 60),
]
_NAME = st.sampled_from(_NAMES)
_PATHS = st.lists(_NAME, min_size=2, max_size=3).map(".".join)
_TASKS = st.lists(st.tuples(st.sampled_from(["uses", "python"]), _PATHS, _NAME, _PATHS), min_size=1, max_size=5)


def _schedule(tasks: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    of_tasks = {
        task_id: {"id": task_id, kind: path, "with": {"show_return_value_in_logs" if kind == "python" else "f": given}}
        for kind, path, task_id, obj in tasks
        for given in [{"$import": obj}]
    }
    alert = {"python": {"callable": tasks[0][3]}}
    return {"interval": "@daily", "on_retry": [alert], "tasks": [*of_tasks.values()]}


def _imports(source: ast.Module) -> dict[str, str]:
    """Return the full name of each import of a module by its local name."""
    found = [node for node in source.body if isinstance(node, ast.ImportFrom)]
    names = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for node in found for alias in node.names]
    assert len(dict(names)) == len(names)
    return dict(names)


@given(_TASKS)
@example([("uses", "ELT.LOAD", "load", "LOAD.LOAD_0")])
@example([("uses", "elt.class", "load", "elt.Load")])
@example([("uses", "pendulum.FileSensor", "load", "pendulum.today")])
def test_each_name_refers_to_its_object(tasks: list[tuple[str, str, str, str]]) -> None:
    """The names of imports are unique, and each task calls its operator."""
    schedule = _schedule(tasks)
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"dagpress.toml": f'airflow = "{NEWEST}"\n', "schedules/a.yml": as_yaml(schedule)})
        texts = [text for name, text in pipeline.generate(project_of(root)).files.items() if name.endswith(".py")]
    for source in map(ast.parse, texts):
        compile(source, "a.py", "exec")
        imports = _imports(source)
        named = [node.name for node in source.body if isinstance(node, ast.FunctionDef)]
        named += [
            node.id for node in ast.walk(source) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        assert len(named) == len(set(named))
        assert not imports.keys() & set(named)
        core = facts_of(NEWEST).core_operators
        calls = {_task_id(node): node for node in ast.walk(source) if isinstance(node, ast.Call) and _task_id(node)}
        for task in schedule["tasks"]:
            call = calls[task["id"]]
            assert isinstance(call.func, ast.Name)
            uses = task.get("uses", "PythonOperator")
            assert imports[call.func.id] == core.get(uses, uses)
            (given,) = task["with"].values()
            (value,) = (each.value for each in call.keywords if each.arg in task["with"])
            assert isinstance(value, ast.Name)
            assert imports[value.id] == given["$import"]


def _task_id(call: ast.Call) -> str:
    ids = (each.value for each in call.keywords if each.arg == "task_id")
    return next((str(each.value) for each in ids if isinstance(each, ast.Constant)), "")
