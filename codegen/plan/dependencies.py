"""Dependencies between schedules: a successful run updates an asset, which triggers the downstream schedules.

The asset is named after the DAG ID, with non-ASCII characters percent-encoded. The assets in `after` and `outlets` are
added to it.
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
    """The assets that trigger a DAG, and the assets that its successful runs update.

    Attributes:
        inlets: the assets that trigger the DAG, without the assets of missing schedules.
        outlets: the assets that a successful run updates.
    """

    inlets: tuple[Asset, ...]
    outlets: tuple[Asset, ...]


def dependencies_between(schedules: Iterable[Schedule], kept: Collection[str] = ()) -> Mapping[str, Dependencies]:
    """Return the dependencies between the schedules of a deployment environment, by their files.

    `kept` has additional DAG IDs that need an asset, because schedules that cannot be read wait for them.
    """
    everyone = list(schedules)
    awaited = {name for schedule in everyone if schedule.after for name in schedule.after.names}
    # Airflow 2 and 3.0, and later versions on MySQL, accept only ASCII (airflow/datasets/__init__.py on 2,
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
    """Return the assets that trigger a DAG; a list means all of them."""
    assets = tuple(asset_call(asset, airflow) for asset in others.inlets)
    return any_of(assets, airflow) if after.any and len(assets) > 1 else assets


def with_join(steps: Sequence[Step], schedule: Schedule) -> Sequence[Step]:
    """Return the steps with a final `join` task, unless a single last step already decides the outcome of the run.

    With `none_failed`, the task succeeds exactly if Airflow marks the run successful: all last tasks have succeeded or
    were skipped (`DagRun.update_state` in airflow/models/dagrun.py). It takes no slots of the schedule's pool.
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
    """Return the last task of a DAG with the run's assets added to its own outlets.

    Airflow executes an EmptyOperator only if it has outlets (`DagRun.schedule_tis` in airflow/models/dagrun.py, 2.10 to
    3.3); without execution, there is no asset event.
    """
    own = next((argument.value for argument in task.arguments if argument.name == "outlets"), ())
    others = tuple(argument for argument in task.arguments if argument.name != "outlets")
    added = (asset_call(asset, airflow) for asset in outlets)
    assets = tuple(dict.fromkeys((*own, *added)))  # type: ignore[misc]  # a sequence of assets
    return replace(task, arguments=(*others, Argument("outlets", assets)))
