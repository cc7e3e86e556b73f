"""Commands of Meltano in `before_run` and `command`: they must exist, and should not change the shared project."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, nearest, printable, quoted
from codegen.meltano.call import calls_in, leading_options
from codegen.meltano.changes import changes_project, variables_instead
from codegen.plan.steps import env_of
from codegen.source.write import to_yaml
from codegen.text.shell import words_of
from codegen.validate.places import place_of, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codegen.diagnostics import Location
    from codegen.schema import Schedule

# The commands of Meltano (`meltano --help` of 4.4).
# fmt: off
_COMMANDS = (
    "add", "cloud", "compile", "config", "docs", "dragon", "el", "elt", "environment", "hub", "init", "install",
    "invoke", "job", "lock", "logs", "plugin", "remove", "run", "schedule", "schema", "select", "state", "test",
    "upgrade",
)
# fmt: on


def check_before_run(schedule: Schedule) -> Iterator[Diagnostic]:
    """`before_run` must have commands of Meltano; neither it nor a shell command should change the project."""
    for commands, place in values_of(schedule, "before_run"):
        all_words = [words_of(command) for command in commands]
        for command, words in zip(commands, all_words, strict=True):
            yield from _check_name(words, place)
            yield from _check_changes(command, words, all_words, place)
    for task in schedule.tasks or ():
        calls = [list(call.words) for call in calls_in(task.command or "", env_of(schedule, task))]
        for words in calls:
            yield from _check_changes(shlex.join(words), words, calls, place_of(task, schedule, "command"))


def _check_name(words: Sequence[str], place: Location) -> Iterator[Diagnostic]:
    word = next(iter(leading_options(words)[1]), "")
    if word not in _COMMANDS:
        hint = nearest(word, _COMMANDS) or "`meltano --help` lists them"
        yield Diagnostic(rules.UNKNOWN_COMMAND, f"Meltano has no command {quoted(word)}", place, hint)


def _check_changes(
    command: str, words: Sequence[str], all_words: Sequence[Sequence[str]], place: Location
) -> Iterator[Diagnostic]:
    """A change of the project stays, for every pipeline, and concurrent runs overwrite it."""
    if not changes_project(words):
        return
    message = f"{quoted(command)} permanently changes the Meltano project for every pipeline"
    yield Diagnostic(rules.WRITES_PROJECT, message, place, _instead(variables_instead(words, all_words)))


def _instead(variables: Mapping[str, str]) -> str:
    if not variables:
        return "run it once yourself, and commit what it changes"
    is_selection = any(name.endswith("__SELECT") for name in variables)
    effect = "applies to these runs only, and " + (
        "replaces the selection in meltano.yml" if is_selection else "the plugin must declare the setting"
    )
    return f"set `env: {printable(to_yaml(variables, flow=True).strip())}` instead; it {effect}"
