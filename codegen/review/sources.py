"""Creates the behaviour of a schedule's DAG from its plan, as in its own file."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.pipeline import Reading
from codegen.plan import DagModule, Dependencies, plan
from codegen.project import Project
from codegen.render.source_text import code
from codegen.review.behaviour import Behaviour, state_ids_in
from codegen.schema import Schedule
from codegen.values import Value


def behaviour_of(project: Project, reading: Reading, schedule: Schedule, others: Dependencies) -> Behaviour:
    """Return the behaviour of a schedule without errors, and with its dependencies."""
    return from_plan(plan([(schedule, others)], reading.meltano, project.airflow, project.project_root_variable))


def from_plan(module: DagModule) -> Behaviour:
    """Return the behaviour that a file will have; values are Python source, in which `1`, `1.0` and `True` differ."""
    (dag,) = module.dags
    tasks = {
        task.task_id: {
            "operator": task.operator,
            "upstream": task.upstream,
            "group": group.group_id,
            **{argument.name: _source(argument.value) for argument in task.arguments},
        }
        for group in dag.groups
        for task in group.tasks
    }
    fields = {
        **{argument.name: _source(argument.value) for argument in dag.arguments},
        "doc": module.doc,
        # Two operators with one name can be from two modules.
        "imports": module.imports,
        "functions": {function.name: function for function in (*module.functions, *dag.functions)},
        "alert_texts": module.alert_texts,
        "project_root_variable": module.project_root_variable,
        "state_ids": state_ids_in(tasks.values()),
    }
    return Behaviour(fields, tasks)


def _source(value: Value) -> object:
    if isinstance(value, Mapping):
        return {name: _source(item) for name, item in value.items()}
    return code(value, indent=0)
