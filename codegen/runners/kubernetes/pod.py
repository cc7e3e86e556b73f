"""The settings that KubernetesPodOperator takes as plain data only in `pod_template_dict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codegen.runners.kubernetes.settings import Kubernetes
from codegen.text.jinja import rendered
from codegen.values import Imported, Value

# Their places in the pod (airflow/providers/cncf/kubernetes/operators/pod.py, `build_pod_request_obj`).
_IN_THE_CONTAINER = {
    "ports": "ports",
    "env_from": "envFrom",
    "pod_runtime_info_envs": "env",
    "volume_mounts": "volumeMounts",
}
_IN_THE_SPEC = {
    "init_containers": "initContainers",
    "host_aliases": "hostAliases",
    "dns_config": "dnsConfig",
    "volumes": "volumes",
}
IN_THE_POD = (*_IN_THE_SPEC, *_IN_THE_CONTAINER, "pod_template_dict")
# The operator's name of the task's container.
_BASE = "base"


def in_the_pod(settings: Kubernetes) -> dict[str, Value]:
    """The pod as `pod_template_dict`; a Python object has its own argument."""
    given = {name: value for name in IN_THE_POD if (value := getattr(settings, name))}
    imported: dict[str, Value] = {name: value for name, value in given.items() if isinstance(value, Imported)}
    if given.keys() == imported.keys():
        return imported
    return {**imported, "pod_template_dict": rendered(pod_of(settings))}


def pod_of(settings: Kubernetes) -> dict[str, Any]:
    """The pod of the settings that the operator does not take as arguments."""
    template = _plain(settings, "pod_template_dict") or {}
    spec = template.get("spec", {})
    base, *others = spec.get("containers", [{"name": _BASE}])
    containers = [_with(base, settings, _IN_THE_CONTAINER), *others]
    return {**template, "spec": {**_with(spec, settings, _IN_THE_SPEC), "containers": containers}}


def _with(part: Mapping[str, Any], settings: Kubernetes, places: Mapping[str, str]) -> dict[str, Any]:
    """A part of the pod with its settings; lists are appended to those of the template."""
    given = {places[name]: value for name in places if (value := _plain(settings, name))}
    joined = {name: [*part[name], *value] for name, value in given.items() if isinstance(part.get(name), list)}
    return {**part, **given, **joined}


def _plain(settings: Kubernetes, name: str) -> Any:  # noqa: ANN401  # as JSON has it
    value = getattr(settings, name)
    return None if isinstance(value, Imported) else value
