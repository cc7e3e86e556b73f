"""The dependencies between schedules: a successful run updates an asset, which starts the schedules that wait for it.

The asset has the DAG id of its schedule, percent-encoded beyond ASCII. Assets of `after` and `outlets` come beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from urllib.parse import quote

from codegen.plan.assets import any_of, asset_call
from codegen.plan.steps import Step, last_of, needs_no_join
from codegen.plan.tree import PlannedTask
from codegen.schema import Schedule, Task
from codegen.schema.after import After
from codegen.schema.asset import Asset
from codegen.values import Argument, Value


@dataclass(frozen=True)
class Dependencies:
    """The assets that start a DAG, without those of missing schedules, and the assets that a successful run updates."""

    inlets: tuple[Asset, ...]
    outlets: tuple[Asset, ...]


def between(schedules: Iterable[Schedule], kept: Collection[str] = ()) -> Mapping[str, Dependencies]:
    """The dependencies between all schedules of a deployment environment, by their files.

    `kept` has further DAG ids that other schedules wait for, such as unreadable ones.
    """
    everyone = list(schedules)
    awaited = {name for schedule in everyone if schedule.after for name in schedule.after.names}
    # Airflow 2 and 3.0, and later ones on MySQL, take ASCII only (airflow/datasets/__init__.py on 2,
    # airflow/sdk/definitions/asset/__init__.py on 3).
    own = {
        schedule.name: Asset(name=quote(schedule.dag_id_or_default))
        for schedule in everyone
        if schedule.name in awaited or schedule.dag_id_or_default in kept
    }
    found = {}
    for schedule in everyone:
        upstream = schedule.after.upstream if schedule.after else ()
        inlets = (each if isinstance(each, Asset) else own.get(each) for each in upstream)
        outlets = (*([own[schedule.name]] if schedule.name in own else []), *schedule.outlets)
        found[schedule.source] = Dependencies(tuple(filter(None, inlets)), outlets)
    return found


def conditions_of(after: After, others: Dependencies, airflow: str) -> Value:
    """The assets that start a DAG; Airflow waits for all of a list."""
    assets = tuple(asset_call(asset, airflow) for asset in others.inlets)
    return any_of(assets, airflow) if after.any and len(assets) > 1 else assets


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


def with_outlets(task: PlannedTask, outlets: Sequence[Asset], airflow: str) -> PlannedTask:
    """The last task of a DAG, with the assets that a successful run updates as outlets, besides its own.

    Because of its outlets Airflow executes even an EmptyOperator (`DagRun.schedule_tis` in airflow/models/dagrun.py,
    2.10 to 3.3); without that there is no event.
    """
    own = next((argument.value for argument in task.arguments if argument.name == "outlets"), ())
    others = tuple(argument for argument in task.arguments if argument.name != "outlets")
    added = (asset_call(asset, airflow) for asset in outlets)
    assets = tuple(dict.fromkeys((*own, *added)))  # type: ignore[misc]  # a sequence of assets
    return replace(task, arguments=(*others, Argument("outlets", assets)))
