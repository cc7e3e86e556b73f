"""Where each name of a generated file comes from, in a stock installation of each Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.runners import RUNNERS
from codegen.source_text import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

# The classes of Airflow that generated code calls; where a version has them, its facts say.
_OF_AIRFLOW = frozenset(
    """
    Asset AssetAny AssetOrTimeSchedule AsyncCallback CronDataIntervalTimetable CronTriggerTimetable DAG Dataset
    DatasetAny DatasetOrTimeSchedule DeadlineAlert DeadlineReference EmptyOperator HttpNotifier Param PythonOperator
    SlackNotifier SlackWebhookNotifier SmtpNotifier TaskGroup
    """.split()  # noqa: SIM905  # it is read as a list
)
_OPERATORS = {runner.operator.rpartition(".")[2]: runner.operator for runner in RUNNERS.values()}
# The full names of what else it calls.
_OTHERS = {
    "timedelta": "datetime.timedelta",
    **{name: full_name for runner in RUNNERS.values() for name, full_name in runner.imports.items()},
}
# Modules that are imported whole.
_WHOLE = {"pendulum"}
_STANDARD_LIBRARY = {"datetime"}
NAMES = _OF_AIRFLOW | {*_OPERATORS, *_OTHERS, *_WHOLE}


@dataclass(frozen=True, order=True)
class _Import:
    """An import; in this order isort puts them: whole modules first."""

    is_from: bool
    module: str

    def line(self, names: Iterable[str]) -> str:
        # isort's order of names: constants in capitals, classes, the others.
        ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
        imported = [_imported(name) for name in ordered]
        line = f"from {self.module} import {', '.join(imported)}" if self.is_from else f"import {self.module}"
        if len(line) <= LINE_LENGTH:
            return line
        return f"from {self.module} import (\n" + "".join(f"    {name},\n" for name in imported) + ")"


def imports_of(names: Iterable[str], airflow: str) -> tuple[tuple[str, ...], ...]:
    """The lines that import these names, in groups: the standard library, then the rest.

    Args:
        names: as generated code uses them, such as `pendulum.datetime`; one that needs no import is left out.
        airflow: the version, one of `VERSIONS`.
    """
    return _imports_of(frozenset(name.split(".")[0] for name in names) & NAMES, airflow)


# Nearly all files of a project use the same names.
@cache
def _imports_of(roots: frozenset[str], airflow: str) -> tuple[tuple[str, ...], ...]:
    by_import: dict[_Import, set[str]] = {}
    for root in roots:
        by_import.setdefault(_import(root, airflow), set()).add(root)
    groups: tuple[list[str], list[str]] = ([], [])
    for line, imported in sorted(by_import.items()):
        groups[line.module not in _STANDARD_LIBRARY].append(line.line(imported))
    return tuple(tuple(group) for group in groups if group)


def _imported(name: str) -> str:
    """The name, and what it is called where it comes from, if that is something else."""
    origin = _OTHERS.get(name, name).rpartition(".")[2]
    return name if origin == name else f"{origin} as {name}"


def _import(name: str, airflow: str) -> _Import:
    if name in _WHOLE:
        return _Import(is_from=False, module=name)
    full_name = _OTHERS.get(name) or _OPERATORS.get(name, name)
    module = full_name.rpartition(".")[0] or facts_of(airflow).module_of(name)
    return _Import(is_from=True, module=module)
