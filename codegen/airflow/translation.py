"""Commands of older Airflows, and of newer ones, as the commands of one version."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.diagnostics import DagpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The commands of Airflow 1.10 (airflow/bin/cli.py there), and the first ones of 2, that have another name since.
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
_SINCE_3 = {"dags backfill": "backfill create", "tasks run": "tasks test", "webserver": "api-server"}
_NOT_YET_IN_2 = {"backfill create": "dags backfill", "api-server": "webserver"}

# What Airflow 1.10 told apart by an option. Each has a long form too: `--set` for `-s`.
_OF_NAMES = {"-s": "set", "-g": "get", "-x": "delete", "-i": "import", "-e": "export"}
_ACTIONS = {
    "connections": {"-a": "add", "-d": "delete", "-l": "list"},
    "pool": {**_OF_NAMES, "-l": "list"},
    "variables": _OF_NAMES,
}

# What a version has no counterpart for, with what comes nearest.
_NOWHERE = {
    "serve_logs": "the scheduler serves the logs itself: run `scheduler`",
    "generate_pod_template": "the nearest is `kubernetes generate-dag-yaml` of the cncf.kubernetes provider",
    "upgrade_check": "the nearest is `config lint`",
}
_NOT_IN_2 = {"dag-processor": "the scheduler reads the DAG files itself: run `scheduler`"}
_LOGIN = (
    "the api-server makes a user `admin` and writes its password to simple_auth_manager_passwords.json.generated in "
    "Airflow's home"
)
_NOT_IN_3 = {
    "users": _LOGIN,
    "roles": _LOGIN,
    "sync-perm": _LOGIN,
    "celery": "it needs the celery provider; on one machine, `scheduler` runs the tasks itself",
}

# Options that have another name since.
_OPTIONS_SINCE_3 = {
    "dags trigger": {"-e": "-l", "--exec-date": "--logical-date"},
    "backfill create": {
        "-s": "--from-date",
        "--start-date": "--from-date",
        "-e": "--to-date",
        "--end-date": "--to-date",
    },
    "dags list-runs": {"-d": "", "--dag-id": ""},
}
_OPTIONS_OF_2 = {
    "dags trigger": {"-l": "-e", "--logical-date": "--exec-date"},
    "dags backfill": {"--from-date": "--start-date", "--to-date": "--end-date", "--dag-id": ""},
}
# Where the DAG is an option in that version, and a word of its own in the other.
_DAG_OPTION_OF_2 = {"dags list-runs": "-d"}
_DAG_OPTION_OF_3 = {"backfill create": "--dag-id"}
_HELP = {"-h", "--help"}
# Options that a version has no more: the ones that stand alone, and the ones with a value.
_DROPPED_IN_3 = {
    "tasks test": (
        {"--raw", "-l", "--local", "-f", "--force", "-A", "--ignore-all-dependencies", "-i", "-I", "-N", "--ship-dag"}
        | {"--ignore-dependencies", "--ignore-depends-on-past", "--interactive", "--read-from-db"},
        {"--pool", "--cfg-path", "-p", "--pickle", "-d", "--depends-on-past"},
    ),
}
# In any form: `-l DATE`, `-lDATE`, `--logical-date=DATE`, `--exec DATE`.
_LOGICAL_DATE = re.compile(r"-[el]|--(exec|logical)")
_SUBDIR = {"-sd", "-S", "--subdir"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


_NO_LOGICAL_DATE = "the run has no logical date, so a task that uses `ds` fails; add `--logical-date` if one does"


class UntranslatableError(DagpressError):
    """A command that this version has no counterpart for."""


@dataclass(frozen=True)
class Translation:
    """What to run.

    Attributes:
        arguments: what `airflow` gets.
        before: what it gets before that; these may fail, where what they do was done already.
        notes: what was changed, in a person's words.
    """

    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = field(default=())


def translate(arguments: Sequence[str], version: str) -> Translation:
    """Make a command one of that Airflow.

    Raises:
        UntranslatableError: it has no counterpart; says what comes nearest.
    """
    is_older = not facts_of(version).has_api_server
    given, words = _split(arguments)
    older = _SINCE_2.get(given, given)
    if given in _ACTIONS:
        older, words = _with_action(given, words)
    # Options of Airflow 1.10 had underscores.
    if older != given:
        words = [_with_dashes(word) for word in words]
    command = (_NOT_YET_IN_2 if is_older else _SINCE_3).get(older, older)
    for missing in (_NOWHERE, _NOT_IN_2 if is_older else _NOT_IN_3):
        nearest = missing.get(command) or missing.get(command.split(" ")[0])
        if nearest:
            raise UntranslatableError(f"Airflow {version} has no `{given}`: {nearest}")
    words, dropped = _with_options(command, words, is_older=is_older)
    before = _before(command, words)
    notes = [f"`{given}` is `{command}` in Airflow {version}"] if command != given else []
    notes += [f"Airflow {version} has no {option} there: it is left out" for option in dropped]
    if command == "dags trigger" and not is_older:
        words, about_the_date = _with_logical_date(words, is_translated=command != given)
        notes += about_the_date
    return Translation((*command.split(), *words), before, tuple(notes))


def _with_logical_date(words: list[str], *, is_translated: bool) -> tuple[list[str], list[str]]:
    """The words of `dags trigger` of Airflow 3, where a run has no logical date by itself, and what is said about it.

    An older command gives the run the present time, as it does in its own version.
    """
    if _HELP & set(words) or any(map(_LOGICAL_DATE.match, words)):
        return words, []
    if not is_translated:
        return words, [_NO_LOGICAL_DATE]
    now = datetime.now(timezone.utc).isoformat()
    return ["--logical-date", now, *words], [f"no logical date given: using {now}"]


def _split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command, of one word or of two, and the rest."""
    known = {*_SINCE_2, *_SINCE_3, *_NOT_YET_IN_2, *_OPTIONS_SINCE_3, *_OPTIONS_OF_2, *_DROPPED_IN_3}
    two = " ".join(arguments[:2])
    length = 2 if two in known else min(1, len(arguments))
    return " ".join(arguments[:length]), list(arguments[length:])


