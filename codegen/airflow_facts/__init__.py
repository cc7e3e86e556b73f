"""Facts about each Airflow version: classes with their arguments and modules, the context, and trigger rules.

Each supported version has a data file, which `make facts` generates from an installed Airflow
(`tools/airflow_facts.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple


class ClassFacts(NamedTuple):
    """An operator, sensor, notifier or timetable.

    Attributes:
        arguments: the annotation of each argument, or an empty string; without the arguments of `BaseOperator`.
        templated: the templated arguments.
        files: the file extensions that Airflow opens as template files, in templated arguments.
        required: the arguments that Airflow requires to load the DAG.
    """

    full_name: str
    kind: str
    arguments: Mapping[str, str]
    templated: frozenset[str]
    files: tuple[str, ...]
    required: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.full_name.rpartition(".")[2]


@dataclass(frozen=True)
class AirflowFacts:
    """One version of Airflow.

    Attributes:
        release: the release that was installed, such as `3.3.2`.
        cron_data_intervals: whether runs of a plain cron have data intervals (`create_cron_data_intervals`).
        pool_is_key: whether pool names are limited to letters, digits, `_`, `.` and `-`.
        dag: the annotation of each argument of `DAG`.
        operator: the annotation of each argument of `BaseOperator`.
        context: the names in the context of templates, callables and callbacks.
        imports: the module of each core class.
        classes: facts about each operator, sensor, notifier and timetable, by full name.
    """

    release: str
    pythons: tuple[tuple[int, int], ...]
    cron_data_intervals: bool
    optional_logical_date: bool
    pool_is_key: bool
    presets: frozenset[str]
    dag: Mapping[str, str]
    operator: Mapping[str, str]
    deprecated: Mapping[str, list[str]]
    context: frozenset[str]
    trigger_rules: frozenset[str]
    commands: frozenset[str]
    imports: Mapping[str, str]
    classes: Mapping[str, Mapping[str, Any]]

    @property
    def has_api_server(self) -> bool:
        """Whether tasks use an API server instead of the database, and a separate process parses DAG files."""
        return "api-server" in self.commands

    @property
    def arguments(self) -> Mapping[str, str]:
        """The annotations of the arguments of `DAG` and `BaseOperator`; `DAG` takes precedence."""
        return {**self.operator, **self.dag}

    @property
    def has_assets(self) -> bool:
        """Whether datasets are called assets."""
        return "Asset" in self.imports

    @property
    def has_sla(self) -> bool:
        """Whether a task can have an SLA."""
        return "sla" not in self.deprecated["operator"]

    @cached_property
    def core_operators(self) -> Mapping[str, str]:
        """The full names of the core operators and sensors, by class name."""
        full_names = (name for name, facts in self.classes.items() if facts["kind"] in {"operator", "sensor"})
        return {name.rpartition(".")[2]: name for name in full_names if _CORE_MODULE.match(name)}

    @cached_property
    def timetables(self) -> Mapping[str, str]:
        """The full names of the timetables, by class name."""
        full_names = (name for name, facts in self.classes.items() if facts["kind"] == "timetable")
        return {name.rpartition(".")[2]: name for name in full_names}

    def class_of(self, name: str) -> ClassFacts | None:
        """Return the facts about a class, given its full name, or the class name of a core class; None if unknown."""
        full_name = self.core_operators.get(name) or self.timetables.get(name, name)
        found = self.classes.get(full_name)
        if found is None:
            return None
        files, required = (tuple(found.get(name, ())) for name in ("files", "required"))
        arguments = {name: annotation or _UNANNOTATED.get(name, "") for name, annotation in found["arguments"].items()}
        return ClassFacts(full_name, found["kind"], arguments, frozenset(found.get("templated", ())), files, required)

    def module_of(self, name: str) -> str:
        """Return the module of a class; empty for an unknown class."""
        own = (full_name for full_name in self.classes if full_name.endswith(f".{name}"))
        return self.imports.get(name) or next(own, "").rpartition(".")[0]


# In Airflow 3, the core operators are in the standard provider.
_CORE_MODULE = re.compile(r"airflow\.(?:operators|sensors|providers\.standard)\.")
# The types of arguments without annotations: `delta` of `TimeDeltaSensor` and `TimeDeltaSensorAsync` on Airflow 2.
_UNANNOTATED = {"delta": "timedelta"}
# Requirements are not locked for older Pythons.
_OLDEST_PYTHON = (3, 10)


@cache
def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


_FILES = Path(__file__).parent
_DATA_FILE = re.compile(r"(\d+\.\d+)\.json")
VERSIONS = tuple(
    sorted((match[1] for file in _FILES.iterdir() if (match := _DATA_FILE.fullmatch(file.name))), key=_number)
)


@cache
def facts_of(version: str) -> AirflowFacts:
    """Return the facts about a version, one of `VERSIONS`."""
    data = json.loads((_FILES / f"{version}.json").read_text(encoding="utf-8"))
    sets = {name: frozenset(data[name]) for name in ("context", "trigger_rules", "commands", "presets")}
    pythons = sorted((3, int(python.removeprefix("3."))) for python in data["pythons"])
    return AirflowFacts(**{**data, **sets, "pythons": tuple(python for python in pythons if python >= _OLDEST_PYTHON)})


def newest() -> str:
    """Return the newest version that is not a pre-release."""
    return next(version for version in reversed(VERSIONS) if not re.search("[a-z]", facts_of(version).release))


def at_least(version: str, other: str) -> bool:
    """Return whether `version` is `other` or later."""
    return _number(version) >= _number(other)
