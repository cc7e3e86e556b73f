"""What Meltano ends up running for the bash command of a task."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.text.shell import commands_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LINK = ".meltano/run/bin"
# Commands of the shell behind which its variables are other ones.
_CHANGES_VARIABLES = {".", "declare", "export", "read", "set", "source", "unset"}
# The options of `meltano` itself that have a value (meltano/cli/cli.py), and those of `el` and `elt`.
_GLOBAL_VALUES = {"--cwd", "--env-file", "--environment", "--log-config", "--log-format", "--log-level"}
_VALUES = {"--catalog", "--dump", "--exclude", "--run-id", "--select", "--state", "--state-id", "--state-strategy"} | {
    "--transform"
}


class UnknownScheduleError(Exception):
    """`meltano schedule run` names a schedule that Meltano does not have."""


@dataclass(frozen=True)
class Call:
    """One call of Meltano.

    Attributes:
        folder: where it runs.
        words: what follows `meltano`.
        env: what the call sets in the environment, beside what the task has.
    """

    folder: str
    words: tuple[str, ...]
    env: Mapping[str, str]

    def __str__(self) -> str:
        """The call as one would type it."""
        return shlex.join(["meltano", *self.words])


def read_call(script: str, variables: Mapping[str, str], folder: str) -> Call | None:
    """Read a command that calls Meltano once, if need be after a `cd` or our `lock`; nothing for every other command.

    Args:
        script: what bash gets.
        variables: what it has in the environment.
        folder: where it runs.
    """
    commands = commands_of(script, variables)
    if commands and commands[0][:1] == ["lock"]:
        commands = commands[1:]
    match commands:
        case [["cd", path], _]:
            folder = os.path.normpath(os.path.join(folder, path))  # noqa: PTH118  # pathlib keeps `..`
            commands = commands[1:]
    if not commands or len(commands) > 1:
        return None
    return _as_call(commands[0], folder)


def calls_in(script: str, variables: Mapping[str, str]) -> list[Call]:
    """The calls of Meltano in a script; none where it does more than call programs, which only bash can read.

    Args:
        script: what a shell gets.
        variables: what it has in the environment.
    """
    commands = commands_of(script, variables) or []
    if any(command[:1] and command[0] in _CHANGES_VARIABLES for command in commands):
        return []
    calls = (_as_call(command, "") for command in commands)
    return [call for call in calls if call]


def _as_call(words: list[str], folder: str) -> Call | None:
    env = {}
    while words and (assignment := _ASSIGNMENT.fullmatch(words[0])):
        env[assignment[1]] = assignment[2]
        words = words[1:]
    if not words or not (words[0].endswith(_LINK) or words[0].rpartition("/")[2] == "meltano"):
        return None
    return Call(folder, tuple(words[1:]), env)


def resolved(call: Call, listed: Mapping[str, Mapping[str, Any]]) -> Call:
    """The call that comes of it in the end, in one form for all that mean the same.

    Args:
        call: a call; `schedule run NAME` becomes what Meltano says that the schedule runs.
        listed: the schedules as `meltano schedule list --format=json` has them, by name.

    Raises:
        UnknownScheduleError: Meltano has no schedule of that name.
    """
    options, words = leading_options(call.words)
    env = dict(call.env)
    if words[:2] == ["schedule", "run"] and len(words) > 2:  # noqa: PLR2004  # a name follows
        name, *further = words[2:]
        if name not in listed:
            raise UnknownScheduleError(name)
        schedule = listed[name]
        # meltano/core/schedule_service.py, `run`.
        words = (
            ["run", *further, schedule["job"]["name"]]
            if "job" in schedule
            else ["elt", *schedule["elt_args"], *further]
        )
        env |= {key: str(value) for key, value in (schedule.get("env") or {}).items()}
    if words[:1] in (["el"], ["elt"]):
        words = _extract_load(words[1:])
    return Call(call.folder, (*sorted(options), *words), env)


def value_of(words: Sequence[str], option: str) -> str:
    """The last value of an option, given behind it or with `=`; empty for none."""
    found = ""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name == option:
            found = value if equals else following
    return found


def leading_options(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The options of `meltano` itself, each as one word, and what follows them."""
    options, rest = [], list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        options.append(f"{option}={rest.pop(0)}" if option in _GLOBAL_VALUES and rest else option)
    return options, rest


def _extract_load(words: list[str]) -> list[str]:
    """`el`, or `elt` where it transforms, with the plugins first and the options in the order of the alphabet."""
    plugins, options, rest = [], [], list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            plugins.append(word)
        else:
            options.append(f"{word}={rest.pop(0)}" if word in _VALUES and rest else word)
    options = sorted(option for option in options if option != "--transform=skip")
    transforms = any(option.startswith("--transform=") for option in options)
    return ["elt" if transforms else "el", *plugins, *options]
