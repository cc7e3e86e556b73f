"""Writes Kubernetes' published definitions of a pod for the checks of the runner `kubernetes`.

The source is the package kubernetes-validate (Apache License 2.0), which has the OpenAPI definitions of Kubernetes
(Apache License 2.0, https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec) as JSON Schemas that reject
unknown fields. Descriptions are omitted. The allowed values in them are in `_WORDS`.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

# The version of the Kubernetes client in Airflow's newest requirements, which drops unknown fields.
VERSION = "1.36.0"
_SOURCE = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{VERSION}-local-strict" / "_definitions.json"
TARGET = Path(__file__).parents[1] / "codegen" / "runners" / "kubernetes" / "definitions.json"
_REFERENCE = re.compile(r'"\$ref": "[^"]*/([\w.]+)"')
_TOLERATED = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_CHANGES = ("OnRootMismatch", "Always")
_PULLS = ("Always", "IfNotPresent", "Never")
# The values that the API server accepts (pkg/apis/core/validation/validation.go), by definition and field.
_WORDS = {
    "Toleration.effect": _TOLERATED,
    "Toleration.operator": ("Exists", "Equal", "Lt", "Gt"),
    "NodeSelectorRequirement.operator": ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    "LabelSelectorRequirement.operator": ("In", "NotIn", "Exists", "DoesNotExist"),
    "TopologySpreadConstraint.whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "PodSecurityContext.fsGroupChangePolicy": _CHANGES,
    "SeccompProfile.type": ("RuntimeDefault", "Unconfined", "Localhost"),
    "EmptyDirVolumeSource.medium": ("", "Memory", "HugePages"),
    "ContainerPort.protocol": ("TCP", "UDP", "SCTP"),
    "Container.imagePullPolicy": _PULLS,
    "Container.restartPolicy": ("Always", "OnFailure", "Never"),
    "PodSpec.dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "VolumeMount.mountPropagation": ("None", "HostToContainer", "Bidirectional"),
}
# A number with a suffix (apimachinery, pkg/api/resource/quantity.go).
_QUANTITY = r"^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$"


def definitions() -> dict[str, Any]:
    """Return the definitions of a pod's parts, by the last part of their names."""
    given = json.loads(_SOURCE.read_text(encoding="utf-8"))["$defs"]
    found: dict[str, Any] = {}
    waiting = ["io.k8s.api.core.v1.PodTemplateSpec"]
    while waiting:
        full_name = waiting.pop()
        name = full_name.rpartition(".")[2]
        if name not in found:
            found[name] = _reduced(given[full_name])
            waiting += _REFERENCE.findall(json.dumps(given[full_name]))
    for place, words in _WORDS.items():
        name, _, field = place.partition(".")
        found[name]["properties"][field]["enum"] = list(words)
    found["Quantity"] = {"type": ["string", "number"], "pattern": _QUANTITY}
    # The operator adds the task's container, and Kubernetes' controllers write these.
    del found["PodSpec"]["required"], found["PodSpec"]["properties"]["ephemeralContainers"]
    pod = found.pop("PodTemplateSpec")
    pod["properties"] |= {"apiVersion": {"enum": ["v1"]}, "kind": {"enum": ["Pod"]}}
    found["Pod"] = pod
    del found["EphemeralContainer"]
    return dict(sorted(found.items()))


def _reduced(schema: Any) -> Any:
    """Return a schema without descriptions and nulls, with references by the last part of a name."""
    if isinstance(schema, list):
        return [_reduced(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    reduced = {}
    for key, value in schema.items():
        if key == "properties":
            reduced[key] = {name: _reduced(each) for name, each in value.items()}
        elif key == "$ref":
            reduced[key] = "#/definitions/" + value.rpartition(".")[2]
        elif key == "type" and isinstance(value, list):
            reduced[key] = next(each for each in value if each != "null")
        elif key not in {"description", "format"} and not key.startswith("x-kubernetes-"):
            reduced[key] = _reduced(value)
    return reduced


if __name__ == "__main__":
    source = f"Kubernetes {VERSION}, from the package kubernetes-validate; Apache License 2.0. `make kubernetes`."
    lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in definitions().items()]
    text = f'{{"$comment": {json.dumps(source)},\n"definitions": {{\n' + ",\n".join(lines) + "\n}}\n"
    TARGET.write_text(text, encoding="utf-8")
