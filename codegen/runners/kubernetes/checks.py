"""Pods: settings that are valid each, and that Kubernetes or Airflow refuses together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.runners.container import check_image
from codegen.runners.kubernetes.pod import pod_of
from codegen.runners.kubernetes.settings import IN_THE_POD, Kubernetes
from codegen.runners.kubernetes.types import amount
from codegen.runners.runner import Placed
from codegen.text.jinja import is_template
from codegen.values import Imported

# What the operator itself writes over a label of ours (`build_pod_request_obj`, `_get_ti_pod_labels`), and by what it
# finds a pod again (`POD_CHECKED_KEY`).
_LABELS_OF_AIRFLOW = {
    *("dag_id", "task_id", "run_id", "map_index", "try_number", "parent_dag_id"),
    *("kubernetes_pod_operator", "airflow_version", "airflow_kpo_in_cluster", "already_checked"),
}
_LABEL = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?)?"
# The keys of a volume.
_NAME_AND_SOURCE = 2


def check(placed: Placed) -> Iterator[Diagnostic]:
    """What is wrong with a task that runs in a pod."""
    yield from check_image(placed, "kubernetes")
    if placed.id and not re.search("[A-Za-z0-9]", placed.id):
        message = f"no pod can be called {quoted(placed.id)}, which Airflow would name it after"
        yield Diagnostic(rules.INVALID_VALUE, message, placed.id_at, "add a letter or a digit")
    if placed.settings:
        yield from _check_variables(placed.settings, placed.env)
        yield from _check_labels(placed.settings)
        yield from _check_resources(placed.settings)
        yield from _check_pod(placed.settings)
        yield from _check_cluster(placed.settings)


def _check_variables(settings: Kubernetes, env: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Kubernetes keeps the last of two variables with one name, which is Airflow's `Secret`."""
    for name in settings.secrets:
        if name in env:
            message = f"{quoted(name)} is already set in `env`"
            yield Diagnostic(rules.TWICE, message, settings.at["secrets"], "remove it there or here")


def _check_labels(settings: Kubernetes) -> Iterator[Diagnostic]:
    """A label that the operator overwrites, or whose value the API server refuses."""
    labels = settings.arguments.get("labels")
    for name, value in labels.items() if isinstance(labels, Mapping) else ():
        place = settings.at[f"labels.{name}"]
        if name in _LABELS_OF_AIRFLOW:
            message = f"{quoted(name)} is a label that Airflow itself gives to each pod"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "choose another")
        elif not is_template(value) and not re.fullmatch(_LABEL, value):
            hint = "at most 63 letters, digits, `_`, `.` and `-`, with a letter or a digit at both ends"
            yield Diagnostic(rules.INVALID_VALUE, f"{quoted(value)} is not the value of a label", place, hint)


def _check_resources(settings: Kubernetes) -> Iterator[Diagnostic]:
    """No request may be more than its limit (`ValidateResourceRequirements` of the API server)."""
    for name in settings.requests.keys() & settings.limits.keys():
        request, limit = settings.requests[name], settings.limits[name]
        if not is_template(request) and not is_template(limit) and amount(request) > amount(limit):
            message = f"the request of {request} {name} is more than the limit of {limit}"
            yield Diagnostic(rules.INVALID_VALUE, message, settings.at["requests"], "raise the limit")


def _check_pod(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Check what is written as plain data into the pod, which a file of the worker switches off."""
    if "pod_template_file" not in settings.arguments:
        yield from _check_volumes(settings)
        yield from _check_mounts(settings)
        return
    for name in IN_THE_POD:
        if settings.arguments.get(name):
            message = f"`{name}` cannot be combined with `pod_template_file`"
            yield Diagnostic(rules.MIXED_KINDS, message, settings.at[name], "write it in that file")


def _check_volumes(settings: Kubernetes) -> Iterator[Diagnostic]:
    """A volume has one source; no two volumes have one name, and no two mounts one path."""
    for name, field in (("volumes", "name"), ("volume_mounts", "mountPath")):
        values = [part[field] for part in settings.in_the_pod.get(name, ())]
        for number, value in enumerate(values):
            if value in values[:number]:
                message = f"two of `{name}` have the `{field}` {quoted(value)}"
                yield Diagnostic(rules.TWICE, message, settings.at[f"{name}.{number}"], "remove one of them")
    for number, volume in enumerate(settings.in_the_pod.get("volumes", ())):
        if len(volume) != _NAME_AND_SOURCE:
            message = f"the volume {quoted(volume['name'])} must have exactly one source"
            place = settings.at[f"volumes.{number}"]
            yield Diagnostic(rules.INVALID_VALUE, message, place, "such as `emptyDir: {}`")


def _check_mounts(settings: Kubernetes) -> Iterator[Diagnostic]:
    """What is mounted is a volume of the pod."""
    if isinstance(settings.arguments.get("volumes"), Imported):
        return
    known = {volume["name"] for volume in pod_of(settings)["spec"].get("volumes", ())}
    for name in ("volume_mounts", "init_containers"):
        for number, part in enumerate(settings.in_the_pod.get(name, ())):
            for mount in part.get("volumeMounts", ()) if name == "init_containers" else (part,):
                if mount["name"] not in known and not is_template(mount["name"]):
                    message = f"there is no volume {quoted(mount['name'])}"
                    place = settings.at[f"{name}.{number}"]
                    yield Diagnostic(rules.UNKNOWN_VOLUME, message, place, "add it to `volumes`")


def _check_cluster(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Airflow reads no kubeconfig within its own cluster (airflow/providers/cncf/kubernetes/hooks/kubernetes.py)."""
    for name in ("config_file", "cluster_context"):
        if settings.arguments.get("in_cluster") is True and name in settings.arguments:
            message = f"`{name}` cannot be combined with `in_cluster: true`"
            yield Diagnostic(rules.MIXED_KINDS, message, settings.at[name], "remove one of them")
