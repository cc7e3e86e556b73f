"""What a runner is: the settings that a schedule gives it, the operator that it lowers a task to, and its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from codegen.diagnostics import Diagnostic, Location
from codegen.keys.section import Section
from codegen.values import Value


@dataclass(frozen=True)
class Work:
    """What a task executes, wherever it runs.

    Attributes:
        calls: the words of each program, which runs if the one before succeeded; a word may hold Airflow's templates.
        env: the environment variables of the schedule and the task; a value may hold templates too.
        script: what a shell executes in place of calls; no template.
        locks: plugins that are locked while the calls run: names, or templates of names.
        settings: the settings of its runner; None where none are given.
    """

    calls: tuple[tuple[str, ...], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    locks: tuple[str, ...] = ()
    settings: Any = None


class Placed(NamedTuple):
    """A task on its runner, for the checks, with the places of what they report; `id` is empty where it has none."""

    id: str
    settings: Any
    env: Mapping[str, str]
    runner_at: Location
    id_at: Location
    env_at: Callable[[str], Location]


@dataclass(frozen=True)
class Runner:
    """Where tasks run.

    Attributes:
        name: the value of `runner`, and the key of its settings.
        operator: the name of its class, or where Airflow's facts do not have it, the full name.
        lower: the arguments of the operator of a task; one that is None is left out.
        sections: the settings, and the maps with keys of their own inside them.
        env: the argument with the environment variables.
        env_constant: the name of the constant for those that the tasks of a file share.
        unshared: the arguments that each task keeps: those that say what runs, and those that the operator changes.
        default_args: the `default_args` of a DAG with such tasks.
        example: of the settings, as YAML.
        imports: what else its arguments name, with its full name.
        check: the checks of a task on it, if it has any.
        instead: how to write what is no argument of the operator, by its name; empty where nothing takes it.
        distributions: the packages that Airflow needs for it.
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
