"""Finds Meltano commands that change the project, and environment variables with the same effect for a single run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from codegen.meltano.call import leading_options, split_options
from codegen.text.jinja import is_template

# Commands in meltano/cli of 4.4 that write meltano.yml, `.env`, plugin lock files or settings in the system database:
# top-level commands, and subcommands of `config`, `environment` and `job`. The subcommands of `schedule` are read-only.
_CHANGES = {"add", "lock", "remove", "upgrade"}
_CHANGES_OF_CONFIG = {"set", "unset", "reset"}
_CHANGES_OF_OTHERS = {"add", "set", "remove"}
_READS_SCHEDULES = {"list", "run"}
# The options of `config set` with a value (meltano/cli/config.py).
_OPTIONS_WITH_VALUE = {"--from-file", "--plugin-type", "--store"}
_OPTIONS_OF_SET = {"--plugin-type", "--store", "--safe", "--unsafe"}
# With these options, `select` shows or removes patterns (meltano/cli/select_entities.py).
_LIST_OPTIONS = {"--list", "--json"}
_REMOVE_OPTIONS = {"--rm", "--remove", "--clear"}


class _Command(NamedTuple):
    """A Meltano command, with the values of its options by name."""

    name: str
    options: Mapping[str, str]
    words: tuple[str, ...]


def changes_project(words: Sequence[str]) -> bool:
    """Return whether a command, given as arguments of `meltano`, changes the project or settings in its database."""
    command = _read(words)
    if "--help" in command.options:
        return False
    if command.name == "select":
        return _LIST_OPTIONS.isdisjoint(command.options)
    if command.name == "schedule":
        return bool(command.words) and command.words[0] not in _READS_SCHEDULES
    if command.name == "config":
        return not _CHANGES_OF_CONFIG.isdisjoint(command.words[:2])
    if command.name in {"environment", "job"}:
        return not _CHANGES_OF_OTHERS.isdisjoint(command.words[:1])
    return command.name in _CHANGES


def equivalent_variables(words: Sequence[str], all_commands: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return the environment variable with the same effect for a single run, and its value; empty if there is none.

    Args:
        words: a command, as arguments of `meltano`.
        all_commands: all commands that run before the same task: their selections are combined.
    """
    command = _read(words)
    if command.name == "config":
        return _variable_of_setting(command)
    if command.name == "select":
        return _variable_of_selection(command, [_read(other) for other in all_commands])
    return {}


def variable_of(plugin: str, setting: str) -> str:
    """Return the variable of a plugin setting, also for inherited settings (`to_env_var` in meltano/core/utils)."""
    return "_".join(re.sub("[^A-Za-z0-9]", "_", name).upper() for name in (plugin, setting))


def _read(words: Sequence[str]) -> _Command:
    _, rest = leading_options(words)
    options, others = split_options(rest[1:], _OPTIONS_WITH_VALUE)
    values = {name: value for name, _, value in (option.partition("=") for option in options)}
    return _Command(rest[0] if rest else "", values, tuple(others))


def _variable_of_setting(command: _Command) -> dict[str, str]:
    """Return the variable for `config set PLUGIN NAME... VALUE`, or `config PLUGIN set NAME... VALUE` in Meltano 3."""
    match command.words:
        case ["set", plugin, name, *names, value] | [plugin, "set", name, *names, value]:
            is_plain = not any(map(is_template, (plugin, name, *names)))
            if is_plain and _OPTIONS_OF_SET.issuperset(command.options):
                return {variable_of(plugin, ".".join([name, *names])): value}
    return {}


def _variable_of_selection(command: _Command, others: Iterable[_Command]) -> dict[str, str]:
    """Return the variable for `select EXTRACTOR STREAM PROPERTY`, with all selections for this extractor."""
    if not _selects(command) or is_template(command.words[0]):
        return {}
    patterns = [_pattern(other) for other in others if _selects(other) and other.words[0] == command.words[0]]
    # JSON escapes could break a template in a pattern.
    if any(json.dumps(pattern, ensure_ascii=False) != f'"{pattern}"' for pattern in patterns):
        return {}
    return {variable_of(command.words[0], "_select"): json.dumps(list(dict.fromkeys(patterns)), ensure_ascii=False)}


def _selects(command: _Command) -> bool:
    """Return whether the command adds a selection pattern for an extractor."""
    is_other = not (_LIST_OPTIONS | _REMOVE_OPTIONS).isdisjoint(command.options)
    return command.name == "select" and bool(command.words) and not is_other


def _pattern(command: _Command) -> str:
    """Return the pattern that Meltano stores (`_get_pattern_string` in meltano/core/select_service.py)."""
    stream, field, *_ = (*command.words[1:], "*", "*")
    return f"{'!' if '--exclude' in command.options else ''}{stream}.{field}"
