"""The parts of the state ids that `meltano run` makes: none may hold the character that it puts between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.meltano.blocks import DELIMITER, without_suffix
from codegen.plan.states import states_of
from codegen.plan.steps import state_id_suffix
from codegen.text.jinja import TEMPLATE, literal_text, with_templates_as
from codegen.text.shell import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codegen.diagnostics import Location
    from codegen.meltano import MeltanoProject
    from codegen.plan.steps import Step
    from codegen.schema import Schedule

# The variable that sets the option too (meltano/cli/run.py).
_SUFFIX_VARIABLE = "MELTANO_RUN_STATE_ID_SUFFIX"
# The variables of Airflow that have a time of day in them.
_OF_A_RUN = re.compile(
    r"\{\{\s*((?:dag_run\.)?(?:run_id|logical_date|execution_date|run_after)|ts|data_interval_(?:start|end))\s*\}\}"
)
_TEMPLATE = re.compile(f"({TEMPLATE.pattern})", re.DOTALL)


def check_state_ids(schedule: Schedule, meltano: MeltanoProject | None) -> Iterator[Diagnostic]:
    """Meltano makes no state id of parts that hold the character between them (`generate_state_id`)."""
    environment = schedule.environment or ""
    if _has_delimiter(environment) and _runs_meltano(schedule):
        message = f"every run fails: Meltano does not allow `{DELIMITER}` in an environment name"
        hint = f"rename it in meltano.yml and here: {quoted(_without_delimiter(environment))}"
        yield Diagnostic(rules.INVALID_VALUE, message, schedule.where("environment"), hint)
    for step in {state.step.task_id: state.step for state in states_of(schedule, meltano) if state.step.run}.values():
        suffix, place = _suffix_of(schedule, step)
        of_environment = state_id_suffix(schedule, step.task, meltano)
        if schedule.state_suffix and "$" in of_environment:
            message = f"nothing can follow the suffix {quoted(of_environment)}, whose variable only Meltano expands"
            hint = "set a `state_id_suffix` in the schedule"
            yield Diagnostic(rules.INVALID_VALUE, message, schedule.where("environment", "job", "tasks"), hint)
        if _has_delimiter(suffix):
            message = f"`meltano run` does not allow `{DELIMITER}` in a state ID suffix"
            yield Diagnostic(rules.INVALID_VALUE, message, place, f"write {quoted(_without_delimiter(suffix))}")


def _suffix_of(schedule: Schedule, step: Step) -> tuple[str, Location]:
    """The suffix that a task's `meltano run` takes, and where it stands."""
    at = step.task.at
    if own := without_suffix(words_of(step.run))[1]:
        return own, at["run"]
    if schedule.state_id_suffix:
        return schedule.state_id_suffix, schedule.where("state_id_suffix")
    place = at["env"] if _SUFFIX_VARIABLE in step.task.env else schedule.where("env")
    return step.env.get(_SUFFIX_VARIABLE, ""), place


def _runs_meltano(schedule: Schedule) -> bool:
    return schedule.tasks is None or any(task.run for task in schedule.tasks)


def _has_delimiter(text: str) -> bool:
    """Whether a value has the character for sure: outside of its templates, or in the dates and ids of a run."""
    literal = literal_text(text)
    return DELIMITER in (with_templates_as("", text) if literal is None else literal) or bool(_OF_A_RUN.search(text))


def _without_delimiter(text: str) -> str:
    parts = _TEMPLATE.split(literal_text(text) or text)
    parts[::2] = [part.replace(DELIMITER, "-") for part in parts[::2]]
    return _OF_A_RUN.sub(rf"{{{{ \1 | replace('{DELIMITER}', '-') }}}}", "".join(parts))
