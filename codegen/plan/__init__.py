"""Decides what each generated file says: a schedule becomes a small tree of imports, arguments, tasks and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.plan.alerts import AlertPlan, alert_functions
from codegen.plan.arrows import lines_of, links_of, variables_of
from codegen.plan.dag import dag_arguments
from codegen.plan.dependencies import Dependencies, between, giving_asset, plan_join_task, with_join
from codegen.plan.doc import doc_of
from codegen.plan.functions import functions_of
from codegen.plan.groups import plan_groups
from codegen.plan.imports import imports_of
from codegen.plan.steps import steps_of
from codegen.plan.task import plan_task
from codegen.plan.tree import DagModule, PlannedDag, PlannedFunction, PlannedGroup, PlannedTask
from codegen.runners.bash import PRELUDES
from codegen.values import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.meltano import MeltanoProject
    from codegen.schema import Schedule

__all__ = [
    "PRELUDES",
    "DagModule",
    "Dependencies",
    "PlannedDag",
    "PlannedFunction",
    "PlannedGroup",
    "PlannedTask",
    "between",
    "plan",
]


def plan(
    schedule: Schedule,
    others: Dependencies,
    meltano: MeltanoProject | None,
    airflow: str,
    project_root_variable: str,
) -> DagModule:
    """Plan the file of a schedule that has no errors.

    Args:
        schedule: a checked schedule.
        others: what it has to know of the schedules beside it.
        meltano: the Meltano project, if there is one.
        airflow: the version, one of `VERSIONS`.
        project_root_variable: the variable of the workers that names the Meltano project directory.
    """
    steps = steps_of(schedule, meltano)
    dag_id, is_awaited = schedule.dag_id_or_default, others.is_awaited
    every = with_join(steps) if is_awaited else steps
    by_task = functions_of(steps)
    functions = {function.name: function for function in by_task.values()}
    links = links_of(every)
    every_link = [link for those in links.values() for link in those]
    variables = variables_of(every_link, every, dag_id, set(functions))
    of_alerts = alert_functions(schedule, airflow, {*functions, *variables.values()})
    alerts = AlertPlan(schedule, airflow, of_alerts)
    tasks = [
        plan_task(
            step,
            variables.get(step.task_id, ""),
            by_task.get(step.task_id),
            alerts,
        )
        for step in steps
    ]
    tasks += [plan_join_task(step, variables[step.task_id], schedule) for step in every[len(steps) :]]
    if is_awaited:
        # In the order in which they run, the one that is last is behind all others.
        tasks[-1] = giving_asset(tasks[-1], dag_id, airflow)
    groups = plan_groups(every, tasks, links, variables)
    arrows = tuple(lines_of(links[""], variables, indent=4))
    dag = PlannedDag(dag_id, dag_arguments(schedule, others, alerts, airflow), groups, arrows)
    names = set(_names_of(dag))
    return DagModule(
        path=schedule.dag_file,
        source=schedule.source,
        doc=doc_of(schedule, steps),
        imports=imports_of(names, airflow),
        functions=(*functions.values(), *(function.planned for function in of_alerts)),
        dags=(dag,),
        preludes=tuple(name for name in PRELUDES if name in names),
        project_root_variable=project_root_variable,
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
