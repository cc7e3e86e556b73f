"""The KubernetesPodOperator of a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codegen.runners.container import command_of
from codegen.runners.kubernetes.expansion import as_expanded
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.text.jinja import KUBERNETES_ENDINGS, as_rendered
from codegen.values import Argument, Call, Value

if TYPE_CHECKING:
    from codegen.runners.runner import Work

# The classes of `kubernetes.client.models` for the objects inside volumes and sources of variables.
_MODELS = {
    "configMapRef": "V1ConfigMapEnvSource",
    "secretRef": "V1SecretEnvSource",
    "configMap": "V1ConfigMapVolumeSource",
    "emptyDir": "V1EmptyDirVolumeSource",
    "persistentVolumeClaim": "V1PersistentVolumeClaimVolumeSource",
    "secret": "V1SecretVolumeSource",
}


def lower(work: Work) -> dict[str, Value]:
    """The arguments of the operator. Those in its `template_fields` are escaped, so that rendering gives the value."""
    settings: Kubernetes = work.settings or Kubernetes()
    program, arguments, env = command_of(work, KUBERNETES_ENDINGS)
    return {
        "image": _text(settings.image),
        "image_pull_policy": settings.image_pull_policy,
        "cmds": [_rendered(as_expanded(word)) for word in program],
        "arguments": [_rendered(as_expanded(word)) for word in arguments] or None,
        "env_vars": {name: _rendered(as_expanded(value)) for name, value in env.items()} or None,
        **_container(settings),
        **_pod(settings),
        **_handling(settings),
    }


def _container(settings: Kubernetes) -> dict[str, Value]:
    """What the container has beside its command and the schedule's variables."""
    secrets = [Call("Secret", ("env", name, key["name"], key["key"])) for name, key in settings.secrets.items()]
    resources = {name: _texts(part) for name in ("requests", "limits") if (part := getattr(settings, name))}
    return {
        "secrets": secrets or None,
        "env_from": _objects("V1EnvFromSource", settings.env_from),
        "container_resources": Call("k8s.V1ResourceRequirements", (), _keywords(resources)) if resources else None,
        "container_security_context": settings.container_security_context or None,
        "volume_mounts": _objects("V1VolumeMount", settings.volume_mounts),
    }


def _pod(settings: Kubernetes) -> dict[str, Value]:
    """Where the pod runs, and with what."""
    pull_secrets = [{"name": name} for name in settings.image_pull_secrets]
    return {
        "kubernetes_conn_id": _text(settings.kubernetes_conn_id),
        "config_file": _text(settings.config_file),
        "cluster_context": _text(settings.cluster_context),
        "in_cluster": settings.in_cluster,
        "pod_template_file": _text(settings.pod_template_file),
        "namespace": _text(settings.namespace),
        "service_account_name": settings.service_account_name,
        "image_pull_secrets": _objects("V1LocalObjectReference", pull_secrets),
        "labels": _texts(settings.labels),
        "annotations": _texts(settings.annotations),
        "security_context": settings.security_context or None,
        "volumes": _objects("V1Volume", settings.volumes),
        "priority_class_name": settings.priority_class_name,
        "node_selector": _texts(settings.node_selector),
        "tolerations": _objects("V1Toleration", settings.tolerations),
        "affinity": settings.affinity or None,
    }


def _handling(settings: Kubernetes) -> dict[str, Value]:
    """What Airflow does with the pod."""
    timeout = settings.startup_timeout
    return {
        "startup_timeout_seconds": int(timeout.total_seconds()) if timeout else None,
        "deferrable": settings.deferrable,
        "on_finish_action": settings.on_finish_action,
    }


def _text(text: str | None) -> str | None:
    return None if text is None else _rendered(text)


def _texts(texts: Mapping[str, str]) -> dict[str, Value] | None:
    return {name: _rendered(text) for name, text in texts.items()} or None


def _rendered(text: str) -> str:
    return as_rendered(text, KUBERNETES_ENDINGS)


def _objects(model: str, objects: Sequence[Mapping[str, Any]]) -> list[Value] | None:
    return [_object(model, values) for values in objects] or None


def _object(model: str, values: Mapping[str, Any]) -> Call:
    """An object of Kubernetes' Python client, which calls in snake case what the API calls in camel case."""
    parts = {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): _part(name, value)
        for name, value in values.items()
    }
    return Call(f"k8s.{model}", (), _keywords(parts))


def _part(name: str, value: Any) -> Value:  # noqa: ANN401  # what YAML has
    if isinstance(value, Mapping):
        return _object(_MODELS[name], value)
    # The one text in there that is free, and that Airflow renders.
    return _rendered(value) if name == "subPath" else value


def _keywords(values: Mapping[str, Value]) -> tuple[Argument, ...]:
    return tuple(Argument(name, value) for name, value in values.items())
