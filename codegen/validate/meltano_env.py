"""Checks the `env` of schedules: for plugins, `env` in meltano.yml overrides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, quoted
from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import block_names
from codegen.meltano.call import calls_in, leading_options, value_of
from codegen.plan.meltano_options import env_of, meltano_environment
from codegen.schema import Schedule, Task
from codegen.text.shell import words_of
from codegen.validate.places import runs_of_job, tasks_of


def check_env(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Warn about each variable that `env` in meltano.yml overrides for the plugins of a task."""
    if not (meltano and meltano.variables):
        return
    for task in tasks_of(schedule):
        env = env_of(schedule, task)
        for environment, plugins in _calls(schedule, task, meltano):
            for variable in meltano.variables:
                is_active = variable.environment in {"", environment} and variable.plugin in {"", *plugins}
                if is_active and env.get(variable.name, variable.value) != variable.value:
                    message = (
                        f"plugins do not get this value: {quoted(variable.name)} at {variable.location} overrides it"
                    )
                    place = task.at.get(f"env.{variable.name}") or schedule.where(f"env.{variable.name}", "env")
                    yield Diagnostic(rules.NO_EFFECT, message, place, "remove one of the two")


def _calls(schedule: Schedule, task: Task, meltano: MeltanoProject) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the environment and the plugins of each Meltano call in a task."""
    env = env_of(schedule, task)
    environment = meltano_environment(schedule.environment, env, meltano)
    if task.extractor:
        yield environment, (task.extractor, task.loader or "")
    if task.invoke:
        yield environment, _plugins(words_of(task.invoke)[:1])
    for run in (task.run, *runs_of_job(schedule, meltano)):
        if words := _words(run):
            yield environment, _plugins(block_names(words))
    for call in calls_in(task.command or "", env):
        options, words = leading_options(call.words)
        yield meltano_environment(value_of(options, "--environment"), {**env, **call.env}, meltano), _plugins(words)


def _words(run: str) -> Sequence[str]:
    try:
        return words_of(run)
    except InvalidError:  # in a job, which `check_meltano` reports
        return ()


def _plugins(words: Iterable[str]) -> set[str]:
    return {word.partition(":")[0] for word in words}
