"""What each Airflow has: the arguments of its classes, where they are imported from, its context and trigger rules.

One file of data for each version that files can be generated for. `make facts` writes them with
`tools/airflow_facts.py`, which asks the installed Airflow; nobody edits them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class AirflowFacts:
    """One version of Airflow.

    Attributes:
        release: the release that was asked, such as `3.3.2`.
        pythons: the versions of Python that it runs on, from 3.10.
        cron_data_intervals: whether the runs of a plain cron have data intervals (`create_cron_data_intervals`).
        optional_logical_date: whether a run can be without a logical date.
        pool_is_key: whether the name of a pool must be one of letters, digits, `_`, `.` and `-`.
        presets: the words that it takes for a cron, such as `@daily`.
        dag: the annotation of each argument of `DAG`, as Airflow's source has it.
        operator: that of each argument of `BaseOperator`.
        deprecated: the arguments of `dag` and of `operator` that it warns of.
        context: the names that templates, callables and callbacks can have.
        commands: the commands of its program, such as `dags list`.
        imports: the module of each class of its core.
        classes: what is known of each operator, sensor, notifier and timetable, by its full name.
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
    def is_pre_release(self) -> bool:
        """Whether the release is an alpha, a beta or a candidate."""
        return re.search("[a-z]", self.release) is not None

    @property
    def has_api_server(self) -> bool:
        """Whether an API server stands between the tasks and the database, and the DAG files are read by a process."""
        return "api-server" in self.commands

    @property
    def arguments(self) -> Mapping[str, str]:
        """The annotations of the arguments of both; of a name that both have, that of `dag`."""
        return {**self.operator, **self.dag}

    @property
    def has_assets(self) -> bool:
        """Whether what it called a dataset is an asset."""
        return "Asset" in self.imports

    @property
    def has_sla(self) -> bool:
        """Whether a task can have an SLA."""
        return "sla" not in self.deprecated["operator"]

    def module_of(self, name: str) -> str:
        """The module that a class is imported from; empty where it has none of that name."""
        own = (full_name for full_name in self.classes if full_name.endswith(f".{name}"))
        return self.imports.get(name) or next(own, "").rpartition(".")[0]


# The requirements are locked for none below.
_OLDEST_PYTHON = (3, 10)


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


_FILES = files(__package__)
VERSIONS = tuple(
    sorted((file.name.removesuffix(".json") for file in _FILES.iterdir() if file.name.endswith(".json")), key=_number)
)


@cache
def facts_of(version: str) -> AirflowFacts:
    """What is known of a version, one of `VERSIONS`."""
    data = json.loads((_FILES / f"{version}.json").read_text(encoding="utf-8"))
    sets = {name: frozenset(data[name]) for name in ("context", "trigger_rules", "commands", "presets")}
    pythons = sorted((3, int(python.removeprefix("3."))) for python in data["pythons"])
    return AirflowFacts(**{**data, **sets, "pythons": tuple(python for python in pythons if python >= _OLDEST_PYTHON)})


def newest() -> str:
    """The newest stable version."""
    return next(version for version in reversed(VERSIONS) if not facts_of(version).is_pre_release)


def at_least(version: str, other: str) -> bool:
    """Whether a version is the other or a later one."""
    return _number(version) >= _number(other)
