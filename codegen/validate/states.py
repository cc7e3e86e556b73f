"""Checks state IDs: they must be valid, and not shared by schedules, concurrent tasks or concurrent runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from codegen import rules
from codegen.diagnostics import Diagnostic, Location, quoted
from codegen.meltano import MeltanoProject
from codegen.meltano.blocks import DELIMITER, without_suffix
from codegen.plan.meltano_options import state_id_suffix
from codegen.plan.states import WITHOUT_LOCK, KeptState, has_option
from codegen.plan.steps import Step
from codegen.schema import Schedule
from codegen.text.jinja import literal_text, parts_of, with_templates_as
from codegen.text.shell import words_of
from codegen.validate.places import place_of
from codegen.validate.shared_states import OWN_EXTRACTOR, REASON, check_tasks

# The environment variable of the option (meltano/cli/run.py).
_SUFFIX_VARIABLE = "MELTANO_RUN_STATE_ID_SUFFIX"
# Airflow variables that contain a time of day.
_TIME_OF_DAY = re.compile(
    r"\{\{\s*((?:dag_run\.)?(?:run_id|logical_date|execution_date|run_after)|ts|data_interval_(?:start|end))\s*\}\}"
)


def check_states(
    schedules: Iterable[Schedule], states_of: Mapping[str, Sequence[KeptState]], meltano: MeltanoProject | None
) -> Iterator[Diagnostic]:
    """Report shared state IDs: each user continues from the other's bookmark, and Meltano rejects concurrent runs.

    Schedules with the same job or pair may share its state if they run it with the same variables.
    """
    first_with: dict[object, tuple[Schedule, KeptState]] = {}
    for schedule in schedules:
        states = states_of[schedule.key]
        yield from check_tasks(schedule, states, meltano)
        if states and schedule.max_active_runs > 1:
            is_forced = has_option(states[0].step, WITHOUT_LOCK)
            why = "with `force`, each overwrites it" if is_forced else "Meltano rejects all but the first"
            message = f"concurrent runs share the state ID {quoted(states[0].id)}: {why}"
            # A suffix cannot contain the `:` of a run ID (`check_state_ids`).
            of_suffix = "state_id_suffix", "{{ run_id | replace(':', '-') }}"
            key, template = ("state_id", "{{ run_id }}") if states[0].step.task.extractor else of_suffix
            hint = f"set `max_active_runs: 1`, or a `{key}` that differs per run, such as one with `{template}`"
            yield Diagnostic(rules.SHARED_STATE, message, schedule.where("max_active_runs"), hint)
        for state in {state.key: state for state in reversed(states)}.values():
            other, others = first_with.setdefault(state.key, (schedule, state))
            is_meant = not (state.step.task.extractor or others.step.task.extractor) and state.work == others.work
            if other.name != schedule.name and not is_meant:
                where = _place(other, others)
                message = (
                    f"the schedule shares the state ID {quoted(state.id)} with {quoted(other.name)} ({where}): {REASON}"
                )
                of_run = f"set a `state_id_suffix` in the schedule that has not run yet, or use {OWN_EXTRACTOR}"
                of_pair = "set a different `state_id` in the schedule that has not run yet"
                hint = of_pair if state.step.task.extractor else of_run
                yield Diagnostic(rules.SHARED_STATE, message, _place(schedule, state), hint)


def _place(schedule: Schedule, state: KeptState) -> Location:
    if schedule.tasks and state.step.task.extractor:
        return place_of(state.step.task, schedule, "state_id")
    return schedule.where("state_id", "state_id_suffix", "job", "tasks", "name", "extractor")


def check_environments(
    schedules: Iterable[Schedule],
    states_of: Mapping[str, Sequence[KeptState]],
    names: Collection[str],
    suffixes: Mapping[str, str],
    place: Location,
) -> Iterator[Diagnostic]:
    """Check that environments with a shared system database have separate state IDs.

    Args:
        schedules: the schedules of all environments.
        states_of: the states of each schedule, by its `key`.
        names: the environments.
        suffixes: the configured suffixes of state IDs, by environment.
        place: the location of the keys in the configuration.
    """
    homes: dict[tuple[str, object], set[str]] = {}
    in_scripts = set()
    for schedule in schedules:
        for state in states_of[schedule.key]:
            homes.setdefault(state.key, set()).add(schedule.deployment)
            if state.step.script:
                in_scripts.add(state.id)
    shared = {state_id: those for (state_id, _), those in homes.items() if len(those) > 1}
    if not shared:
        return
    both = [name for name in names if name in set().union(*shared.values())]
    free = [name for name in both if name not in suffixes] or both
    keeps = next((name for name in free if name.startswith("prod")), free[-1])
    given = {**suffixes, **{name: name for name in both if name != keeps}}
    table = ", ".join(f'{name} = "{suffix}"' for name, suffix in given.items())
    both_quoted = f"{', '.join(map(quoted, both[:-1]))} and {quoted(both[-1])}"
    message = f"{both_quoted} use the same state IDs, such as {quoted(next(iter(shared)))}"
    why = "with a shared Meltano system database, each skips rows that the other loaded"
    hint = (
        "set `separate_system_databases = true` if each has its own; "
        f"otherwise set `state_id_suffix = {{{table}}}`, and {quoted(keeps)} keeps its IDs"
    )
    if shared.keys() <= in_scripts:
        hint = "use a variable for the state ID in the `command`, and set it in `env` for each environment"
    yield Diagnostic(rules.SHARED_STATE, f"{message}: {why}", place, hint)


def check_state_ids(
    schedule: Schedule, states: Iterable[KeptState], meltano: MeltanoProject | None
) -> Iterator[Diagnostic]:
    """Report state ID parts with the character that separates them (`generate_state_id` of `meltano run`)."""
    environment = schedule.environment or ""
    if _has_delimiter(environment) and (schedule.tasks is None or any(task.run for task in schedule.tasks)):
        message = f"every run fails: Meltano does not allow `{DELIMITER}` in an environment name"
        hint = f"rename it in meltano.yml and here: {quoted(_without_delimiter(environment))}"
        yield Diagnostic(rules.INVALID_VALUE, message, schedule.where("environment"), hint)
    for step in steps_with_state(states):
        if not (step.run or step.script):
            continue
        suffix, place = _suffix_of(schedule, step)
        of_environment = state_id_suffix(schedule, step.task, meltano)
        if step.run and schedule.state_suffix and "$" in of_environment:
            message = f"`state_id_suffix` cannot be appended to {quoted(of_environment)}: only Meltano expands it"
            hint = "set a `state_id_suffix` in the schedule"
            yield Diagnostic(rules.INVALID_VALUE, message, schedule.where("environment", "job", "tasks"), hint)
        if _has_delimiter(suffix):
            message = f"`meltano run` does not allow `{DELIMITER}` in a state ID suffix"
            yield Diagnostic(rules.INVALID_VALUE, message, place, f"write {quoted(_without_delimiter(suffix))}")


def _suffix_of(schedule: Schedule, step: Step) -> tuple[str, Location]:
    """Return the suffix of a task's `meltano run` and its location."""
    at = step.task.at
    if own := without_suffix(words_of(step.run))[1]:
        return own, at["run"]
    if schedule.state_id_suffix:
        return schedule.state_id_suffix, schedule.where("state_id_suffix")
    place = at["env"] if _SUFFIX_VARIABLE in step.task.env else schedule.where("env")
    return step.env.get(_SUFFIX_VARIABLE, ""), place


def _has_delimiter(text: str) -> bool:
    """Return whether a value certainly contains the delimiter: outside templates, or in run dates and IDs."""
    literal = literal_text(text)
    return DELIMITER in (with_templates_as("", text) if literal is None else literal) or bool(_TIME_OF_DAY.search(text))


def _without_delimiter(text: str) -> str:
    parts = parts_of(literal_text(text) or text)
    parts[::2] = [part.replace(DELIMITER, "-") for part in parts[::2]]
    return _TIME_OF_DAY.sub(rf"{{{{ \1 | replace('{DELIMITER}', '-') }}}}", "".join(parts))


def steps_with_state(states: Iterable[KeptState]) -> Iterable[Step]:
    """Return the steps that keep these states, each once."""
    return {state.step.task_id: state.step for state in states}.values()
