"""Where each name of a generated file comes from, in a stock installation of each Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from codegen.airflow_version import at_least, is_2
from codegen.literal import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

_KUBERNETES = "airflow.providers.cncf.kubernetes"
# The names by which generated code calls what it imports: the module on Airflow 2, and on 3; empty where it has none.
_MODULES = {
    "Asset": ("", "airflow.sdk"),
    "AssetAny": ("", "airflow.sdk"),
    "AssetOrTimeSchedule": ("", "airflow.sdk"),
    "AsyncCallback": ("", "airflow.sdk"),
    "BashOperator": ("airflow.operators.bash", "airflow.providers.standard.operators.bash"),
    "CronDataIntervalTimetable": ("airflow.timetables.interval", "airflow.sdk"),
    "CronTriggerTimetable": ("airflow.timetables.trigger", "airflow.sdk"),
    "DAG": ("airflow", "airflow.sdk"),
    "Dataset": ("airflow.datasets", ""),
    "DatasetAny": ("airflow.datasets", ""),
    "DatasetOrTimeSchedule": ("airflow.timetables.datasets", ""),
    "EmptyOperator": ("airflow.operators.empty", "airflow.providers.standard.operators.empty"),
    "Param": ("airflow.models.param", "airflow.sdk"),
    "DeadlineAlert": ("", "airflow.sdk"),
    "DeadlineReference": ("", "airflow.sdk"),
    "HttpNotifier": ("airflow.providers.http.notifications.http",) * 2,
    "SlackNotifier": ("airflow.providers.slack.notifications.slack",) * 2,
    "SlackWebhookNotifier": ("airflow.providers.slack.notifications.slack_webhook",) * 2,
    "SmtpNotifier": ("airflow.providers.smtp.notifications.smtp",) * 2,
    "DockerOperator": ("airflow.providers.docker.operators.docker", "airflow.providers.docker.operators.docker"),
    # It comes with the provider.
    "Mount": ("docker.types", "docker.types"),
    "PythonOperator": ("airflow.operators.python", "airflow.providers.standard.operators.python"),
    "TaskGroup": ("airflow.utils.task_group", "airflow.sdk"),
    "KubernetesPodOperator": (f"{_KUBERNETES}.operators.pod", f"{_KUBERNETES}.operators.pod"),
    "Secret": (f"{_KUBERNETES}.secret", f"{_KUBERNETES}.secret"),
    # It comes with the provider.
    "k8s": ("kubernetes.client", "kubernetes.client"),
    "timedelta": ("datetime", "datetime"),
}
# What a name is called where it comes from, if not the same.
_ORIGINS = {"k8s": "models"}
# The modules of 3.0 and 3.1 that are others than those of the later versions.
_MODULES_BEFORE_3_2 = {
    "AssetOrTimeSchedule": "airflow.timetables.assets",
    "CronDataIntervalTimetable": "airflow.timetables.interval",
    "CronTriggerTimetable": "airflow.timetables.trigger",
    # 3.0 has no deadlines.
    **dict.fromkeys(("AsyncCallback", "DeadlineAlert", "DeadlineReference"), "airflow.sdk.definitions.deadline"),
}
# Modules that are imported whole.
_WHOLE = {"pendulum"}
_STANDARD_LIBRARY = {"datetime"}
NAMES = frozenset({*_MODULES, *_WHOLE})


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
    of_2, of_3 = _MODULES[name]
    is_early = not is_2(airflow) and not at_least(airflow, "3.2")
    module = of_2 if is_2(airflow) else _MODULES_BEFORE_3_2.get(name, of_3) if is_early else of_3
    return _Import(is_from=True, module=module)
