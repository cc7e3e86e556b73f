"""The KubernetesPodOperator of a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from codegen.keys.section import Section
from codegen.runners.container import command_of
from codegen.runners.kubernetes.checks import check
from codegen.runners.kubernetes.expansion import as_expanded
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.runners.runner import Runner, Work
from codegen.text.jinja import rendered
from codegen.values import Call, Value, call

# The classes of `kubernetes.client.models` for the objects inside volumes and sources of variables.
_MODELS = {
    "configMapRef": "V1ConfigMapEnvSource",
    "secretRef": "V1SecretEnvSource",
    "configMap": "V1ConfigMapVolumeSource",
    "emptyDir": "V1EmptyDirVolumeSource",
    "persistentVolumeClaim": "V1PersistentVolumeClaimVolumeSource",
    "secret": "V1SecretVolumeSource",
}


def _lower(work: Work) -> dict[str, Value]:
    """The arguments of the operator. Those in its `template_fields` are escaped, so that rendering gives the value."""
    settings: Kubernetes = work.settings or Kubernetes()
    program, arguments, env = command_of(work, endings=())
    secrets = [call("Secret", "env", name, key["name"], key["key"]) for name, key in settings.secrets.items()]
    resources = {name: rendered(part) for name in ("requests", "limits") if (part := getattr(settings, name))}
    timeout = settings.startup_timeout
    return {
        "image": rendered(settings.image),
        "image_pull_policy": settings.image_pull_policy,
        "cmds": [rendered(as_expanded(word)) for word in program],
        "arguments": [rendered(as_expanded(word)) for word in arguments] or None,
        "env_vars": {name: rendered(as_expanded(value)) for name, value in env.items()} or None,
        "secrets": secrets or None,
        "env_from": _objects("V1EnvFromSource", settings.env_from),
        "container_resources": call("k8s.V1ResourceRequirements", **resources) if resources else None,
        "container_security_context": settings.container_security_context or None,
        "volume_mounts": _objects("V1VolumeMount", settings.volume_mounts),
        "kubernetes_conn_id": rendered(settings.kubernetes_conn_id),
        "config_file": rendered(settings.config_file),
        "cluster_context": rendered(settings.cluster_context),
        "in_cluster": settings.in_cluster,
        "pod_template_file": rendered(settings.pod_template_file),
        "namespace": rendered(settings.namespace),
        "service_account_name": settings.service_account_name,
        "image_pull_secrets": _objects("V1LocalObjectReference", [{"name": n} for n in settings.image_pull_secrets]),
        "labels": rendered(settings.labels) or None,
        "annotations": rendered(settings.annotations) or None,
        "security_context": settings.security_context or None,
        "volumes": _objects("V1Volume", settings.volumes),
        "priority_class_name": settings.priority_class_name,
        "node_selector": rendered(settings.node_selector) or None,
        "tolerations": _objects("V1Toleration", settings.tolerations),
        "affinity": settings.affinity or None,
        "startup_timeout_seconds": int(timeout.total_seconds()) if timeout else None,
        "deferrable": settings.deferrable,
        "on_finish_action": settings.on_finish_action,
    }


def _objects(model: str, objects: Sequence[Mapping[str, Any]]) -> list[Value] | None:
    return [_object(model, values) for values in objects] or None


def _object(model: str, values: Mapping[str, Any]) -> Call:
    """An object of Kubernetes' Python client, which calls in snake case what the API calls in camel case."""
    parts: dict[str, Value] = {}
    for name, value in values.items():
        part = _object(_MODELS[name], value) if isinstance(value, Mapping) else value
        # The one text in there that is free, and that Airflow renders.
        parts[re.sub("[A-Z]", r"_\g<0>", name).lower()] = rendered(part) if name == "subPath" else part
    return call(f"k8s.{model}", **parts)


KUBERNETES = Runner(
    name="kubernetes",
    operator="KubernetesPodOperator",
    lower=_lower,
    env="env_vars",
    env_constant="KUBERNETES_ENV",
    # The operator of the oldest providers appends `configmaps` to the list.
    unshared=("arguments", "env_from"),
    sections=(Section(Kubernetes, "kubernetes", "a map of settings"),),
    example="{image: 'elt:2026.11.1'}",
    imports={
        "Secret": "airflow.providers.cncf.kubernetes.secret.Secret",
        # It is installed with the provider.
        "k8s": "kubernetes.client.models",
    },
    check=check,
    distributions=("apache-airflow-providers-cncf-kubernetes",),
)
