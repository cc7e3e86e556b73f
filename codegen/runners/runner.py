"""What a runner is: the settings that a schedule gives it, the operator that it lowers a task to, and its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from codegen.diagnostics import Diagnostic, Location
    from codegen.keys.section import Section
    from codegen.values import Value


@dataclass(frozen=True)
class Work:
    """What a task executes, wherever it runs.

    Attributes:
        calls: the programs that it calls, each if the one before succeeded: the words of each, from the program's
            name on; a word may hold templates of Airflow.
        env: the environment variables of the schedule and the task; a value may hold templates too.
        script: what a shell executes in place of calls; no template.
        locks: plugins that are locked while the calls run: names, or templates of names.
        settings: those of its runner; nothing where it has none, or none were given.
    """

    calls: tuple[tuple[str, ...], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    locks: tuple[str, ...] = ()
    settings: Any = None


@dataclass(frozen=True)
class Placed:
    """A task on its runner, for the checks.

    Attributes:
        id: its own id; empty where it has none.
        settings: as in `Work`.
        env: as in `Work`.
        runner_at: where the runner is chosen, or its settings stand.
        id_at: where the id stands, or the task.
        env_at: where the value of a variable stands.
    """

    id: str
    settings: Any
    env: Mapping[str, str]
    runner_at: Location
    id_at: Location
    env_at: Callable[[str], Location]


def _no_check(_: Placed) -> Iterator[Diagnostic]:
    yield from ()


@dataclass(frozen=True)
class Runner:
    """Where tasks run.

    Attributes:
        name: as `runner` has it, and the key of its settings.
        operator: the class of Airflow that executes a task: its name, or where Airflow's facts do not have it, its
            full name.
        lower: the arguments of the operator of a task; one that is None is left out.
        section: the settings; nothing where it has none.
        nested: the maps with keys of their own inside the settings.
        example: of the settings, as YAML.
        imports: what else its arguments name, with its full name.
        check: what is wrong with a task that runs there.
        distributions: the packages that Airflow needs for it.
    """

    name: str
    operator: str
    lower: Callable[[Work], dict[str, Value]]
    section: Section[Any] | None = None
    nested: tuple[Section[Any], ...] = ()
    example: str = ""
    imports: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Placed], Iterator[Diagnostic]] = _no_check
    distributions: tuple[str, ...] = ()
