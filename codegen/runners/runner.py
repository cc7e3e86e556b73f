"""The interface of a runner: its settings, its operator and its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from codegen.diagnostics import Diagnostic, Location
from codegen.keys.section import Section
from codegen.values import Value


@dataclass(frozen=True)
class Work:
    """The work of a task, independent of its runner.

    Attributes:
        calls: the words of each program; a program runs if the previous one succeeded. Words can contain templates.
        env: the environment variables of the schedule and the task. Values can contain templates.
        script: a shell script instead of calls, without templates.
        locks: the plugins to lock while the calls run: names, or templates for names.
        settings: the settings of its runner; None without settings.
    """

    calls: tuple[tuple[str, ...], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    locks: tuple[str, ...] = ()
    settings: Any = None


class Placed(NamedTuple):
    """A task and its runner, with the places for diagnostics; `id` is empty for a task without one."""

    id: str
    settings: Any
    env: Mapping[str, str]
    runner_at: Location
    id_at: Location
    env_at: Callable[[str], Location]


@dataclass(frozen=True)
class Runner:
    """Defines where tasks run.

    Attributes:
        name: the value of `runner`, and the key of its settings.
        operator: the class name of the operator, or the full name if Airflow's facts do not include it.
        lower: returns the arguments of a task's operator; an argument that is None is omitted.
        sections: the settings, and the nested maps with keys.
        env: the argument with the environment variables.
        env_constant: the name of the constant for environment variables that the tasks of a file share.
        unshared: the arguments that are never shared: the command, and arguments that the operator modifies.
        default_args: the `default_args` of a DAG with such tasks.
        example: an example of the settings, as YAML.
        imports: the full names of other objects in the arguments, by name.
        check: the checks of a task, if the runner has any.
        instead: returns a hint for a name that is not an argument of the operator, or empty text.
        distributions: the Python packages that Airflow needs for the runner.
    """

    name: str
    operator: str
    lower: Callable[[Work], dict[str, Value]]
    env: str
    env_constant: str
    unshared: tuple[str, ...]
    default_args: Mapping[str, Value] = field(default_factory=dict)
    sections: tuple[Section[Any], ...] = ()
    example: str = ""
    imports: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Placed], Iterator[Diagnostic]] | None = None
    instead: Callable[[str], str] = lambda _: ""
    distributions: tuple[str, ...] = ()
