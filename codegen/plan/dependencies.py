"""What ties schedules together: the asset that a run gives when all of it succeeded, and what waits for such assets.

An asset has the DAG id of the schedule whose runs it stands for; on Airflow 2 it is called a dataset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, count
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.plan.steps import Step, needs_no_join
from codegen.plan.tree import PlannedTask
from codegen.values import Argument, Call, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from codegen.schema import Schedule
    from codegen.schema.after import After


@dataclass(frozen=True)
class Dependencies:
    """What the plan of a schedule has to know of those beside it.

    Attributes:
        is_awaited: whether another waits for it.
        dag_ids: of the schedules that it waits for, in its own order; without those that are not there.
    """

    is_awaited: bool
    dag_ids: tuple[str, ...]


def between(schedules: Iterable[Schedule]) -> Mapping[str, Dependencies]:
    """Look at all schedules of a deployment environment side by side: the dependencies of each, by its file.

    One that waits for a schedule that is not among them, as while that cannot be read, does not hinder the others.
    """
    everyone = list(schedules)
    awaited = {name for schedule in everyone if schedule.after for name in schedule.after.names}
    dag_ids = {schedule.name: schedule.dag_id_or_default for schedule in everyone}
    found = {}
    for schedule in everyone:
        names = schedule.after.names if schedule.after else ()
        known = tuple(dag_ids[name] for name in names if name in dag_ids)
        found[schedule.source] = Dependencies(schedule.name in awaited, known)
    return found


def conditions_of(after: After, others: Dependencies, airflow: str) -> Value:
    """The assets that start a DAG: a list of them is all, as Airflow has it."""
    assets = tuple(_asset(dag_id, airflow) for dag_id in others.dag_ids)
    if after.any and len(assets) > 1:
        return Call("AssetAny" if facts_of(airflow).has_assets else "DatasetAny", assets)
    return assets


def _asset(dag_id: str, airflow: str) -> Call:
    return Call("Asset" if facts_of(airflow).has_assets else "Dataset", (dag_id,))


# With it a task succeeds where Airflow calls the run a success: all last tasks have succeeded or were skipped
# (`DagRun.update_state` in airflow/models/dagrun.py).
_RULE_OF_CLOSING = "none_failed"


def with_join(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, and one behind them unless there is one last step whose success is that of the run."""
    if needs_no_join(steps):
        return steps
    awaited = {task_id for step in steps for task_id in step.after}
    last = [step for step in steps if step.task_id not in awaited]
    taken = {name for step in steps for name in (step.task_id, step.task.group)}
    names = chain(["done"], (f"done_{number}" for number in count(1)))
    ids = tuple(step.task_id for step in last)
    name = next(name for name in names if name not in taken)
    return [*steps, Step(name, (), after=ids, waits_for=ids, trigger_rule=_RULE_OF_CLOSING)]


def plan_join_task(step: Step, variable: str, schedule: Schedule) -> PlannedTask:
    """The task of that step.

    Because of its outlets it is really executed, as other EmptyOperators are not (`DagRun.schedule_tis` in
    airflow/models/dagrun.py, 2.10 to 3.3): without that there is no event. It does no work, and takes no slots of the
    schedule's pool.
    """
    arguments = [Argument("task_id", step.task_id), Argument("trigger_rule", step.trigger_rule)]
    if schedule.pool is not None:
        arguments.append(Argument("pool", "default_pool"))
    if schedule.pool_slots is not None:
        arguments.append(Argument("pool_slots", 1))
    return PlannedTask(step.task_id, variable, "EmptyOperator", tuple(arguments))


def giving_asset(task: PlannedTask, dag_id: str, airflow: str) -> PlannedTask:
    """The last task of a DAG, whose success is an event of the asset of the DAG."""
    return replace(task, arguments=(*task.arguments, Argument("outlets", (_asset(dag_id, airflow),))))
