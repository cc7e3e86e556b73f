"""Checks against the Meltano project: unknown names and commands, and commands that change the project."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, nearest, printable, quoted
from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import block_names, unknown_option
from codegen.meltano.call import calls_in, leading_options
from codegen.meltano.changes import changes_project, equivalent_variables
from codegen.plan.meltano_options import env_of
from codegen.schema import Schedule, Task
from codegen.source.write import to_yaml
from codegen.text.copyable import shell_command
from codegen.text.jinja import is_template
from codegen.text.shell import check_run, words_of
from codegen.validate.places import place_of, values_of
from codegen.validate.tasks import check_task_id

# The commands of Meltano (`meltano --help` of 4.4).
# fmt: off
_COMMANDS = (
    "add", "cloud", "compile", "config", "docs", "dragon", "el", "elt", "environment", "hub", "init", "install",
    "invoke", "job", "lock", "logs", "plugin", "remove", "run", "schedule", "schema", "select", "state", "test",
    "upgrade",
)
# fmt: on


def check_meltano(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Report names that the Meltano project does not have: an error for a job, else a warning."""
    if meltano and not meltano.is_readable:
        return
    if schedule.job:
        yield from _check_job(schedule, meltano)
    if meltano is None:
        return
    plugins = meltano.plugins
    for rule, key, known, adds in (
        (rules.UNKNOWN_EXTRACTOR, "extractor", plugins.get("extractors", set()), ["add"]),
        (rules.UNKNOWN_LOADER, "loader", plugins.get("loaders", set()), ["add"]),
        (rules.UNKNOWN_ENVIRONMENT, "environment", meltano.environments, ["environment", "add"]),
    ):
        for name, place in values_of(schedule, key):
            if name not in known and not is_template(name):
                message = f"meltano.yml has no {key} {quoted(name)}"
                other = next((kind for kind, those in plugins.items() if name in those), "")
                hint = f"it is in `{other}`" if other else nearest(name, known) or _adding(name, *adds)
                yield Diagnostic(rule, message, place, hint)
    for task in schedule.tasks or ():
        yield from _check_blocks(task.run, place_of(task, schedule, "run"), meltano)
        yield from _check_invoked(task, schedule, plugins)


def _check_invoked(task: Task, schedule: Schedule, plugins: Mapping[str, set[str]]) -> Iterator[Diagnostic]:
    """Check the first word of `meltano invoke`: a plugin, or a plugin and its command with a colon in between."""
    word = next(iter(words_of(task.invoke or "")), "-")
    name, known = word.partition(":")[0], set().union(*plugins.values())
    if not (word.startswith("-") or is_template(word) or name in known):
        hint = nearest(name, known) or _adding(name, "add")
        place = place_of(task, schedule, "invoke")
        yield Diagnostic(rules.UNKNOWN_PLUGIN, f"meltano.yml has no plugin {quoted(name)}", place, hint)


def _adding(name: str, *adds: str) -> str:
    if not re.match(r"\w", name):
        return "correct the name, or write a shell command as `command`"
    return f"add it with `{shell_command('meltano', *adds, names=[name])}`"


def _check_job(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    name, location = schedule.job or "", schedule.where("job")
    if meltano is None:
        hint = "set `meltano_project` in the configuration, or write its tasks here as `tasks`"
        message = f"the job {quoted(name)} requires a meltano.yml"
        yield Diagnostic(rules.UNKNOWN_JOB, message, location, hint)
    elif name in meltano.broken_jobs:
        message = f"the job {quoted(name)} cannot run: {meltano.broken_jobs[name]}"
        yield Diagnostic(rules.UNKNOWN_JOB, message, location, "fix it in meltano.yml")
    elif job := meltano.jobs.get(name):
        for longest in schedule.ids_of_job(len(job.tasks))[-1:]:
            yield from check_task_id(longest, location, "dag_id")
        for run in job.tasks:
            try:
                check_run(run)
            except InvalidError as error:
                message = f"the job {quoted(name)}: {error.message}"
                yield Diagnostic(error.rule, message, job.location, error.hint)
            yield from _check_blocks(run, job.location, meltano)
    else:
        other = "write it as `tasks`" if " " in name else "add it to meltano.yml, or write its tasks here as `tasks`"
        hint = nearest(name, meltano.jobs) or other
        yield Diagnostic(rules.UNKNOWN_JOB, f"meltano.yml has no job {quoted(name)}", location, hint)


def _check_blocks(run: str, location: Location, meltano: MeltanoProject) -> Iterator[Diagnostic]:
    """Check each word of `meltano run`: a plugin, a plugin command with a colon, a mapping or a job."""
    try:
        words = words_of(run)
    except InvalidError:
        return
    known = meltano.names_for_run
    option = unknown_option(words)
    for word in block_names(words):
        name = word.split(":")[0]
        if not (is_template(word) or name in known or word in known):
            message = f"meltano.yml has no plugin, mapping or job {quoted(name)}"
            hint = _hint_for_block(name, known)
            if option and words.index(word) > words.index(option):
                hint = f"`meltano run` has no {quoted(option)}: {_without_option(run, words.index(option))}"
            yield Diagnostic(rules.UNKNOWN_PLUGIN, message, location, hint)


def _without_option(run: str, before: int) -> str:
    """Return the fix for a plugin option: `meltano invoke` passes all options to the plugin."""
    if before != 1:
        return "remove it"
    return f"write `{printable(to_yaml({'invoke': run}).strip())}`"


def _hint_for_block(name: str, known: set[str]) -> str:
    """Return the fix for an unknown word, which may be part of a shell command."""
    if name == "meltano":
        return "remove `meltano run`, which is added"
    if re.search(r"[&|;<>]", name):
        return "this is not a shell command: write a task for each step"
    return nearest(name, known) or _adding(name, "add")


def check_before_run(schedule: Schedule) -> Iterator[Diagnostic]:
    """Report unknown Meltano commands in `before_run`, and commands that change the project."""
    for commands, place in values_of(schedule, "before_run"):
        all_words = [words_of(command) for command in commands]
        for command, words in zip(commands, all_words, strict=True):
            word = next(iter(leading_options(words)[1]), "")
            if word not in _COMMANDS:
                hint = nearest(word, _COMMANDS) or "run `meltano --help` to see the commands"
                yield Diagnostic(rules.UNKNOWN_COMMAND, f"Meltano has no command {quoted(word)}", place, hint)
            yield from _check_changes(command, words, all_words, place)
    for task in schedule.tasks or ():
        calls = calls_in(task.command or "", env_of(schedule, task))
        certain = [call.words for call in calls if call.is_certain]
        for call in calls:
            yield from _check_changes(shlex.join(call.words), call.words, certain, place_of(task, schedule, "command"))


def _check_changes(
    command: str, words: Sequence[str], all_words: Sequence[Sequence[str]], place: Location
) -> Iterator[Diagnostic]:
    """Report a command that changes the project: the change is permanent, and concurrent runs overwrite it."""
    if not changes_project(words):
        return
    message = f"{quoted(command)} permanently changes the Meltano project for every schedule"
    hint = "run it once by hand, and commit the change"
    if words in all_words and (variables := equivalent_variables(words, all_words)):
        is_selection = any(name.endswith("__SELECT") for name in variables)
        effect = "replaces the selection in meltano.yml" if is_selection else "the plugin must declare the setting"
        env = printable(to_yaml(variables, flow=True).strip())
        hint = f"set `env: {env}` instead; it applies to these runs only, and {effect}"
    yield Diagnostic(rules.WRITES_PROJECT, message, place, hint)
