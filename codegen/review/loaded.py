"""Creates the behaviour of a DAG that a real Airflow has loaded (`codegen/airflow/inside.py`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from codegen.meltano import MeltanoProject
from codegen.meltano.call import Call, UnknownScheduleError, read_call, resolved
from codegen.plan.meltano_options import ENVIRONMENT_VARIABLES, meltano_environment
from codegen.review.behaviour import Behaviour
from codegen.schema.model import PROJECT_ROOT_VARIABLE

Data = Mapping[str, Any]

# Attributes that are handled below, or do not affect what a DAG does.
_SKIPPED_ATTRIBUTES = {
    "dag_id",
    "default_args",
    "description",
    "doc_md",
    "schedule",
    "start_date",
    "tags",
    "tasks",
    "timetable",
}
_SKIPPED_ATTRIBUTES |= {
    "append_env",
    "bash_command",
    "cwd",
    "env",
    "operator",
    "task_display_name",
    "task_id",
    "upstream",
}
_SKIPPED_ATTRIBUTES |= {"doc", "doc_json", "doc_rst", "doc_yaml", "email", "email_on_failure", "email_on_retry"}
_ARGUMENT = re.compile(r"\$\{?(ARGUMENT_\d+)")
ENVIRONMENT = "Meltano environment"
UNREADABLE = "it does more than call Meltano once: compare it manually"


@dataclass(frozen=True)
class Surroundings:
    """The project in which DAGs run.

    Attributes:
        root: the Meltano project directory.
        variable: the environment variable with that directory in generated tasks.
        preludes: the first lines of the commands of generated tasks.
        listed: the schedules by name, as in `meltano schedule list --format=json`.
        names: the names of schedules by the DAG IDs of the generated files.
        meltano: the Meltano project, for its default environment.
    """

    root: str
    variable: str
    preludes: tuple[str, ...]
    listed: Mapping[str, Data]
    names: Mapping[str, str]
    meltano: MeltanoProject | None = None


@dataclass(frozen=True)
class Command:
    """The command of a task, as typed in a shell; `why` is the reason why it is not a single call of Meltano."""

    shown: str
    call: Call | None = field(default=None, compare=False)
    why: str = field(default="", compare=False)


def from_airflow(dag: Data, around: Surroundings) -> Behaviour:
    """Return the behaviour of a loaded DAG: the attributes of the DAG and its tasks, with default arguments applied."""
    # The scheduler counts from the earliest start (airflow/models/dag.py).
    starts = filter(None, (_in_utc(each["start_date"]) for each in (dag, *dag["tasks"])))
    fields = {
        "schedule": dag["schedule"],
        "timetable": dag["timetable"],
        "start_date": min(starts, default=None),
        "tags": sorted(set(dag["tags"])),
        **_attributes(dag),
    }
    return Behaviour(fields, {task["task_id"]: _task(task, around) for task in dag["tasks"]})


def _task(task: Data, around: Surroundings) -> dict[str, object]:
    command = _command_of(task, around)
    env = _env_of(task, command.call)
    events = ("failure", "retry")
    return {
        "upstream tasks": task["upstream"],
        "start_date": _in_utc(task["start_date"]),
        # Without an address, no e-mail is sent, whatever else is set.
        "e-mail": {f"on {event}": task["email"] for event in events if task["email"] and task[f"email_on_{event}"]},
        "operator": task["operator"],
        "command": command,
        "folder": command.call and command.call.folder,
        # From any source (`detect_selected_environment` in meltano/cli/cli.py).
        ENVIRONMENT: command.call and meltano_environment(command.call.environment, env, around.meltano),
        "env": {name: value for name, value in env.items() if not (command.call and name in ENVIRONMENT_VARIABLES)},
        "append_env": bool(task.get("env") is None or task.get("append_env")),
        **_attributes(task),
    }


def _in_utc(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text else None


def _attributes(data: Data) -> dict[str, object]:
    found = {name: data[name] for name in sorted(data.keys() - _SKIPPED_ATTRIBUTES)}
    return {**found, "end_date": _in_utc(data["end_date"])} if "end_date" in data else found


def _command_of(task: Data, around: Surroundings) -> Command:
    script = task.get("bash_command")
    if not isinstance(script, str):
        return Command(f"a {task['operator']}", why=UNREADABLE)
    for prelude in around.preludes:
        script = script.removeprefix(prelude)
    variables = {PROJECT_ROOT_VARIABLE: around.root, around.variable: around.root, **_own_env(task)}
    call = read_call(script, variables, task.get("cwd") or around.root)
    if call is None:
        return Command(script, why=UNREADABLE)
    try:
        call = resolved(call, around.listed)
    except UnknownScheduleError as error:
        why = f"Meltano has no schedule `{error}`: the old command fails (a name with a space needs quotes)"
        return Command(script, why=why)
    return Command(str(call), call)


def _env_of(task: Data, call: Call | None) -> dict[str, str]:
    """Return the variables that the task adds to its worker's, except variables that pass words of its command."""
    words = _ARGUMENT.findall(str(task.get("bash_command")))
    given = {name: value for name, value in _own_env(task).items() if name not in words}
    return {**given, **(call.env if call else {})}


def _own_env(task: Data) -> dict[str, str]:
    env = task.get("env")
    return {name: str(value) for name, value in env.items()} if isinstance(env, dict) else {}
