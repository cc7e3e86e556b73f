"""Finds and parses calls of Meltano in shell scripts."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from codegen.text.shell import without_templates
from codegen.text.shell_tree import RUN_SCRIPTS, every, name_of, tree_of_script
from codegen.text.shell_words import SimpleCommand, changed_variables, in_sequence, simple_command

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_LINK = ".meltano/run/bin"
# Commands that run the command in their arguments.
_WRAPPERS = {
    "command", "env", "exec", "flock", "nice", "nohup", "pipx", "poetry", "sudo", "time", "timeout", "uv", "uvx",
}  # fmt: skip
# The options with a value: global options of `meltano` (meltano/cli/cli.py), and options of `el` and `elt`.
_GLOBAL_VALUES = {"--cwd", "--env-file", "--environment", "--log-config", "--log-format", "--log-level"}
# fmt: off
_EL_VALUES = {
    "--catalog", "--dump", "--exclude", "--run-id", "--select", "--state", "--state-id", "--state-strategy",
    "--transform",
}
# fmt: on


class UnknownScheduleError(Exception):
    """A `meltano schedule run` names a schedule that does not exist in Meltano."""


class Call(NamedTuple):
    """A call of Meltano.

    Attributes:
        folder: its working directory.
        words: the arguments of `meltano`.
        env: additional or changed variables, compared with the task.
        is_certain: whether all words and variables are known; those that only the shell knows are kept as written.
        environment: the Meltano environment from the option, which `words` do not contain in normal form.
    """

    folder: str
    words: tuple[str, ...]
    env: Mapping[str, str]
    is_certain: bool = True
    environment: str = ""

    def __str__(self) -> str:
        """Return the call as a command."""
        return shlex.join(["meltano", *self.words])


def read_call(script: str, variables: Mapping[str, str], folder: str) -> Call | None:
    """Parse a script that calls Meltano once, possibly after a `cd` or our `lock`; return None for other scripts.

    Args:
        script: a bash script.
        variables: its environment variables.
        folder: its working directory.
    """
    text, restored = without_templates(script.strip())
    commands = [simple_command(node, text.encode(), variables) for node in in_sequence(tree_of_script(text)) or ()]
    if not all(command.is_known for command in commands):
        return None
    if commands and commands[0].words[:1] == ("lock",):
        del commands[0]
    match commands:
        case [SimpleCommand(words=("cd", path)), command]:
            folder = os.path.normpath(os.path.join(folder, restored(path)))  # noqa: PTH118  # pathlib keeps `..`
        case [command]:
            pass
        case _:
            return None
    call = _as_call(command)
    env = {name: restored(value) for name, value in command.env.items()}
    return call and Call(folder, tuple(map(restored, call.words)), env)


def calls_in(script: str, variables: Mapping[str, str]) -> list[Call]:
    """Return all calls of Meltano in a script.

    Args:
        script: a shell script.
        variables: its environment variables.
    """
    return list(_calls_in(script, tuple(variables.items()))) if script else []


# Cached: several checks parse the same tasks.
@lru_cache(maxsize=256)
def _calls_in(script: str, given: tuple[tuple[str, str], ...]) -> tuple[Call, ...]:
    variables = dict(given)
    nodes = list(every(tree_of_script(script)))
    reads_scripts = any(name_of(node) in RUN_SCRIPTS for node in nodes)
    changed = {name: f"${name}" for name in changed_variables(nodes)}
    known = {} if reads_scripts else {name: value for name, value in variables.items() if name not in changed}
    encoded = script.encode()
    commands = (simple_command(node, encoded, known) for node in nodes if node.type == "command")
    calls = [call for command in commands if (call := _as_call(_unwrapped(command)))]
    return tuple(
        call._replace(env={**changed, **call.env}, is_certain=call.is_certain and not reads_scripts) for call in calls
    )


def _unwrapped(command: SimpleCommand) -> SimpleCommand:
    """Return the call of Meltano that a command such as `timeout` runs; other commands are unchanged."""
    if _name(command.words) not in _WRAPPERS:
        return command
    own = list(takewhile(lambda word: _name([word]) != "meltano", command.words))
    assignments = filter(None, map(_ASSIGNMENT.fullmatch, own))
    env = {match[1]: match[2] for match in assignments}
    return SimpleCommand({**command.env, **env}, command.words[len(own) :], command.is_known)


def _as_call(command: SimpleCommand) -> Call | None:
    if _name(command.words) != "meltano":
        return None
    return Call("", command.words[1:], command.env, is_certain=command.is_known)


def _name(words: Sequence[str]) -> str:
    """Return the name of the program that a command runs."""
    program = next(iter(words), "")
    return "meltano" if program.endswith(_LINK) else program.rpartition("/")[2]


def resolved(call: Call, listed: Mapping[str, Mapping[str, Any]]) -> Call:
    """Return an equivalent call in normal form; calls with the same effect have the same normal form.

    Args:
        call: a call; `schedule run NAME` is replaced by the command that Meltano runs for that schedule.
        listed: the schedules in `meltano schedule list --format=json`, by name.

    Raises:
        UnknownScheduleError: there is no schedule with this name in Meltano.
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
    return Call(call.folder, (*others, *words), env, call.is_certain, value_of(options, "--environment"))


def value_of(words: Sequence[str], option: str) -> str:
    """Return the last value of an option, given as the next word or with `=`; empty if missing."""
    found = ""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name == option:
            found = value if equals else following
    return found


def leading_options(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the global options of `meltano`, each as one word, and the remaining words."""
    options, rest = [], list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        options.append(f"{option}={rest.pop(0)}" if option in _GLOBAL_VALUES and rest else option)
    return options, rest


def split_options(words: Iterable[str], with_value: Container[str]) -> tuple[list[str], list[str]]:
    """Return the options, each as one word with its value, and the other words."""
    options, others, rest = list[str](), list[str](), list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            others.append(word)
        else:
            options.append(f"{word}={rest.pop(0)}" if word in with_value and rest else word)
    return options, others
