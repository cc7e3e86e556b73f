"""The dependencies between schedules: a successful run updates an asset, which starts the schedules that wait for it.

The asset has the DAG id of its schedule, percent-encoded beyond ASCII; on Airflow 2 it is called a dataset.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from urllib.parse import quote

from codegen.airflow_facts import facts_of
from codegen.plan.steps import Step, last_of, needs_no_join
from codegen.plan.tree import PlannedTask
from codegen.schema import Schedule, Task
from codegen.schema.after import After
from codegen.values import Argument, Call, Value


@dataclass(frozen=True)
class Dependencies:
    """Whether other schedules wait for a schedule, and the DAG ids of those that it waits for, without missing ones."""

    is_awaited: bool
    dag_ids: tuple[str, ...]


def between(schedules: Iterable[Schedule], kept: Collection[str] = ()) -> Mapping[str, Dependencies]:
    """The dependencies between all schedules of a deployment environment, by their files.

    `kept` has further DAG ids that other schedules wait for, such as unreadable ones.
    """
    everyone = list(schedules)
    awaited = {name for schedule in everyone if schedule.after for name in schedule.after.names}
    dag_ids = {schedule.name: schedule.dag_id_or_default for schedule in everyone}
    found = {}
    for schedule in everyone:
        names = schedule.after.names if schedule.after else ()
        known = tuple(dag_ids[name] for name in names if name in dag_ids)
        found[schedule.source] = Dependencies(schedule.name in awaited or schedule.dag_id_or_default in kept, known)
    return found


def conditions_of(after: After, others: Dependencies, airflow: str) -> Value:
    """The assets that start a DAG; Airflow waits for all of a list."""
    assets = tuple(_asset(dag_id, airflow) for dag_id in others.dag_ids)
    if after.any and len(assets) > 1:
        return Call("AssetAny" if facts_of(airflow).has_assets else "DatasetAny", assets)
    return assets


def _asset(dag_id: str, airflow: str) -> Call:
    # Airflow 2 and 3.0, and later ones on MySQL, take ASCII only (airflow/datasets/__init__.py on 2,
    # airflow/sdk/definitions/asset/__init__.py on 3).
    return Call("Asset" if facts_of(airflow).has_assets else "Dataset", (quote(dag_id),))


def with_join(steps: Sequence[Step], schedule: Schedule) -> Sequence[Step]:
    """The steps, with a join task at the end unless the success of a single last step is that of the run.

    With `none_failed` a task succeeds where Airflow calls the run a success: all last tasks have succeeded or were
    skipped (`DagRun.update_state` in airflow/models/dagrun.py). The join task does no work, so it takes no slots of
    the schedule's pool.
    """
    if needs_no_join(steps):
        return steps
    taken = {name for step in steps for name in (step.task_id, step.task.group)}
    name = next(name for name in chain(["done"], (f"done_{number}" for number in count(1))) if name not in taken)
    rule = "none_failed"
    pool = None if schedule.pool is None else "default_pool"
    task = Task(trigger_rule=rule, pool=pool, pool_slots=None if schedule.pool_slots is None else 1)
    last = tuple(step.task_id for step in last_of(steps))
    return [*steps, Step(task_id=name, after=last, task=task, waits_for=last, trigger_rule=rule)]


def giving_asset(task: PlannedTask, dag_id: str, airflow: str) -> PlannedTask:
    """The last task of a DAG, with the DAG's asset as outlet.

    Because of its outlets Airflow executes even an EmptyOperator (`DagRun.schedule_tis` in airflow/models/dagrun.py,
    2.10 to 3.3); without that there is no event.
    """
    return replace(task, arguments=(*task.arguments, Argument("outlets", (_asset(dag_id, airflow),))))
