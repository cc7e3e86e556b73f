"""Options of Meltano commands, including those passed as environment variables."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import without_suffix
from codegen.schema import Schedule, Task
from codegen.text.shell import words_of

# The variables that name the Meltano environment, by precedence (meltano/cli/cli.py).
ENVIRONMENT_VARIABLES = ("MELTANO_ENVIRONMENT", "MELTANO_DEFAULT_ENVIRONMENT")
_FLAGS = ("full_refresh", "force")


def meltano_environment(given: str | None, env: Mapping[str, str], meltano: MeltanoProject | None) -> str:
    """Return the Meltano environment of a command: its option, else a variable, else the project's default."""
    default = meltano.default_environment if meltano else ""
    return next(filter(None, (given, *map(env.get, ENVIRONMENT_VARIABLES))), default)


def meltano_suffix(given: str | None, env: Mapping[str, str], environment: str, meltano: MeltanoProject | None) -> str:
    """Return the state ID suffix of a `meltano run`: its option, else a variable, else the environment's suffix."""
    of_environment = meltano.environments.get(environment, "") if meltano else ""
    return given or env.get("MELTANO_RUN_STATE_ID_SUFFIX") or of_environment


def state_id_suffix(schedule: Schedule, task: Task, meltano: MeltanoProject | None) -> str:
    """Return the state ID suffix of a task with the suffix of its deployment environment, as set in the project."""
    env, (_, own) = env_of(schedule, task), without_suffix(words_of(task.run))
    environment = meltano_environment(schedule.environment, env, meltano)
    suffix = meltano_suffix(own or schedule.state_id_suffix, env, environment, meltano)
    return "-".join(part for part in (suffix, schedule.state_suffix) if part)


def flags_of(schedule: Schedule, task: Task) -> list[str]:
    """Return the flags of a task."""
    return [f"--{name.replace('_', '-')}" for name in _FLAGS if schedule.of(task, name) is True]


def env_of(schedule: Schedule, task: Task) -> dict[str, str]:
    """Return the environment variables of a task: its `env` merged into the schedule's; null removes a variable.

    For a `command`, keys for Meltano become variables, which override `env`. For other tasks, only keys that cannot be
    passed as an option do: a flag that is a template, or a `false` that overrides a variable.
    """
    given = {name: value for name, value in {**schedule.env, **task.env}.items() if value is not None}
    of_keys = variables_of_keys(schedule, task)
    if task.command:
        return {**given, **of_keys}
    flags = (keys_of(Schedule)[name] for name in _FLAGS)
    kept = (row.variable for row in flags if task.kind in row.reaches and of_keys.get(row.variable) != "true")
    return {**given, **{name: of_keys[name] for name in kept if name in of_keys}}


def variables_of_keys(schedule: Schedule, task: Task) -> dict[str, str]:
    """Return the environment variables for the keys of a task that Meltano can read from variables."""
    suffix = [schedule.state_id_suffix, schedule.state_suffix] if schedule.state_id_suffix else []
    values = {
        "environment": schedule.environment,
        **{name: _flag(schedule, task, name) for name in _FLAGS},
        "state_id_suffix": "-".join(part for part in suffix if part) or None,
    }
    return {keys_of(Schedule)[name].variable: value for name, value in values.items() if value is not None}


def _flag(schedule: Schedule, task: Task, name: str) -> str | None:
    """Return the value of a flag's variable; None for a `false` that does not override a variable."""
    value = schedule.of(task, name)
    if isinstance(value, str):
        return value
    if value:
        return "true"
    is_said = name in task.at or name in schedule.at
    return "false" if is_said and keys_of(Schedule)[name].variable in {**schedule.env, **task.env} else None
