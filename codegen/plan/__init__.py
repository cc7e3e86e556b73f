"""Decides what each generated file says: a schedule becomes a small tree of imports, arguments, tasks and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.command import steps_of
from codegen.literal import names_in
from codegen.plan.arrows import arrows_of, variables_of
from codegen.plan.between import Between, between, giving_asset, plan_closing_task, with_closing_step
from codegen.plan.dag import dag_arguments
from codegen.plan.doc import doc_of
from codegen.plan.imports import imports_of
from codegen.plan.task import plan_task
from codegen.plan.tree import DagModule, PlannedDag, PlannedTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codegen.command import Step
    from codegen.meltano import Job
    from codegen.schema import Schedule

__all__ = ["Between", "DagModule", "PlannedDag", "PlannedTask", "between", "plan"]


def plan(schedule: Schedule, others: Between, jobs: Mapping[str, Job], airflow: str) -> DagModule:
    """Plan the file of a schedule that has no errors.

    Args:
        schedule: a checked schedule.
        others: the schedules beside it.
        jobs: the jobs of the Meltano project, by name.
        airflow: the version, one of `VERSIONS`.
    """
    steps = steps_of(schedule, jobs)
    tasks, arrows = _plan_tasks(schedule, steps, others, airflow)
    dag = PlannedDag(schedule.dag_id_or_default, dag_arguments(schedule, others, airflow), tasks, arrows)
    names = set(_names_of(dag))
    return DagModule(
        path=schedule.dag_file,
        source=schedule.source,
        doc=doc_of(schedule, steps),
        imports=imports_of(names, airflow),
        dags=(dag,),
        has_meltano="MELTANO" in names,
    )


def _plan_tasks(
    schedule: Schedule, steps: Sequence[Step], others: Between, airflow: str
) -> tuple[tuple[PlannedTask, ...], tuple[str, ...]]:
    """The tasks, and the lines that order them; where others wait for the schedule, the last task tells them."""
    dag_id, is_awaited = schedule.dag_id_or_default, schedule.name in others.awaited
    every = with_closing_step(steps) if is_awaited else steps
    variables = variables_of(every, dag_id)
    tasks = [plan_task(step, variables.get(step.task_id, ""), airflow) for step in steps]
    tasks += [plan_closing_task(step, variables[step.task_id]) for step in every[len(steps) :]]
    if is_awaited:
        # In the order in which they run, the one that is last is behind all others.
        tasks[-1] = giving_asset(tasks[-1], dag_id, airflow)
    return tuple(tasks), tuple(arrows_of(every, variables))


def _names_of(dag: PlannedDag) -> Iterator[str]:
    """Every name that the code of a DAG uses."""
    yield "DAG"
    for argument in dag.arguments:
        yield from names_in(argument.value)
    for task in dag.tasks:
        yield task.operator
        for argument in task.arguments:
            yield from names_in(argument.value)
