"""The Python names of a generated file: the imports, and free names for its definitions."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from itertools import chain, count
from types import MappingProxyType

from codegen.airflow_facts import facts_of
from codegen.plan.tree import Import
from codegen.runners import RUNNERS

# The Airflow classes in generated code. The facts of a version have their modules.
_AIRFLOW_NAMES = frozenset(
    """
    Asset AssetAny AssetOrTimeSchedule AsyncCallback CronDataIntervalTimetable CronTriggerTimetable DAG Dataset
    DatasetAny DatasetOrTimeSchedule DeadlineAlert DeadlineReference EmptyOperator HttpNotifier Param PythonOperator
    SlackNotifier SlackWebhookNotifier SmtpNotifier TaskGroup
    """.split()  # noqa: SIM905  # it is read as a list
)
_WHOLE_MODULES = {"pendulum"}
_STANDARD_LIBRARY = {"datetime"}
_FULL_NAMES = {
    "time": "datetime.time",
    "timedelta": "datetime.timedelta",
    **{runner.operator.rpartition(".")[2]: runner.operator for runner in RUNNERS.values()},
    **{name: full_name for runner in RUNNERS.values() for name, full_name in runner.imports.items()},
}
_IMPORTED = _AIRFLOW_NAMES | _WHOLE_MODULES | _FULL_NAMES.keys()
# Generated code calls `dict`, and linters reject names that hide a built-in function. The list does not depend on the
# version of Python.
_BUILT_IN = frozenset(
    """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex
    delattr dict dir divmod enumerate eval exec filter float format frozenset getattr globals hasattr hash hex id
    input int isinstance issubclass iter len list locals map max memoryview min next object oct open ord pow print
    property range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
    """.split()  # noqa: SIM905  # it is read as a list
)
_RESERVED = _IMPORTED | _BUILT_IN
# Two names of this length and `>>` fit on a line.
_MAX_NAME_LENGTH = 40


def full_name_of(name: str, airflow: str) -> str:
    """Return the full name of an import that generated code itself needs, or an empty string."""
    if name not in _IMPORTED:
        return ""
    full_name = _FULL_NAMES.get(name, name)
    return full_name if "." in full_name else f"{facts_of(airflow).module_of(name)}.{name}"


def imports_of(
    names: Iterable[str], airflow: str, objects: Mapping[str, str] = MappingProxyType({})
) -> tuple[tuple[Import, ...], ...]:
    """Return the imports in isort's order, in two groups: the standard library and the rest.

    Args:
        names: the names in generated code, such as `pendulum.datetime`; some need no import.
        airflow: the target version.
        objects: the local names of other imported objects, by full name.
    """
    used = {name.split(".")[0] for name in names} & _IMPORTED
    return _imports_of(frozenset(used), airflow, tuple(objects.items()))


# Cached: many files have the same imports.
@lru_cache(maxsize=256)
def _imports_of(
    known: frozenset[str], airflow: str, objects: tuple[tuple[str, str], ...]
) -> tuple[tuple[Import, ...], ...]:
    full_names = {own: full_name for full_name, own in objects}
    used = known | full_names.keys()
    whole = used & _WHOLE_MODULES
    modules: dict[str, list[tuple[str, str]]] = {}
    # Constants first, then classes, then the rest.
    for name in sorted(used - whole, key=lambda name: (not name.isupper(), not name[0].isupper(), name)):
        module, _, origin = (full_names.get(name) or full_name_of(name, airflow)).rpartition(".")
        modules.setdefault(module, []).append((origin, name))
    groups: tuple[list[Import], list[Import]] = ([], [])
    for module, imported in [*((name, []) for name in sorted(whole)), *sorted(modules.items())]:
        groups[module not in _STANDARD_LIBRARY].append(Import(module, tuple(imported)))
    return tuple(tuple(group) for group in groups if group)


def free_name(wanted: Iterable[str], number: str, taken: Container[str]) -> str:
    """Return the first wanted name that is free, else `number` followed by a number.

    Wanted names can be any text: characters that are invalid in Python names become `_`.
    """
    candidates = chain((re.sub(r"[^A-Za-z0-9_]", "_", text) for text in wanted), (f"{number}{n}" for n in count()))
    return next(name for name in candidates if _is_usable(name) and name not in taken)


def free_constant(wanted: Iterable[str], number: str, taken: Container[str]) -> str:
    """Return the first wanted name that is free in upper case, else `number` followed by a number."""
    candidates = chain((re.sub(r"[^A-Z0-9_]", "_", text.upper()) for text in wanted), (f"{number}{n}" for n in count()))
    return next(name for name in candidates if len(name) <= _MAX_NAME_LENGTH and name not in taken)


def _is_usable(name: str) -> bool:
    """Return whether it is a short Python name, but not a constant, an import, a built-in or a dunder name."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.isupper()
    is_dunder = name.startswith("__") and name.endswith("__")
    return is_name and not is_dunder and len(name) <= _MAX_NAME_LENGTH and name not in _RESERVED
