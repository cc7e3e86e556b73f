"""The kinds of tasks: each lowers a step to an operator and its arguments, and says in words what the step does.

Which keys a kind has, and which other keys reach it, the table of keys says (`Key.reaches`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.plan.rendered import rendered
from codegen.runners import RUNNERS
from codegen.values import Identifier, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codegen.plan.steps import Step
    from codegen.plan.tree import PlannedFunction

Lowered = tuple[str, dict[str, Value]]


@dataclass(frozen=True)
class TaskKind:
    """What a task can run.

    Attributes:
        name: the key that says what runs.
        lower: the operator of a step and its arguments; one that is None is left out. It gets the function of the
            generated file that the step calls, where it calls one.
        words: what the step does, for the documentation of the DAG; it gets how to write code.
    """

    name: str
    lower: Callable[[Step, PlannedFunction | None], Lowered]
    words: Callable[[Step, Callable[[str], str]], str]


def _by_runner(step: Step, _: PlannedFunction | None) -> Lowered:
    runner = RUNNERS[step.runner]
    return runner.operator.rpartition(".")[2], runner.lower(step)


def _by_worker(step: Step, function: PlannedFunction | None) -> Lowered:
    """A PythonOperator that calls a function of the file."""
    arguments = {name: rendered(value) for name, value in step.task.op_kwargs.items()}
    called = Identifier(function.name) if function else None
    return "PythonOperator", {"python_callable": called, "op_kwargs": arguments or None}


_RUN = TaskKind("run", _by_runner, lambda step, code: f"{code(step.run)} with Meltano")
_COMMAND = TaskKind("command", _by_runner, lambda _, __: "a command of the shell")
_PYTHON = TaskKind("python", _by_worker, lambda step, code: f"calls {code(step.task.python or '')}")

_KINDS: Mapping[str, TaskKind] = {kind.name: kind for kind in (_RUN, _COMMAND, _PYTHON)}


def kind_of(step: Step) -> TaskKind:
    """The kind of a step. That of an extractor and a loader runs Meltano too."""
    return _KINDS[step.task.kind or "run"]
