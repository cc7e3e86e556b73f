"""The settings of the runner `kubernetes`, with the argument names of Airflow's KubernetesPodOperator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import MapOf, Object, TextList
from codegen.keys.env import ENV_NAME
from codegen.keys.field_type import FieldType
from codegen.keys.model import model
from codegen.keys.table import key
from codegen.keys.texts import Text
from codegen.runners.container import Image
from codegen.runners.kubernetes.definitions import KubernetesObject
from codegen.runners.kubernetes.types import Resources
from codegen.runners.section import OperatorSection, OperatorSettings
from codegen.source.nodes import MapNode, Node, Scalar
from codegen.values import Imported

# The arguments that the operator accepts as plain data only in `pod_template_dict`, with their fields in the pod
# (airflow/providers/cncf/kubernetes/operators/pod.py, `build_pod_request_obj`).
IN_THE_CONTAINER = {
    "ports": "ports",
    "env_from": "envFrom",
    "pod_runtime_info_envs": "env",
    "volume_mounts": "volumeMounts",
}
IN_THE_SPEC = {
    "init_containers": "initContainers",
    "host_aliases": "hostAliases",
    "dns_config": "dnsConfig",
    "volumes": "volumes",
}
IN_THE_POD = (*IN_THE_SPEC, *IN_THE_CONTAINER, "pod_template_dict")


class _SecretVariable(Text):
    """The name of a variable, which Airflow's `Secret` upper-cases (airflow/providers/cncf/kubernetes/secret.py)."""

    def __init__(self) -> None:
        super().__init__("the name of a variable", "[A-Z_][A-Z0-9_]*")

    def convert(self, scalar: Scalar) -> str:
        ENV_NAME.convert(scalar)
        if scalar.text != scalar.text.upper():
            raise InvalidError(f"Airflow changes {quoted(scalar.text)} to upper case", f"write {scalar.text.upper()}")
        return scalar.text


class _PullSecrets(TextList):
    """Names of secrets, as text or as Kubernetes YAML: `{name: registry}`."""

    def __init__(self) -> None:
        super().__init__("a list of secrets", Text("the name of a secret"))

    def _items(self, node: Node, min_items: int = 0) -> Sequence[Node]:
        items = super()._items(node, min_items)
        return [item.entries["name"].value if _is_named(item) else item for item in items]


def _is_named(node: Node) -> TypeGuard[MapNode]:
    return isinstance(node, MapNode) and [*node.entries] == ["name"]


_SECRET_KEY = Object("a secret's key", "name", "key", name=Text("the name of a secret"), key=Text("a key"))


@model(frozen=True, kw_only=True)
class Kubernetes(OperatorSettings):
    """A pod for each task (airflow/providers/cncf/kubernetes/operators/pod.py)."""

    reference_group = "kubernetes"

    image: str | None = key(
        Image(),
        "The image of the Meltano project, with a fixed tag or a digest. Required.",
        "registry.example.com/elt:2026.11.1",
    )
    image_pull_secrets: tuple[str, ...] = key(
        _PullSecrets(), "The Kubernetes secrets for pulling the image.", "[registry]", ()
    )
    secrets: Mapping[str, Mapping[str, str]] = key(
        MapOf("a map of variables to keys of secrets", _SecretVariable(), _SECRET_KEY),
        "Environment variables from keys of Kubernetes secrets. Airflow never sees the values.",
        "{TARGET_POSTGRES_PASSWORD: {name: warehouse, key: password}}",
        {},
    )
    requests: Mapping[str, str] = key(
        Resources(), "The resource requests of the container.", "{cpu: 500m, memory: 1Gi}", {}
    )
    limits: Mapping[str, str] = key(Resources(), "The resource limits of the container.", "{cpu: 2, memory: 2Gi}", {})

    @property
    def passed(self) -> Mapping[str, Any]:
        """The arguments that are not written into the pod."""
        given = self.arguments.items()
        return {name: value for name, value in given if name not in IN_THE_POD or isinstance(value, Imported)}

    @property
    def in_the_pod(self) -> Mapping[str, Any]:
        """The arguments that are written into `pod_template_dict`: plain data, not Python objects."""
        given = ((name, self.arguments.get(name)) for name in IN_THE_POD)
        return {name: value for name, value in given if value and not isinstance(value, Imported)}


class KubernetesSection(OperatorSection[Kubernetes]):
    """A map with the arguments of the operator, with Kubernetes objects as Kubernetes YAML."""

    def type_of(self, name: str) -> FieldType[Any]:
        """Derive the type from the annotation: `list[k8s.V1Volume] | None` is a list of the definition `Volume`."""
        plain = super().type_of(name)
        found = re.match(r"(list\[)?k8s\.V1(\w+)", self._arguments.annotation(name))
        definition = _DEFINITIONS.get(name) or (found[2] if found else "")
        is_templated = plain.is_templated or name in IN_THE_POD
        is_list = bool(found and found[1])
        return KubernetesObject(definition, is_list=is_list, is_templated=is_templated) if definition else plain


# The definitions of arguments that the operator annotates as `dict`.
_DEFINITIONS = {
    "pod_template_dict": "Pod",
    "labels": "ObjectMeta/properties/labels",
    "annotations": "ObjectMeta/properties/annotations",
    "node_selector": "PodSpec/properties/nodeSelector",
}
