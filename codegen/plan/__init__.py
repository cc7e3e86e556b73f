"""Decides what each generated file says: a schedule becomes a small tree of imports, arguments, tasks and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.command import steps_of
from codegen.literal import names_in
from codegen.plan.alerts import AlertPlan, alert_functions
from codegen.plan.arrows import lines_of, links_of, variables_of
from codegen.plan.dag import dag_arguments
from codegen.plan.doc import doc_of
from codegen.plan.functions import functions_of
from codegen.plan.groups import plan_groups
from codegen.plan.imports import imports_of
from codegen.plan.task import plan_task
from codegen.plan.tree import DagModule, PlannedDag, PlannedFunction, PlannedGroup, PlannedTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.meltano import Job
    from codegen.schema import Schedule

__all__ = ["DagModule", "PlannedDag", "PlannedFunction", "PlannedGroup", "PlannedTask", "plan"]


def plan(schedule: Schedule, jobs: Mapping[str, Job], airflow: str) -> DagModule:
    """Plan the file of a schedule that has no errors.

    Args:
        schedule: a checked schedule.
        jobs: the jobs of the Meltano project, by name.
        airflow: the version, one of `VERSIONS`.
    """
    steps = steps_of(schedule, jobs)
    by_task = functions_of(steps)
    functions = {function.name: function for function in by_task.values()}
    links = links_of(steps)
    every_link = [link for those in links.values() for link in those]
    variables = variables_of(every_link, steps, schedule.dag_id_or_default, set(functions))
    of_alerts = alert_functions(schedule, airflow, {*functions, *variables.values()})
    alerts = AlertPlan(schedule, airflow, of_alerts)
    tasks = [
        plan_task(
            step,
            variables.get(step.task_id, ""),
            by_task.get(step.task_id),
            airflow,
            alerts.task_arguments(step.task),
        )
        for step in steps
    ]
    groups = plan_groups(steps, tasks, links, variables)
    arrows = tuple(lines_of(links[""], variables, indent=4))
    dag = PlannedDag(schedule.dag_id_or_default, dag_arguments(schedule, alerts), groups, arrows)
    names = set(_names_of(dag))
    return DagModule(
        path=schedule.dag_file,
        source=schedule.source,
        doc=doc_of(schedule, steps),
        imports=imports_of(names, airflow),
        functions=(*functions.values(), *(function.planned for function in of_alerts)),
        dags=(dag,),
        has_meltano="MELTANO" in names,
        alert_texts=alerts.texts(names),
    )


def _names_of(dag: PlannedDag) -> Iterator[str]:
    """Every name that the code of a DAG uses."""
    yield "DAG"
    for argument in dag.arguments:
        yield from names_in(argument.value)
    if any(group.head for group in dag.groups):
        yield "TaskGroup"
    for task in dag.tasks:
        yield task.operator
        for argument in task.arguments:
            yield from names_in(argument.value)
