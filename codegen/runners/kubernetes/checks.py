"""Checks the settings of a pod for values and combinations that Kubernetes or Airflow rejects."""

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

# The labels that the operator overwrites (`build_pod_request_obj`, `_get_ti_pod_labels`), and the label by which it
# finds a pod (`POD_CHECKED_KEY`).
_LABELS_OF_AIRFLOW = {
    *("dag_id", "task_id", "run_id", "map_index", "try_number", "parent_dag_id"),
    *("kubernetes_pod_operator", "airflow_version", "airflow_kpo_in_cluster", "already_checked"),
}
_LABEL = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,61}[A-Za-z0-9])?)?"
# The number of keys of a volume.
_VOLUME_KEYS = 2


def check(placed: Placed) -> Iterator[Diagnostic]:
    """Check a task that runs in a pod."""
    yield from check_image(placed, "kubernetes")
    if placed.id and not re.search("[A-Za-z0-9]", placed.id):
        message = f"Airflow derives the name of the pod from {quoted(placed.id)}, which has no letter or digit"
        yield Diagnostic(rules.INVALID_VALUE, message, placed.id_at, "add a letter or a digit")
    if placed.settings:
        yield from _check_variables(placed.settings, placed.env)
        yield from _check_labels(placed.settings)
        yield from _check_resources(placed.settings)
        yield from _check_pod(placed.settings)
        yield from _check_cluster(placed.settings)


def _check_variables(settings: Kubernetes, env: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Report duplicate variables: Kubernetes keeps only the last one, which is Airflow's `Secret`."""
    for name in settings.secrets:
        if name in env:
            message = f"{quoted(name)} is already set in `env`"
            yield Diagnostic(rules.TWICE, message, settings.at["secrets"], "remove one of them")


def _check_labels(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Report labels that the operator overwrites, and values that the API server rejects."""
    labels = settings.arguments.get("labels")
    for name, value in labels.items() if isinstance(labels, Mapping) else ():
        place = settings.at[f"labels.{name}"]
        if name in _LABELS_OF_AIRFLOW:
            message = f"Airflow sets the label {quoted(name)} on each pod"
            yield Diagnostic(rules.INVALID_VALUE, message, place, "choose another name")
        elif not is_template(value) and not re.fullmatch(_LABEL, value):
            hint = "use at most 63 letters, digits, `_`, `.` and `-`, with a letter or a digit at both ends"
            yield Diagnostic(rules.INVALID_VALUE, f"{quoted(value)} is not a valid label value", place, hint)


def _check_resources(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Report requests that exceed their limits (`ValidateResourceRequirements` of the API server)."""
    for name in settings.requests.keys() & settings.limits.keys():
        request, limit = settings.requests[name], settings.limits[name]
        if not is_template(request) and not is_template(limit) and amount(request) > amount(limit):
            message = f"the {name} request of {request} exceeds the limit of {limit}"
            yield Diagnostic(rules.INVALID_VALUE, message, settings.at["requests"], "raise the limit")


def _check_pod(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Check the settings that are written into the pod, which a `pod_template_file` replaces."""
    if "pod_template_file" not in settings.arguments:
        yield from _check_volumes(settings)
        yield from _check_mounts(settings)
        return
    for name in IN_THE_POD:
        if settings.arguments.get(name):
            message = f"`{name}` cannot be combined with `pod_template_file`"
            yield Diagnostic(rules.MIXED_KINDS, message, settings.at[name], "write it in that file")


def _check_volumes(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Report volumes without exactly one source, duplicate volume names and duplicate mount paths."""
    for name, field in (("volumes", "name"), ("volume_mounts", "mountPath")):
        values = [part[field] for part in settings.in_the_pod.get(name, ())]
        for number, value in enumerate(values):
            if value in values[:number]:
                message = f"two of `{name}` have the `{field}` {quoted(value)}"
                yield Diagnostic(rules.TWICE, message, settings.at[f"{name}.{number}"], "remove one of them")
    for number, volume in enumerate(settings.in_the_pod.get("volumes", ())):
        if len(volume) != _VOLUME_KEYS:
            message = f"the volume {quoted(volume['name'])} must have exactly one source"
            place = settings.at[f"volumes.{number}"]
            hint = "keep one of them" if len(volume) > _VOLUME_KEYS else "add one, such as `emptyDir: {}`"
            yield Diagnostic(rules.INVALID_VALUE, message, place, hint)


def _check_mounts(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Report mounts of volumes that the pod does not have."""
    if isinstance(settings.arguments.get("volumes"), Imported):
        return
    known = {volume["name"] for volume in pod_of(settings)["spec"].get("volumes", ())}
    for name in ("volume_mounts", "init_containers"):
        for number, part in enumerate(settings.in_the_pod.get(name, ())):
            for mount in part.get("volumeMounts", ()) if name == "init_containers" else (part,):
                if mount["name"] not in known and not is_template(mount["name"]):
                    message = f"the pod has no volume {quoted(mount['name'])}"
                    place = settings.at[f"{name}.{number}"]
                    yield Diagnostic(rules.UNKNOWN_VOLUME, message, place, "add it to `volumes`")


def _check_cluster(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Report settings of a kubeconfig, which Airflow does not read in its own cluster.

    See airflow/providers/cncf/kubernetes/hooks/kubernetes.py.
    """
    for name in ("config_file", "cluster_context"):
        if settings.arguments.get("in_cluster") is True and name in settings.arguments:
            message = f"`{name}` cannot be combined with `in_cluster: true`"
            yield Diagnostic(rules.MIXED_KINDS, message, settings.at[name], "remove one of them")
