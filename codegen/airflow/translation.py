"""Translates commands of other Airflow versions to those of one version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from codegen.airflow_facts import facts_of
from codegen.diagnostics import DagpressError

# Commands of Airflow 1.10 (airflow/bin/cli.py) and 2.0, with their current names.
_CURRENT_NAMES = {
    "backfill": "dags backfill",
    "checkdb": "db check",
    "clear": "tasks clear",
    "create_user": "users create",
    "dag_state": "dags state",
    "db init": "db migrate",
    "db upgrade": "db migrate",
    "delete_dag": "dags delete",
    "delete_user": "users delete",
    "flower": "celery flower",
    "initdb": "db migrate",
    "list_dag_runs": "dags list-runs",
    "list_dags": "dags list",
    "list_tasks": "tasks list",
    "list_users": "users list",
    "next_execution": "dags next-execution",
    "pause": "dags pause",
    "render": "tasks render",
    "resetdb": "db reset",
    "rotate_fernet_key": "rotate-fernet-key",
    "run": "tasks run",
    "shell": "db shell",
    "show_dag": "dags show",
    "sync_perm": "sync-perm",
    "task_failed_deps": "tasks failed-deps",
    "task_state": "tasks state",
    "test": "tasks test",
    "trigger_dag": "dags trigger",
    "unpause": "dags unpause",
    "upgradedb": "db migrate",
    "worker": "celery worker",
}
_ALTERNATIVES = {
    "serve_logs": "run `scheduler` with AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT set to serve the logs",
    "generate_pod_template": "use `kubernetes generate-dag-yaml` of the cncf.kubernetes provider",
    "pool": "use `pools`",
    "upgrade_check": "use `config lint`",
}
_LOGIN = (
    "the api-server creates the user `admin` and writes its password to "
    "simple_auth_manager_passwords.json.generated in Airflow's home"
)
# A date in any form: `-l DATE`, `-lDATE`, `--logical-date=DATE`, `--exec DATE`.
_HELP_OR_LOGICAL_DATE = re.compile(r"-[el]|--(exec|logical)|(-h|--help)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NO_LOGICAL_DATE = "the run has no logical date, so tasks that use `ds` fail; pass `--logical-date` for these"


@dataclass(frozen=True)
class _Dialect:
    """The differences of one Airflow version from the others.

    Attributes:
        commands: its command names, by those of the other versions.
        missing: the command groups that it lacks, with the nearest alternative.
        options: its option names by those of the other versions, for each command; None for a missing option.
    """

    commands: Mapping[str, str]
    missing: Mapping[str, str]
    options: Mapping[str, Mapping[str, str | None]]


_AIRFLOW_2 = _Dialect(
    commands={"backfill create": "dags backfill", "api-server": "webserver"},
    missing={"dag-processor": "the scheduler reads the DAG files itself: run `scheduler`"},
    options={"dags trigger": {"-l": "-e", "--logical-date": "--exec-date"}},
)
_FLAGS_OF_RUN = (
    *("--raw", "-l", "--local", "-f", "--force", "-A", "--ignore-all-dependencies", "-i", "--ignore-dependencies"),
    *("-I", "--ignore-depends-on-past", "-N", "--interactive"),
)
_AIRFLOW_3 = _Dialect(
    commands={"dags backfill": "backfill create", "tasks run": "tasks test", "webserver": "api-server"},
    missing={
        "users": _LOGIN,
        "roles": _LOGIN,
        "sync-perm": _LOGIN,
        "celery": "it needs the celery provider; on one machine, `scheduler` runs the tasks itself",
    },
    options={
        "dags trigger": {"-e": "-l", "--exec-date": "--logical-date"},
        "tasks test": dict.fromkeys(_FLAGS_OF_RUN),
    },
)
_COMMANDS = {*_CURRENT_NAMES, *_AIRFLOW_2.commands, *_AIRFLOW_3.commands, "dags trigger"}


@dataclass(frozen=True)
class Translation:
    """The arguments of `airflow`, the arguments of a command to run first (it may fail), and notes on the changes."""

    arguments: tuple[str, ...]
    before: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def translate(arguments: Sequence[str], version: str) -> Translation:
    """Translate a command to an Airflow version.

    Raises:
        DagpressError: that version has no such command; the message names the nearest.
    """
    dialect = _AIRFLOW_3 if facts_of(version).has_api_server else _AIRFLOW_2
    # A command is one word or two.
    length = 2 if " ".join(arguments[:2]) in _COMMANDS else 1
    given = " ".join(arguments[:length])
    newer = _CURRENT_NAMES.get(given, given)
    command = dialect.commands.get(newer, newer)
    if nearest := {**_ALTERNATIVES, **dialect.missing}.get(command.split(" ")[0]):
        raise DagpressError(f"Airflow {version} has no `{given}`: {nearest}")
    notes = [f"`{given}` is `{command}` in Airflow {version}"] if command != given else []
    options = dialect.options.get(command, {})
    words: list[str] = []
    for word in arguments[length:]:
        name, equals, value = word.partition("=")
        if newer != given and name.startswith("--"):
            # Options of Airflow 1.10 had underscores.
            name = name.replace("_", "-")
        new = options.get(name, name)
        if new is None:
            notes.append(f"Airflow {version} has no option {name} for this command: it is ignored")
        else:
            words.append(new + equals + value)
    if command == "dags trigger" and dialect is _AIRFLOW_3 and not any(map(_HELP_OR_LOGICAL_DATE.match, words)):
        if newer == given:
            notes.append(_NO_LOGICAL_DATE)
        else:
            # Airflow 1.10 uses the current time.
            now = datetime.now(timezone.utc).isoformat()
            words = ["--logical-date", now, *words]
            notes.append(f"no logical date given: using {now}")
    return Translation((*command.split(), *words), _before(command, words), tuple(notes))


def _before(command: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the command that creates the DAG run that `tasks run` of Airflow 2 needs.

    Its ID makes it a backfill run: the scheduler ignores those, so no task runs twice.
    """
    values = [word for word in words if not word.startswith("-")]
    if command != "tasks run" or len(values) < 3 or not _DATE.match(values[-1]):  # noqa: PLR2004  # DAG, task and date
        return ()
    dag_id, _, date = values[-3:]
    return ("dags", "trigger", "--exec-date", date, "--run-id", f"backfill__{date}", dag_id)
