"""The keys that a schedule has for all its tasks, and a task for itself: Airflow's `default_args`, and the runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from codegen.keys.env import Env
from codegen.keys.scalars import Boolean, Choice, Duration, Integer
from codegen.keys.table import Model, key, keys_of
from codegen.keys.texts import Text
from codegen.runners import RUNNERS
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.task_types import MeltanoCommands, TriggerRule

if TYPE_CHECKING:
    from collections.abc import Mapping

_IN_A_SHELL = ("run", "command")
_inherited = partial(key, is_inherited=True)
_argument = partial(key, is_inherited=True, is_argument=True)


@dataclass(frozen=True, kw_only=True)
class TaskDefaults(Model):
    """What a schedule says of its tasks, and a task of itself. A task that is silent has what its schedule says.

    Attributes:
        settings: those of the runners, by their names.
        arguments: further arguments of Airflow, by their names there.
    """

    owner: str | None = _argument(Text(), "Who owns the tasks.", "data-platform", "airflow", group="identity")
    trigger_rule: str | None = _argument(
        TriggerRule(),
        "When a task runs, by the states of its upstream tasks. Default: `all_success`.",
        "all_done",
        group="how",
    )
    retries: int | None = _argument(
        Integer(0), "How often a failed task is retried.", "3", 1, group="when it goes wrong"
    )
    retry_delay: timedelta | None = _argument(
        Duration(may_be_zero=True),
        "How long it waits before that.",
        "10m",
        timedelta(minutes=5),
        group="when it goes wrong",
    )
    retry_exponential_backoff: bool | None = _argument(
        Boolean(),
        "Whether each wait is longer than the one before. Default: `false`.",
        "true",
        group="when it goes wrong",
    )
    max_retry_delay: timedelta | None = _argument(
        Duration(), "The longest wait, where each is longer. Default: a day.", "1h", group="when it goes wrong"
    )
    execution_timeout: timedelta | None = _argument(
        Duration(), "How long a task may run. Default: no limit.", "2h", group="when it goes wrong"
    )
    pool: str | None = _argument(Text(longest=256), "Airflow's pool.", "warehouse", group="how")
    pool_slots: int | None = _argument(
        Integer(1), "How many of the pool's slots a task takes. Default: 1.", "2", group="how"
    )
    priority_weight: int | None = _argument(
        Integer(), "The priority of the tasks in the queue of the executor and of the pool.", "10", group="how"
    )
    queue: str | None = _argument(Text(longest=256), "The queue of Celery's executor.", "heavy", group="how")
    on_retry: tuple[Alert, ...] | None = _inherited(
        AlertList(),
        "Alerts when a task fails and is retried.",
        "{slack: '#alerts'}",
        (),
        owns=("on_retry_callback",),
        group="when it goes wrong",
    )
    before_run: tuple[str, ...] | None = _inherited(
        MeltanoCommands(),
        "Meltano commands to run first in every task that runs Meltano, written without `meltano`; `[]` for none. A "
        "word may hold Airflow's templates. A setting or selection for one run belongs in `env` "
        "(`TAP_GITLAB_START_DATE`, `TAP_GITLAB__SELECT`): `config set` and `select` change the project for good.",
        '["invoke dbt-postgres:deps"]',
        (),
        reaches=("run",),
        group="what runs",
    )
    runner: str | None = _inherited(
        Choice(*RUNNERS),
        "Where the tasks run: in a shell of Airflow's worker, in containers of its Docker engine, or in pods.",
        "docker",
        next(iter(RUNNERS)),
        reaches=_IN_A_SHELL,
        group="how",
    )
    env: Mapping[str, str | None] = key(
        Env(),
        "Environment variables of the tasks; those of a task are added to the schedule's. A value may hold Airflow's "
        "templates.",
        "{TAP_GITLAB_START_DATE: '{{ ds }}'}",
        {},
        reaches=_IN_A_SHELL,
        group="how",
    )

    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def fields_of(model: type[TaskDefaults], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of keys as the fields of a model: each in its own, or in `settings` or `arguments`."""
    known = keys_of(model)
    own = {name: value for name, value in values.items() if name in known}
    settings = {name: value for name, value in values.items() if name in RUNNERS}
    others = {name: value for name, value in values.items() if name not in {*known, *RUNNERS}}
    return {**own, "settings": settings, "arguments": others}
