"""Pods: settings that are valid each, and that Kubernetes or Airflow refuses together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from codegen import rules
from codegen.diagnostics import Diagnostic, quoted
from codegen.runners.container import check_image
from codegen.runners.kubernetes.pod import IN_THE_POD, pod_of
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.runners.kubernetes.types import amount
from codegen.runners.runner import Placed
from codegen.text.jinja import is_template
from codegen.values import Imported

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
        yield from _check_resources(placed.settings)
        yield from _check_pod(placed.settings)
        yield from _check_cluster(placed.settings)


def _check_variables(settings: Kubernetes, env: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Kubernetes keeps the last of two variables with one name, which is Airflow's `Secret`."""
    for name in settings.secrets:
        if name in env:
            message = f"{quoted(name)} is already set in `env`"
            yield Diagnostic(rules.TWICE, message, settings.at["secrets"], "remove it there or here")


def _check_resources(settings: Kubernetes) -> Iterator[Diagnostic]:
    """No request may be more than its limit (`ValidateResourceRequirements` of the API server)."""
    for name in settings.requests.keys() & settings.limits.keys():
        request, limit = settings.requests[name], settings.limits[name]
        if not is_template(request) and not is_template(limit) and amount(request) > amount(limit):
            message = f"the request of {request} {name} is more than the limit of {limit}"
            yield Diagnostic(rules.INVALID_VALUE, message, settings.at["requests"], "raise the limit")


def _check_pod(settings: Kubernetes) -> Iterator[Diagnostic]:
    """Check the settings of `pod_template_dict`, which Airflow ignores beside a `pod_template_file`."""
    if settings.pod_template_file is not None:
        for name in IN_THE_POD:
            if getattr(settings, name):
                message = f"`{name}` cannot be combined with `pod_template_file`"
                yield Diagnostic(rules.MIXED_KINDS, message, settings.at[name], "write it in that file")
        return
    spec = pod_of(settings)["spec"]
    known = {volume["name"] for volume in spec.get("volumes", ())}
    for number, volume in enumerate(settings.volumes if isinstance(settings.volumes, list) else ()):
        if len(volume) != _NAME_AND_SOURCE:
            message = f"the volume {quoted(volume['name'])} must have exactly one source"
            place = settings.at[f"volumes.{number}"]
            yield Diagnostic(rules.INVALID_VALUE, message, place, "such as `emptyDir: {}`")
    for name in ("volume_mounts", "init_containers") if not isinstance(settings.volumes, Imported) else ():
        for number, part in enumerate(value if isinstance(value := getattr(settings, name), list) else ()):
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
