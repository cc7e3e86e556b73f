"""Facts about each Airflow: the arguments of its classes, their modules, its context and trigger rules.

Each supported version has a data file, which `make facts` writes from an installed Airflow (`tools/airflow_facts.py`).
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
        arguments: the annotation of each argument, without those of `BaseOperator`; empty where the source has none.
        templated: the arguments in which Airflow renders templates.
        files: the endings of the texts that it opens as template files, in templated arguments.
        required: the arguments without which Airflow cannot load the DAG.
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
        cron_data_intervals: whether the runs of a plain cron have data intervals (`create_cron_data_intervals`).
        pool_is_key: whether the name of a pool can only have letters, digits, `_`, `.` and `-`.
        dag: the annotation of each argument of `DAG`; `operator` has those of `BaseOperator`.
        context: the names that templates, callables and callbacks can have.
        imports: the module of each class of its core.
        classes: facts about each operator, sensor, notifier and timetable, by its full name.
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
        """Whether tasks use an API server instead of the database, and a separate process parses the DAG files."""
        return "api-server" in self.commands

    @property
    def arguments(self) -> Mapping[str, str]:
        """The annotations of the arguments of both; `dag` wins."""
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
        """The full names of the operators and sensors that come with this Airflow, by the names of their classes."""
        full_names = (name for name, facts in self.classes.items() if facts["kind"] in {"operator", "sensor"})
        return {name.rpartition(".")[2]: name for name in full_names if _OF_THE_CORE.match(name)}

    @cached_property
    def timetables(self) -> Mapping[str, str]:
        """The full names of its timetables in `classes`, by the names of their classes."""
        full_names = (name for name, facts in self.classes.items() if facts["kind"] == "timetable")
        return {name.rpartition(".")[2]: name for name in full_names}

    def class_of(self, name: str) -> ClassFacts | None:
        """The facts about a class by its full name, or about one of the core by its class name; None for others."""
        full_name = self.core_operators.get(name) or self.timetables.get(name, name)
        found = self.classes.get(full_name)
        if found is None:
            return None
        files, required = (tuple(found.get(name, ())) for name in ("files", "required"))
        arguments = {name: annotation or _UNANNOTATED.get(name, "") for name, annotation in found["arguments"].items()}
        return ClassFacts(full_name, found["kind"], arguments, frozenset(found.get("templated", ())), files, required)

    def module_of(self, name: str) -> str:
        """The module from which a class is imported; empty for an unknown class."""
        own = (full_name for full_name in self.classes if full_name.endswith(f".{name}"))
        return self.imports.get(name) or next(own, "").rpartition(".")[0]


# Airflow 3 has its own operators in the standard provider.
_OF_THE_CORE = re.compile(r"airflow\.(?:operators|sensors|providers\.standard)\.")
# The types of arguments that the source does not annotate: of `TimeDeltaSensor` on 2, and its asynchronous form.
_UNANNOTATED = {"delta": "timedelta"}
# The requirements are not locked for older ones.
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
    """The facts about a version, one of `VERSIONS`."""
    data = json.loads((_FILES / f"{version}.json").read_text(encoding="utf-8"))
    sets = {name: frozenset(data[name]) for name in ("context", "trigger_rules", "commands", "presets")}
    pythons = sorted((3, int(python.removeprefix("3."))) for python in data["pythons"])
    return AirflowFacts(**{**data, **sets, "pythons": tuple(python for python in pythons if python >= _OLDEST_PYTHON)})


def newest() -> str:
    """The newest version whose release is not an alpha, a beta or a candidate."""
    return next(version for version in reversed(VERSIONS) if not re.search("[a-z]", facts_of(version).release))


def at_least(version: str, other: str) -> bool:
    """Whether a version is the other or a later one."""
    return _number(version) >= _number(other)
