"""Commands of Meltano that change the project, and the environment variables that say the same for one run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.meltano.call import leading_options
from codegen.text.jinja import is_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# meltano/cli of 4.4: the commands that write meltano.yml, `.env`, the lock files of plugins or the settings of the
# system database. Those of the groups `config`, `environment` and `job`; of `schedule`, those that do not.
_CHANGES = {"add", "lock", "remove", "upgrade"}
_CHANGES_OF_CONFIG = {"set", "unset", "reset"}
_CHANGES_OF_OTHERS = {"add", "set", "remove"}
_READS_SCHEDULES = {"list", "run"}
# The options of `config set` that take a value (meltano/cli/config.py).
_OPTIONS_WITH_VALUE = {"--from-file", "--plugin-type", "--store"}
_OPTIONS_OF_SET = {"--plugin-type", "--store", "--safe", "--unsafe"}
# With these, `select` shows what is selected, or removes a pattern (meltano/cli/select_entities.py).
_SHOWS = {"--list", "--json"}
_REMOVES = {"--rm", "--remove", "--clear"}
# A plugin, a setting and a value; an extractor, a stream and a property.
_WORDS_OF_SET = 3
_WORDS_OF_SELECT = 3


@dataclass(frozen=True)
class _Command:
    """A command in its parts: the options by name, and the other words."""

    name: str
    options: Mapping[str, str]
    words: tuple[str, ...]


def changes_project(words: Sequence[str]) -> bool:
    """Whether a command writes into the project, or the settings in its database.

    Args:
        words: what follows `meltano`.
    """
    command = _read(words)
    if "--help" in command.options:
        return False
    if command.name == "select":
        return _SHOWS.isdisjoint(command.options)
    if command.name == "schedule":
        return bool(command.words) and command.words[0] not in _READS_SCHEDULES
    if command.name == "config":
        return not _CHANGES_OF_CONFIG.isdisjoint(command.words[:2])
    if command.name in {"environment", "job"}:
        return not _CHANGES_OF_OTHERS.isdisjoint(command.words[:1])
    return command.name in _CHANGES


def variables_instead(words: Sequence[str], all_commands: Iterable[Sequence[str]]) -> dict[str, str]:
    """The variable that says the same for one run, and its value; empty where no variable does.

    Args:
        words: what follows `meltano` in a command.
        all_commands: the same of all commands that run before the same task: what they select is one list.
    """
    command = _read(words)
    if command.name == "config":
        return _variable_of_setting(command)
    if command.name == "select":
        return _variable_of_selection(command, [_read(other) for other in all_commands])
    return {}


def variable_of(plugin: str, setting: str) -> str:
    """The variable of a plugin's setting (`to_env_var` in meltano/core/utils, `env_prefixes` of a plugin).

    It is that of the plugin's own name, also where it inherits. The setting of an extra, `_select`, starts with `_`.
    """
    return "_".join(re.sub("[^A-Za-z0-9]", "_", name).upper() for name in (plugin, setting))


def _read(words: Sequence[str]) -> _Command:
    _, rest = leading_options(words)
    options, others = {}, []
    remaining = iter(rest[1:])
    for word in remaining:
        if not word.startswith("-"):
            others.append(word)
            continue
        name, separator, value = word.partition("=")
        options[name] = value if separator or name not in _OPTIONS_WITH_VALUE else next(remaining, "")
    return _Command(rest[0] if rest else "", options, tuple(others))


def _variable_of_setting(command: _Command) -> dict[str, str]:
    """That of `config set PLUGIN NAME... VALUE`, or of `config PLUGIN set NAME... VALUE`, as Meltano 3 has it."""
    words = list(command.words)
    if "set" not in words[:2] or not _OPTIONS_OF_SET.issuperset(command.options):
        return {}
    words.remove("set")
    if len(words) < _WORDS_OF_SET:
        return {}
    *names, value = words
    if any(map(is_template, names)):
        return {}
    return {variable_of(names[0], ".".join(names[1:])): value}


def _variable_of_selection(command: _Command, others: Iterable[_Command]) -> dict[str, str]:
    """That of `select EXTRACTOR STREAM PROPERTY`, with what the other commands select of the same extractor."""
    if not _selects(command) or is_template(command.words[0]):
        return {}
    patterns = [_pattern(other) for other in others if _selects(other) and other.words[0] == command.words[0]]
    if any(_breaks_json(pattern) for pattern in patterns):
        return {}
    return {variable_of(command.words[0], "_select"): json.dumps(list(dict.fromkeys(patterns)), ensure_ascii=False)}


def _selects(command: _Command) -> bool:
    """Whether the command adds a pattern to what an extractor selects."""
    is_other = not (_SHOWS | _REMOVES).isdisjoint(command.options)
    return command.name == "select" and bool(command.words) and not is_other


def _pattern(command: _Command) -> str:
    """What Meltano keeps of it (`_get_pattern_string` in meltano/core/select_service.py)."""
    _, stream, field = (*command.words, "*", "*")[:_WORDS_OF_SELECT]
    return f"{'!' if '--exclude' in command.options else ''}{stream}.{field}"


def _breaks_json(pattern: str) -> bool:
    """Whether JSON would escape a part of it, which may be a template."""
    return json.dumps(pattern, ensure_ascii=False) != f'"{pattern}"'
