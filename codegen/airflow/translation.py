"""Translates commands of other Airflow versions to those of one version."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.diagnostics import DagpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Commands of Airflow 1.10 (airflow/bin/cli.py there), and of the first 2, by their names since.
_SINCE_2 = {
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
_NEAREST = {
    "serve_logs": "the scheduler serves the logs itself: run `scheduler`",
    "generate_pod_template": "the nearest is `kubernetes generate-dag-yaml` of the cncf.kubernetes provider",
    "pool": "the nearest is `pools`",
    "upgrade_check": "the nearest is `config lint`",
}
_LOGIN = (
    "the api-server makes a user `admin` and writes its password to simple_auth_manager_passwords.json.generated in "
    "Airflow's home"
)
_HELP = {"-h", "--help"}
# In any form: `-l DATE`, `-lDATE`, `--logical-date=DATE`, `--exec DATE`.
_LOGICAL_DATE = re.compile(r"-[el]|--(exec|logical)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NO_LOGICAL_DATE = "the run has no logical date, so a task that uses `ds` fails; add `--logical-date` if one does"


@dataclass(frozen=True)
class _Dialect:
    """How the commands of one Airflow differ from those of the other.

    Attributes:
        commands: its names of commands, by those of the other.
        missing: the commands, or groups of them, that it lacks, with the nearest.
        options: its names of options by those of the other, by command; empty where only the value is given.
        dag_options: the option that names the DAG, where the other has a word without one.
        dropped: the options that it lacks, by command, and whether each has a value; under `""` those of every command.
    """

    commands: Mapping[str, str]
    missing: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    dag_options: Mapping[str, str]
    dropped: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)


_AIRFLOW_2 = _Dialect(
    commands={"backfill create": "dags backfill", "api-server": "webserver"},
    missing={"dag-processor": "the scheduler reads the DAG files itself: run `scheduler`"},
    options={
        "": {"-sd": "--subdir"},
        "dags trigger": {"-l": "-e", "--logical-date": "--exec-date"},
        "dags backfill": {"--from-date": "--start-date", "--to-date": "--end-date", "--dag-id": ""},
    },
    dag_options={"dags list-runs": "-d"},
)
_FLAGS_OF_RUN = dict.fromkeys(
    {"--raw", "-l", "--local", "-f", "--force", "-A", "--ignore-all-dependencies", "-i", "-I", "-N", "--ship-dag"}
    | {"--ignore-dependencies", "--ignore-depends-on-past", "--interactive", "--read-from-db"},
    False,
)
_VALUES_OF_RUN = dict.fromkeys(["--pool", "--cfg-path", "-p", "--pickle", "-d", "--depends-on-past"], True)
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
        "backfill create": {
            **dict.fromkeys(["-s", "--start-date"], "--from-date"),
            **dict.fromkeys(["-e", "--end-date"], "--to-date"),
        },
        "dags list-runs": {"-d": "", "--dag-id": ""},
    },
    dag_options={"backfill create": "--dag-id"},
    dropped={"": dict.fromkeys(["-sd", "-S", "--subdir"], True), "tasks test": _FLAGS_OF_RUN | _VALUES_OF_RUN},
)
_COMMANDS = {*_SINCE_2, *_AIRFLOW_3.commands, *_AIRFLOW_3.options, *_AIRFLOW_3.dropped, *_AIRFLOW_2.commands}


class UntranslatableError(DagpressError):
    """A command that this version has no counterpart for."""


@dataclass(frozen=True)
class Translation:
    """The arguments of `airflow`, those of commands to run before, which may fail, and the changes in words."""

    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def translate(arguments: Sequence[str], version: str) -> Translation:
    """Translate a command to that Airflow.

    Raises:
        UntranslatableError: it has no counterpart; names the nearest.
    """
    dialect = _AIRFLOW_3 if facts_of(version).has_api_server else _AIRFLOW_2
    given, words = _split(arguments)
    newer = _SINCE_2.get(given, given)
    if newer != given:
        # Options of Airflow 1.10 had underscores.
        words = [_with_dashes(word) for word in words]
    command = dialect.commands.get(newer, newer)
    missing = {**_NEAREST, **dialect.missing}
    if nearest := missing.get(command) or missing.get(command.split(" ")[0]):
        raise UntranslatableError(f"Airflow {version} has no `{given}`: {nearest}")
    words, dropped = _with_options(dialect, command, words)
    notes = [f"`{given}` is `{command}` in Airflow {version}"] if command != given else []
    notes += [f"Airflow {version} has no {option} there: it is left out" for option in dropped]
    if command == "dags trigger" and dialect is _AIRFLOW_3:
        words, about_the_date = _with_logical_date(words, is_translated=command != given)
        notes += about_the_date
    return Translation((*command.split(), *words), _before(command, words), tuple(notes))


def _split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command, of one word or of two, and the rest."""
    length = 2 if " ".join(arguments[:2]) in _COMMANDS else min(1, len(arguments))
    return " ".join(arguments[:length]), list(arguments[length:])


def _with_logical_date(words: list[str], *, is_translated: bool) -> tuple[list[str], list[str]]:
    """The words of `dags trigger` of Airflow 3, where a run has no logical date by itself, with notes.

    A translated command gives the run the present time, as its own version does.
    """
    if _HELP & set(words) or any(map(_LOGICAL_DATE.match, words)):
        return words, []
    if not is_translated:
        return words, [_NO_LOGICAL_DATE]
    now = datetime.now(timezone.utc).isoformat()
    return ["--logical-date", now, *words], [f"no logical date given: using {now}"]


def _with_dashes(word: str) -> str:
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if word.startswith("--") else word


def _with_options(dialect: _Dialect, command: str, words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The words with the options of that version, and the options that are left out with their values."""
    renamed = {**dialect.options.get("", {}), **dialect.options.get(command, {})}
    lacking = {**dialect.dropped.get("", {}), **dialect.dropped.get(command, {})}
    result: list[str] = []
    dropped: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in lacking:
            dropped.append(name)
            if lacking[name] and not equals:
                next(rest, None)
            continue
        new = renamed.get(name, name)
        if new or equals:
            result.append(f"{new}{equals}{value}" if new else value)
    option = dialect.dag_options.get(command)
    return (_with_dag_option(option, result) if option else result), dropped


def _with_dag_option(option: str, words: list[str]) -> list[str]:
    """The DAG as an option: it was the first word, or the last where options came first."""
    if not words or any(word.partition("=")[0] in {"-d", "--dag-id", *_HELP} for word in words):
        return words
    if not words[0].startswith("-"):
        return [option, *words]
    return words if words[-1].startswith("-") else [option, words[-1], *words[:-1]]


def _before(command: str, words: list[str]) -> tuple[tuple[str, ...], ...]:
    """What `tasks run` of Airflow 2 needs: a run of the DAG at that date.

    It is one of a backfill, by its id: such runs the scheduler leaves alone, so no task of it runs twice.
    """
    values = [word for word in words if not word.startswith("-")]
    if command != "tasks run" or len(values) < 3 or not _DATE.match(values[-1]):  # noqa: PLR2004  # DAG, task and date
        return ()
    dag_id, _, date = values[-3:]
    return (("dags", "trigger", "--exec-date", date, "--run-id", f"backfill__{date}", dag_id),)
