"""Decides what each generated file says: a schedule becomes a small tree of imports, arguments, tasks and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.command import steps_of
from codegen.literal import names_in
from codegen.plan.alerts import AlertPlan, alert_functions
from codegen.plan.arrows import arrows_of, variables_of
from codegen.plan.dag import dag_arguments
from codegen.plan.doc import doc_of
from codegen.plan.imports import imports_of
from codegen.plan.task import plan_task
from codegen.plan.tree import DagModule, PlannedDag, PlannedTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.meltano import Job
    from codegen.schema import Schedule

__all__ = ["DagModule", "PlannedDag", "PlannedTask", "plan"]


def plan(schedule: Schedule, jobs: Mapping[str, Job], airflow: str) -> DagModule:
    """Plan the file of a schedule that has no errors.

    Args:
        schedule: a checked schedule.
        jobs: the jobs of the Meltano project, by name.
        airflow: the version, one of `VERSIONS`.
    """
    steps = steps_of(schedule, jobs)
    variables = variables_of(steps, schedule.dag_id_or_default)
    alerts = AlertPlan(schedule, airflow, alert_functions(schedule, airflow, variables.values()))
    tasks = tuple(plan_task(step, variables.get(step.task_id, ""), airflow, alerts) for step in steps)
    arrows = tuple(arrows_of(steps, variables))
    dag = PlannedDag(schedule.dag_id_or_default, dag_arguments(schedule, alerts), tasks, arrows)
    names = set(_names_of(dag))
    return DagModule(
        path=schedule.dag_file,
        source=schedule.source,
        doc=doc_of(schedule, steps),
        imports=imports_of(names, airflow),
        dags=(dag,),
        has_meltano="MELTANO" in names,
        alert_texts=alerts.texts(names),
        alert_functions=tuple(function.source for function in alerts.functions),
    )


def _names_of(dag: PlannedDag) -> Iterator[str]:
    """Every name that the code of a DAG uses."""
    yield "DAG"
    for argument in dag.arguments:
        yield from names_in(argument.value)
    for task in dag.tasks:
        yield task.operator
        for argument in task.arguments:
            yield from names_in(argument.value)
