"""The state IDs of a schedule's steps in Meltano, as far as they are known before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import pairs_of, without_suffix
from codegen.meltano.call import Call, calls_in, leading_options, value_of
from codegen.plan.meltano_options import meltano_environment, meltano_suffix, state_id_suffix
from codegen.plan.steps import Step
from codegen.schema import Schedule
from codegen.text.jinja import is_template
from codegen.text.shell import words_of

# The variables that select the state backend; the default is Meltano's system database.
_STORES = ("MELTANO_DATABASE_URI", "MELTANO_STATE_BACKEND_URI")
# The options that disable Meltano's lock, with their variables for `meltano run`.
WITHOUT_LOCK = {"--force": "MELTANO_RUN_FORCE", "-f": "MELTANO_RUN_FORCE"}
_WITHOUT_STATE = {"--no-state-update": "MELTANO_RUN_NO_STATE_UPDATE", "--dry-run": ""}
# The values of a variable that click reads as true.
_TRUE = {"1", "true", "t", "yes", "y", "on"}


@dataclass(frozen=True)
class KeptState:
    """The state that a step keeps for an extractor and a loader.

    Attributes:
        id: the state ID.
        plugins: the extractor and the loader.
        store: the values of the variables in `_STORES`.
    """

    step: Step
    id: str
    plugins: tuple[str, str]
    store: tuple[str | None, ...]

    @property
    def is_known(self) -> bool:
        """Whether the ID is known before the step runs."""
        return not is_template(self.id) and "$" not in self.id

    @property
    def key(self) -> tuple[str, tuple[str | None, ...]]:
        """A key that is equal for the same state."""
        return self.id, self.store

    @property
    def work(self) -> tuple[object, ...]:
        """A key that is equal if both steps load the same rows."""
        return self.plugins, self.step.env


def states_of(steps: Iterable[Step], schedule: Schedule, meltano: MeltanoProject | None) -> list[KeptState]:
    """Return the states of the steps, in order; the schedule can have errors."""
    return [
        KeptState(step, state_id, plugins, tuple(step.env.get(name) for name in _STORES))
        for step in steps
        for state_id, plugins in dict.fromkeys(_kept_by(step, schedule, meltano))
    ]


def _kept_by(step: Step, schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[tuple[str, tuple[str, str]]]:
    if step.task.extractor:
        yield schedule.state_id_of(step.task), (step.task.extractor, step.task.loader or "")
    elif step.script:
        for call in calls_in(step.script, step.env):
            if call.is_certain and call.env.keys().isdisjoint(_STORES):
                yield from _kept_by_call(call, step, meltano)
    elif step.run and not has_option(step, _WITHOUT_STATE):
        environment = meltano_environment(schedule.environment, step.env, meltano)
        yield from _kept_by_run(words_of(step.run), environment, state_id_suffix(schedule, step.task, meltano), meltano)


def _kept_by_call(call: Call, step: Step, meltano: MeltanoProject | None) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the states of a Meltano call in a shell script, where keys are environment variables."""
    options, words = leading_options(call.words)
    env = {**step.env, **call.env}
    environment = meltano_environment(value_of(options, "--environment"), env, meltano)
    match words:
        case ["el" | "elt", extractor, loader, *_]:
            state_id = value_of(words, "--state-id") or env.get("MELTANO_STATE_ID")
            yield from [(state_id, (extractor, loader))] if state_id else []
        case ["run", *rest] if not _is_given(rest, env, _WITHOUT_STATE):
            names, own = without_suffix(rest)
            yield from _kept_by_run(names, environment, meltano_suffix(own, env, environment, meltano), meltano)


def _kept_by_run(
    words: Iterable[str], environment: str, suffix: str, meltano: MeltanoProject | None
) -> Iterator[tuple[str, tuple[str, str]]]:
    for pair in pairs_of(words, meltano):
        yield pair.state_id(environment, suffix), (pair.extractor, pair.loader)


def has_option(step: Step, options: Mapping[str, str]) -> bool:
    """Return whether a step's command has one of the options, or the equivalent variable for `meltano run`."""
    env = {} if step.task.extractor else step.env  # `meltano el` does not read it
    return _is_given((*step.flags, *words_of(step.run)), env, options)


def _is_given(words: Iterable[str], env: Mapping[str, str], options: Mapping[str, str]) -> bool:
    given = set(words)
    return any(option in given or env.get(name, "").lower() in _TRUE for option, name in options.items())
