"""The settings of the runner `kubernetes`, by the names of Airflow's KubernetesPodOperator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import MapOf, Object, OrTemplate, TextList
from codegen.keys.env import ENV_NAME
from codegen.keys.scalars import Choice
from codegen.keys.table import key
from codegen.keys.texts import TemplatedText, Text
from codegen.runners.container import Image
from codegen.runners.kubernetes.definitions import KubernetesObject
from codegen.runners.kubernetes.types import DNS_SUBDOMAIN, LABEL_KEY, LABEL_VALUE, Resources
from codegen.runners.section import OperatorSettings
from codegen.source.nodes import MapNode, Node, Scalar

# What the operator itself writes over a label of ours (`build_pod_request_obj`, `_get_ti_pod_labels`), and by what it
# finds a pod again (`POD_CHECKED_KEY`).
_LABELS_OF_AIRFLOW = {
    *("dag_id", "task_id", "run_id", "map_index", "try_number", "parent_dag_id"),
    *("kubernetes_pod_operator", "airflow_version", "airflow_kpo_in_cluster", "already_checked"),
}


class _LabelKey(Text):
    """The key of a label that is not Airflow's own."""

    def convert(self, scalar: Scalar) -> str:
        text = LABEL_KEY.convert(scalar)
        if text in _LABELS_OF_AIRFLOW:
            raise InvalidError(f"{quoted(text)} is a label that Airflow itself gives to each pod", "choose another")
        return text

    def json_schema(self) -> dict[str, Any]:
        return LABEL_KEY.json_schema()


class _SecretVariable(Text):
    """The name of a variable, as Airflow's `Secret` writes it (airflow/providers/cncf/kubernetes/secret.py)."""

    def __init__(self) -> None:
        super().__init__("the name of a variable", "[A-Z_][A-Z0-9_]*")

    def convert(self, scalar: Scalar) -> str:
        ENV_NAME.convert(scalar)
        if scalar.text != scalar.text.upper():
            raise InvalidError(f"Airflow writes {quoted(scalar.text)} in capitals", f"write {scalar.text.upper()}")
        return scalar.text


class _PullSecrets(TextList):
    """Names of secrets, also as Kubernetes' own YAML: `{name: registry}`."""

    def __init__(self) -> None:
        super().__init__("a list of secrets", DNS_SUBDOMAIN)

    def _items(self, node: Node, least: int = 0) -> Sequence[Node]:
        items = super()._items(node, least)
        return [item.entries["name"].value if _is_named(item) else item for item in items]


def _is_named(node: Node) -> TypeGuard[MapNode]:
    return isinstance(node, MapNode) and [*node.entries] == ["name"]


def _object(definition: str, doc: str, example: str, *, is_list: bool = False, is_templated: bool = True) -> Any:  # noqa: ANN401
    """A key whose value is an object of Kubernetes."""
    return key(KubernetesObject(definition, is_list=is_list, is_templated=is_templated), doc, example)


_objects = partial(_object, is_list=True)
_SECRET_KEY = Object("a secret's key", "name", "key", name=DNS_SUBDOMAIN, key=Text("a key", r"[A-Za-z0-9_.\-]+"))
_LONGEST_PATH = 4096
_SELECTOR: MapOf[str] = MapOf("a map of labels", LABEL_KEY, OrTemplate(LABEL_VALUE))


