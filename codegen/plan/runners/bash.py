"""Runs a step in a shell of Airflow's worker, in the folder of the Meltano project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.literal import MeltanoCommand, Value
from codegen.plan.tree import PRELUDES
from codegen.shell import as_script, stopping
from codegen.templating import BASH_ENDINGS, as_rendered, as_rendered_lines

if TYPE_CHECKING:
    from codegen.command import Step


def operator_of(step: Step, _airflow: str) -> tuple[str, dict[str, Value]]:
    """A BashOperator; the words of the command that could be read as code come in its environment.

    Tasks run side by side in the project of their worker, so a command locks what it would share with another.
    """
    script, words_in_env = as_script(step.calls, BASH_ENDINGS, step.locks)
    if step.script:
        script += as_rendered_lines(stopping(step.script))
    elif "\n" in script:
        script += "\n"
    given = {name: as_rendered(value, BASH_ENDINGS) for name, value in {**step.env, **words_in_env}.items()}
    return "BashOperator", {
        "bash_command": MeltanoCommand(script, PRELUDES if step.locks else PRELUDES[:1]),
        "env": given or None,
        "append_env": True if given else None,
    }
