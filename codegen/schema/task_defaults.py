"""The keys that a schedule sets for all its tasks and a task can override: Airflow's `default_args` and the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from functools import partial
from typing import Any

from codegen.keys.env import Env
from codegen.keys.model import Model, model
from codegen.keys.scalars import Boolean, BooleanOrTemplate, Choice, Duration, Integer
from codegen.keys.table import key, keys_of
from codegen.keys.texts import Text
from codegen.runners import RUNNERS
from codegen.schema.alerts import Alert, AlertList
from codegen.schema.task_types import MELTANO_COMMANDS, TRIGGER_RULE

# The tasks that run Meltano, and those that run in a shell or a container.
MELTANO_KINDS = ("run", "invoke", "extractor")
SHELL_KINDS = (*MELTANO_KINDS, "command")
# The tasks that load rows, including a `meltano run` in a `command`.
LOADING_KINDS = ("run", "extractor", "command")
_inherited = partial(key, is_inherited=True)
_how = partial(_inherited, is_argument=True, group="how")
_outcome = partial(_how, group="when it goes wrong")


@model(frozen=True, kw_only=True)
class TaskDefaults(Model):
    """Values that a schedule sets for its tasks. A task can override them, and otherwise inherits them.

    Attributes:
        settings: the settings of the runners, by runner name.
        arguments: additional arguments of Airflow, by their names.
    """

    owner: str | None = _how(
        Text(), "The team or person that Airflow shows as the owner.", "data-platform", "airflow", group="identity"
    )
    trigger_rule: str | None = _how(
        TRIGGER_RULE,
        "When a task runs, depending on the results of its upstream tasks. Default: `all_success`.",
        "all_done",
    )
    retries: int | None = _outcome(Integer(0), "How many times a failed task is retried.", "3", 1)
    retry_delay: timedelta | None = _outcome(
        Duration(may_be_zero=True),
        "How long to wait before a failed task is retried.",
        "10m",
        timedelta(minutes=5),
        label="Wait before a retry",
    )
    retry_exponential_backoff: bool | None = _outcome(
        Boolean(),
        "Whether the wait grows with each retry. Default: `false`.",
        "true",
        label="Longer waits between retries",
    )
    max_retry_delay: timedelta | None = _outcome(
        Duration(),
        "The longest wait before a retry, with `retry_exponential_backoff`. Default: a day.",
        "1h",
        label="Longest wait before a retry",
    )
    execution_timeout: timedelta | None = _outcome(
        Duration(), "How long a task may run before it fails. Default: no limit.", "2h", label="Time limit of a task"
    )
    pool: str | None = _how(
        Text(max_length=256),
        "The Airflow pool. It limits how many tasks run at once, for example tasks that load the same warehouse.",
        "warehouse",
    )
    pool_slots: int | None = _how(Integer(1), "How many slots of the pool a task occupies. Default: 1.", "2")
    priority_weight: int | None = _how(
        Integer(), "Tasks with a higher number start first when not all can run at once.", "10", label="Priority"
    )
    queue: str | None = _how(Text(max_length=256), "The queue for the tasks, with the Celery executor.", "heavy")
    on_retry: tuple[Alert, ...] | None = _inherited(
        AlertList(),
        "Alerts when a task fails and is retried.",
        "{slack: '#alerts'}",
        (),
        owns=("on_retry_callback",),
        group="when it goes wrong",
        label="Alert when a task is retried",
    )
    full_refresh: bool | str | None = _inherited(
        BooleanOrTemplate(),
        "Whether to ignore the saved state and load everything again. A template decides for each run.",
        "'{{ params.full_refresh }}'",
        default=False,
        reaches=LOADING_KINDS,
        variable="MELTANO_RUN_FULL_REFRESH",
        group="state",
        label="Load everything again",
    )
    force: bool | str | None = _inherited(
        BooleanOrTemplate(),
        "Whether to run even if the state ID is locked by another run, or by one that was killed. A template only "
        "affects `meltano run`.",
        "true",
        default=False,
        reaches=LOADING_KINDS,
        variable="MELTANO_RUN_FORCE",
        group="state",
        label="Run despite a lock",
    )
    before_run: tuple[str, ...] | None = _inherited(
        MELTANO_COMMANDS,
        "Meltano commands to run first in every task that runs Meltano, written without `meltano`; `[]` for none. They "
        "can contain Airflow templates. Use `env` for a setting or selection of one run (`TAP_GITLAB_START_DATE`, "
        "`TAP_GITLAB__SELECT`): `config set` and `select` change the project permanently.",
        '["invoke dbt-postgres:deps"]',
        (),
        reaches=MELTANO_KINDS,
        group="what runs",
        label="Meltano commands to run first",
    )
    runner: str | None = _inherited(
        Choice(*RUNNERS),
        "Where the tasks run: in a shell on the Airflow worker, in Docker containers or in Kubernetes pods.",
        "docker",
        next(iter(RUNNERS)),
        reaches=SHELL_KINDS,
        group="how",
        label="Where the tasks run",
    )
    env: Mapping[str, str | None] = key(
        Env(),
        "Environment variables of the tasks. A task's variables are added to the schedule's. A null removes a variable "
        "of the schedule, but not one of the Airflow worker. For plugins, `env` in meltano.yml overrides these "
        "variables. Values can contain Airflow templates.",
        "{TAP_GITLAB_START_DATE: '{{ ds }}'}",
        {},
        reaches=SHELL_KINDS,
        group="how",
        label="Environment variables",
    )

    settings: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def fields_of(model: type[TaskDefaults], values: Mapping[str, Any]) -> dict[str, Any]:
    """Sort the values of keys into the fields of a model: a field of its own, `settings` or `arguments`."""
    fields: dict[str, Any] = {"settings": {}, "arguments": {}}
    for name, value in values.items():
        if row := keys_of(model).get(name):
            fields[row.field] = value
        else:
            fields["settings" if name in RUNNERS else "arguments"][name] = value
    return fields
