"""The keys that a schedule has for all its tasks, and a task for itself: Airflow's `default_args`, and the runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from codegen.keys.table import key, keys_of, places
from codegen.keys.types import Boolean, Choice, Duration, Environment, Integer, Text
from codegen.runners import RUNNERS
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.step_kinds import MeltanoCommands, TriggerRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.diagnostics import Location

_IN_A_SHELL = ("run", "command")


@dataclass(frozen=True, kw_only=True)
class TaskDefaults:
    """What a schedule says of its tasks, and a task of itself. A task that is silent has what its schedule says.

    Attributes:
        settings: those of the runners, by their names.
        arguments: further arguments of Airflow, by their names there.
        at: where each key's value stands.
    """

    owner: str | None = key(
        Text(), "identity", "Who owns the tasks.", "data-platform", "airflow", argument="owner", inherited=True
    )
    trigger_rule: str | None = key(
        TriggerRule(),
        "how",
        "When a task runs, by the states of its upstream tasks. Default: `all_success`.",
        "all_done",
        argument="trigger_rule",
        inherited=True,
    )
    retries: int | None = key(
        Integer(0),
        "when it goes wrong",
        "How often a failed task is retried.",
        "3",
        1,
        argument="retries",
        inherited=True,
    )
    retry_delay: timedelta | None = key(
        Duration(may_be_zero=True),
        "when it goes wrong",
        "How long it waits before that.",
        "10m",
        timedelta(minutes=5),
        argument="retry_delay",
        inherited=True,
    )
    retry_exponential_backoff: bool | None = key(
        Boolean(),
        "when it goes wrong",
        "Whether each wait is longer than the one before. Default: `false`.",
        "true",
        argument="retry_exponential_backoff",
        inherited=True,
    )
    max_retry_delay: timedelta | None = key(
        Duration(),
        "when it goes wrong",
        "The longest wait, where each is longer. Default: a day.",
        "1h",
        argument="max_retry_delay",
        inherited=True,
    )
    execution_timeout: timedelta | None = key(
        Duration(),
        "when it goes wrong",
        "How long a task may run. Default: no limit.",
        "2h",
        argument="execution_timeout",
        inherited=True,
    )
    pool: str | None = key(Text(longest=256), "how", "Airflow's pool.", "warehouse", argument="pool", inherited=True)
    pool_slots: int | None = key(
        Integer(1),
        "how",
        "How many of the pool's slots a task takes. Default: 1.",
        "2",
        argument="pool_slots",
        inherited=True,
    )
    priority_weight: int | None = key(
        Integer(),
        "how",
        "The priority of the tasks in the queue of the executor and of the pool.",
        "10",
        argument="priority_weight",
        inherited=True,
    )
    queue: str | None = key(
        Text(longest=256), "how", "The queue of Celery's executor.", "heavy", argument="queue", inherited=True
    )
    on_retry: tuple[Alert, ...] | None = key(
        AlertList(),
        "when it goes wrong",
        "Alerts when a task fails and is retried.",
        "{slack: '#alerts'}",
        (),
        owns=("on_retry_callback",),
        inherited=True,
    )
    before_run: tuple[str, ...] | None = key(
        MeltanoCommands(),
        "what runs",
        "Meltano commands to run first in every task that runs Meltano, written without `meltano`; `[]` for none. A "
        "word may hold Airflow's templates. A setting or selection for one run belongs in `env` "
        "(`TAP_GITLAB_START_DATE`, `TAP_GITLAB__SELECT`): `config set` and `select` change the project for good.",
        '["invoke dbt-postgres:deps"]',
        (),
        reaches=("run",),
        inherited=True,
    )
    runner: str | None = key(
        Choice(*RUNNERS),
        "how",
        "Where the tasks run: in a shell of Airflow's worker, in containers of its Docker engine, or in pods.",
        "docker",
        next(iter(RUNNERS)),
        reaches=_IN_A_SHELL,
        inherited=True,
    )
    env: Mapping[str, str | None] = key(
        Environment(),
        "how",
        "Environment variables of the tasks; those of a task are added to the schedule's. A value may hold Airflow's "
        "templates.",
        "{TAP_GITLAB_START_DATE: '{{ ds }}'}",
        {},
        reaches=_IN_A_SHELL,
    )

    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at: Mapping[str, Location] = places()


def fields_of(model: type[TaskDefaults], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of keys as the fields of a model: each in its own, or in `settings` or `arguments`."""
    known = keys_of(model)
    own = {name: value for name, value in values.items() if name in known}
    settings = {name: value for name, value in values.items() if name in RUNNERS}
    others = {name: value for name, value in values.items() if name not in {*known, *RUNNERS}}
    return {**own, "settings": settings, "arguments": others}
