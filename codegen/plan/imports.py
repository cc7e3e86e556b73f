"""Where each name of a generated file comes from, in a stock installation of each Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from codegen.airflow_facts import facts_of
from codegen.literal import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

# What generated code imports that is no class of Airflow's core, and no operator or notifier of a provider.
_OTHERS = {
    "Mount": "docker.types",
    "Secret": "airflow.providers.cncf.kubernetes.secret",
    "k8s": "kubernetes.client",
    "timedelta": "datetime",
}
# What a name is called where it comes from, if not the same.
_ORIGINS = {"k8s": "models"}
# Modules that are imported whole.
_WHOLE = {"pendulum"}
_STANDARD_LIBRARY = {"datetime"}
# The classes of Airflow that generated code calls; which of them a version has, its facts say.
_OF_AIRFLOW = frozenset(
    """
    Asset AssetAny AssetOrTimeSchedule AsyncCallback BashOperator CronDataIntervalTimetable CronTriggerTimetable DAG
    Dataset DatasetAny DatasetOrTimeSchedule DeadlineAlert DeadlineReference DockerOperator EmptyOperator HttpNotifier
    KubernetesPodOperator Param PythonOperator SlackNotifier SlackWebhookNotifier SmtpNotifier TaskGroup
    """.split()  # noqa: SIM905  # it is read as a list
)
NAMES = _OF_AIRFLOW | {*_OTHERS, *_WHOLE}


@dataclass(frozen=True, order=True)
class _Import:
    """An import; in this order isort puts them: whole modules first."""

    is_from: bool
    module: str

    def line(self, names: Iterable[str]) -> str:
        # isort's order of names: constants in capitals, classes, the others.
        ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
        imported = [f"{_ORIGINS[name]} as {name}" if name in _ORIGINS else name for name in ordered]
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


def _import(name: str, airflow: str) -> _Import:
    if name in _WHOLE:
        return _Import(is_from=False, module=name)
    module = _OTHERS.get(name) or facts_of(airflow).module_of(name)
    return _Import(is_from=True, module=module)