def _with_action(given: str, words: list[str]) -> tuple[str, list[str]]:
    """`pool -s NAME 3 text` as `pools set NAME 3 text`."""
    group = given if given.endswith("s") else f"{given}s"
    actions = _ACTIONS[given] | {f"--{action}": action for action in _ACTIONS[given].values()}
    action = next((word for word in words if word in actions), None)
    if action is None:
        return (f"{group} list" if group != given and not words else group), words
    rest = [word for word in words if word != action]
    if given == "connections":
        # It has its id first now, and without an option.
        rest = _without_name(rest, {"--conn_id", "--conn-id"})
    return f"{group} {actions[action]}", rest


def _without_name(words: list[str], names: set[str]) -> list[str]:
    rest = [re.sub(rf"^({'|'.join(names)})=", "", word) for word in words]
    return [word for word in rest if word not in names]


def _with_dashes(word: str) -> str:
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if word.startswith("--") else word


def _with_options(command: str, words: Iterable[str], *, is_older: bool) -> tuple[list[str], list[str]]:
    """The words with the options of that version, and the options that are left out with their values."""
    renamed: Mapping[str, str] = (_OPTIONS_OF_2 if is_older else _OPTIONS_SINCE_3).get(command, {})
    alone, with_value = (set(), set()) if is_older else _DROPPED_IN_3.get(command, (set(), set()))
    with_value = with_value | (set() if is_older else _SUBDIR)
    result: list[str] = []
    dropped: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in alone or name in with_value:
            dropped.append(name)
            if name in with_value and not equals:
                next(rest, None)
        elif is_older and name == "-sd":
            result.append("--subdir")
        else:
            new = renamed.get(name, name)
            result.append(f"{new}{equals}{value}" if new else value) if new or equals else None
    option = (_DAG_OPTION_OF_2 if is_older else _DAG_OPTION_OF_3).get(command)
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
