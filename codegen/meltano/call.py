"""Reads the calls of Meltano in a bash command."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegen.text.shell import commands_of

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LINK = ".meltano/run/bin"
# Shell commands that change variables for the commands after them.
_CHANGES_VARIABLES = {".", "declare", "export", "read", "set", "source", "unset"}
# The options of `meltano` itself that have a value (meltano/cli/cli.py), and those of `el` and `elt`.
_GLOBAL_VALUES = {"--cwd", "--env-file", "--environment", "--log-config", "--log-format", "--log-level"}
# fmt: off
_EL_VALUES = {
    "--catalog", "--dump", "--exclude", "--run-id", "--select", "--state", "--state-id", "--state-strategy",
    "--transform",
}
# fmt: on


class UnknownScheduleError(Exception):
    """`meltano schedule run` names a schedule that Meltano does not have."""


@dataclass(frozen=True)
class Call:
    """One call of Meltano.

    Attributes:
        folder: its working directory.
        words: the arguments of `meltano`.
        env: the variables that the call sets in addition to those of the task.
        environment: the Meltano environment that an option names, which a normal form has here alone.
    """

    folder: str
    words: tuple[str, ...]
    env: Mapping[str, str]
    environment: str = ""

    def __str__(self) -> str:
        """The call as a command."""
        return shlex.join(["meltano", *self.words])


def read_call(script: str, variables: Mapping[str, str], folder: str) -> Call | None:
    """Read a script that calls Meltano once, possibly after a `cd` or our `lock`; None for any other script.

    Args:
        script: a bash script.
        variables: its environment.
        folder: its working directory.
    """
    commands = commands_of(script, variables) or []
    if commands and commands[0][:1] == ["lock"]:
        commands = commands[1:]
    match commands:
        case [["cd", path], command]:
            return _as_call(command, os.path.normpath(os.path.join(folder, path)))  # noqa: PTH118  # pathlib keeps `..`
        case [command]:
            return _as_call(command, folder)
    return None


def calls_in(script: str, variables: Mapping[str, str]) -> list[Call]:
    """The calls of Meltano in a script; none where only bash can read it.

    Args:
        script: a shell script.
        variables: its environment.
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
    """The equivalent call in a normal form, which calls with the same effect share.

    Args:
        call: a call; `schedule run NAME` becomes what Meltano runs for that schedule.
        listed: the schedules in `meltano schedule list --format=json`, by name.

    Raises:
        UnknownScheduleError: Meltano has no schedule of that name.
    """
    options, words = leading_options(call.words)
    env = dict(call.env)
    match words:
        case ["schedule", "run", name, *further]:
            if name not in listed:
                raise UnknownScheduleError(name)
            schedule = listed[name]
            # meltano/core/schedule_service.py, `run`.
            is_job = "job" in schedule
            words = ["run", *further, schedule["job"]["name"]] if is_job else ["elt", *schedule["elt_args"], *further]
            env |= {key: str(value) for key, value in (schedule.get("env") or {}).items()}
    if words[:1] in (["el"], ["elt"]):
        own, plugins = split_options(words[1:], _EL_VALUES)
        own = sorted(option for option in own if option != "--transform=skip")
        command = "elt" if any(option.startswith("--transform=") for option in own) else "el"
        words = [command, *plugins, *own]
    others = sorted(option for option in options if not option.startswith("--environment="))
    return Call(call.folder, (*others, *words), env, value_of(options, "--environment"))


def value_of(words: Sequence[str], option: str) -> str:
    """The last value of an option, given as the next word or with `=`; empty if missing."""
    found = ""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name == option:
            found = value if equals else following
    return found


def leading_options(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """The options of `meltano` itself, each as one word, and the words after them."""
    options, rest = [], list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        options.append(f"{option}={rest.pop(0)}" if option in _GLOBAL_VALUES and rest else option)
    return options, rest


def split_options(words: Iterable[str], with_value: Container[str]) -> tuple[list[str], list[str]]:
    """The options, each as one word with its value, and the other words."""
    options, others, rest = list[str](), list[str](), list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            others.append(word)
        else:
            options.append(f"{word}={rest.pop(0)}" if word in with_value and rest else word)
    return options, others