@dataclass(frozen=True, kw_only=True)
class Kubernetes(OperatorSettings):
    """A pod for each task (airflow/providers/cncf/kubernetes/operators/pod.py)."""

    reference_group = "kubernetes"

    image: str | None = key(
        Image(),
        "The image of the Meltano project, with a tag or a digest that does not move. Required.",
        "registry.example.com/elt:2026.11.1",
    )
    image_pull_policy: str | None = key(
        Choice("Always", "IfNotPresent", "Never"),
        "When a node pulls the image. Default: Kubernetes' own.",
        "Always",
    )
    image_pull_secrets: tuple[str, ...] = key(
        _PullSecrets(),
        "The Kubernetes secrets for pulling the image.",
        "[registry]",
        (),
    )
    namespace: str | None = key(
        OrTemplate(DNS_SUBDOMAIN),
        "The namespace of the pods. Default: that of Airflow's connection, else that of Airflow's own pod.",
        "elt",
    )
    secrets: Mapping[str, Mapping[str, str]] = key(
        MapOf("a map of variables to keys of secrets", _SecretVariable(), _SECRET_KEY),
        "Environment variables from keys of Kubernetes secrets. Airflow never sees a value.",
        "{TARGET_POSTGRES_PASSWORD: {name: warehouse, key: password}}",
        {},
    )
    env_from: Any = _objects(
        "EnvFromSource",
        "Secrets (`secretRef`) and config maps (`configMapRef`). Each of their keys becomes an environment variable.",
        "[{secretRef: {name: gitlab}}, {configMapRef: {name: elt}, prefix: ELT_}]",
    )
    requests: Mapping[str, str] = key(
        Resources(), "The resource requests of the container.", "{cpu: 500m, memory: 1Gi}", {}
    )
    limits: Mapping[str, str] = key(Resources(), "The resource limits of the container.", "{cpu: 2, memory: 2Gi}", {})
    node_selector: Mapping[str, str] = key(_SELECTOR, "The labels that a node must have.", "{disktype: ssd}", {})
    tolerations: Any = _objects(
        "Toleration",
        "The taints of nodes that the pod tolerates.",
        "[{key: dedicated, operator: Equal, value: elt, effect: NoSchedule}]",
        is_templated=False,
    )
    affinity: Any = _object(
        "Affinity",
        "The scheduling constraints of the pod: `nodeAffinity`, `podAffinity`, `podAntiAffinity`.",
        "{podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: "
        "{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {team: elt}}}}]}}",
        is_templated=False,
    )
    labels: Mapping[str, str] = key(
        MapOf("a map of labels", _LabelKey("the key of a label"), OrTemplate(LABEL_VALUE)),
        "Labels of the pod, in addition to Airflow's.",
        "{team: data}",
        {},
    )
    annotations: Mapping[str, str] = key(
        MapOf("a map of annotations", LABEL_KEY, TemplatedText()),
        "Annotations of the pod.",
        "{example.com/owner: 'the data team'}",
        {},
    )
    security_context: Any = _object(
        "PodSecurityContext",
        "The security context of the pod.",
        "{runAsUser: 1000, fsGroup: 1000}",
        is_templated=False,
    )
    container_security_context: Any = _object(
        "SecurityContext",
        "The security context of the container.",
        "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
        is_templated=False,
    )
    volumes: Any = _objects(
        "Volume",
        "The volumes of the pod.",
        "[{name: output, persistentVolumeClaim: {claimName: elt-output}}]",
    )
    volume_mounts: Any = _objects(
        "VolumeMount",
        "The volume mounts of the container.",
        "[{name: output, mountPath: /project/output}]",
    )
    init_containers: Any = _objects(
        "Container",
        "Containers that run before the task's container; with `restartPolicy: Always`, sidecars.",
        "[{name: proxy, image: 'cloud-sql-proxy:2.14.0', restartPolicy: Always}]",
    )
    ports: Any = _objects(
        "ContainerPort",
        "The ports of the container.",
        "[{name: metrics, containerPort: 9102}]",
    )
    pod_runtime_info_envs: Any = _objects(
        "EnvVar",
        "Environment variables with the values of fields of the pod.",
        "[{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]",
    )
    host_aliases: Any = _objects(
        "HostAlias",
        "Additional entries in the `/etc/hosts` of the pod.",
        "[{ip: 10.0.0.5, hostnames: [warehouse]}]",
    )
    dns_config: Any = _object(
        "PodDNSConfig",
        "The DNS configuration of the pod.",
        "{nameservers: [10.0.0.2]}",
    )
    pod_template_dict: Any = _object(
        "Pod",
        "A pod, for fields that no other key has. The task runs in its first container. The other settings are merged "
        "over it.",
        "{spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: "
        "ScheduleAnyway}]}}",
    )
    pod_template_file: str | None = key(
        TemplatedText("a path", longest=_LONGEST_PATH),
        "The path of a pod in YAML on Airflow's workers. The task runs in its first container. The other settings are "
        "merged over it; objects such as `volumes` must be in the file.",
        "/opt/airflow/pods/elt.yaml",
    )
    on_finish_action: str | None = key(
        Choice("delete_pod", "delete_succeeded_pod", "keep_pod"),
        "Whether to delete the pod after its task. Default: `delete_pod`.",
        "delete_succeeded_pod",
    )
