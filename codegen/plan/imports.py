"""Where each name of a generated file comes from, in a stock installation of each Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codegen.airflow_version import is_2

if TYPE_CHECKING:
    from collections.abc import Iterable

_KUBERNETES = "airflow.providers.cncf.kubernetes"
# The names by which generated code calls what it imports: the module on Airflow 2, and on 3.
_MODULES = {
    "AsyncCallback": ("", "airflow.sdk"),
    "BashOperator": ("airflow.operators.bash", "airflow.providers.standard.operators.bash"),
    "DAG": ("airflow", "airflow.sdk"),
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
# Where one version has them elsewhere.
_EXCEPTIONS = {
    ("3.1", name): "airflow.sdk.definitions.deadline"
    for name in ("AsyncCallback", "DeadlineAlert", "DeadlineReference")
}
# What a name is called where it comes from, if not the same.
_ORIGINS = {"k8s": "models"}
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
        imported = (f"{_ORIGINS[name]} as {name}" if name in _ORIGINS else name for name in ordered)
        return f"from {self.module} import {', '.join(imported)}" if self.is_from else f"import {self.module}"


def import_of(name: str, airflow: str) -> str:
    """The line that imports one name, such as `DAG`.

    Args:
        name: one of `NAMES`.
        airflow: the version, one of `VERSIONS`.
    """
    return _import(name, airflow).line([name])


def imports_of(names: Iterable[str], airflow: str) -> tuple[tuple[str, ...], ...]:
    """The lines that import these names, in groups: the standard library, then the rest.

    Args:
        names: as generated code uses them, such as `pendulum.datetime`; one that needs no import is left out.
        airflow: the version, one of `VERSIONS`.
    """
    roots = {name.split(".")[0] for name in names} & NAMES
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
    module = _EXCEPTIONS.get((airflow, name)) or (of_2 if is_2(airflow) else of_3)
    return _Import(is_from=True, module=module)
