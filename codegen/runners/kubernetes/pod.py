"""The pod of a task as plain data, which KubernetesPodOperator takes as `pod_template_dict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegen.runners.kubernetes.settings import IN_THE_CONTAINER, IN_THE_SPEC, Kubernetes

# The operator's name for the container of the task.
_BASE = "base"


def pod_of(settings: Kubernetes) -> dict[str, Any]:
    """Return the pod as plain data, with the settings that are not arguments of the operator."""
    template = settings.in_the_pod.get("pod_template_dict", {})
    spec = template.get("spec", {})
    base, *others = spec.get("containers", [{"name": _BASE}])
    containers = [_with(base, settings, IN_THE_CONTAINER), *others]
    return {**template, "spec": {**_with(spec, settings, IN_THE_SPEC), "containers": containers}}


def _with(part: Mapping[str, Any], settings: Kubernetes, places: Mapping[str, str]) -> dict[str, Any]:
    """Add settings to a part of the pod; lists are appended to the lists of the template."""
    given = {place: settings.in_the_pod[name] for name, place in places.items() if name in settings.in_the_pod}
    joined = {name: [*part[name], *value] for name, value in given.items() if isinstance(part.get(name), list)}
    return {**part, **given, **joined}
