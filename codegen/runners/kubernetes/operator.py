"""The KubernetesPodOperator of a task."""

from __future__ import annotations

from codegen.keys.scalars import Choice
from codegen.runners.container import ENV, PROGRAM, command_of
from codegen.runners.kubernetes.checks import check
from codegen.runners.kubernetes.definitions import in_a_pod
from codegen.runners.kubernetes.expansion import as_expanded
from codegen.runners.kubernetes.pod import pod_of
from codegen.runners.kubernetes.settings import Kubernetes, KubernetesSection
from codegen.runners.runner import Runner, Work
from codegen.text.jinja import rendered
from codegen.values import Value, call

_OPERATOR = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
_COMPUTED = {
    "cmds": PROGRAM,
    "arguments": PROGRAM,
    "env_vars": ENV,
    **dict.fromkeys(
        ("container_resources", "resources"),
        ("the resources are set by the keys `requests` and `limits`", "use `requests` and `limits`"),
    ),
    "full_pod_spec": ("`full_pod_spec` must be a Python object", "write the pod in `pod_template_dict`"),
    "is_delete_operator_pod": ("`is_delete_operator_pod` is deprecated", "use `on_finish_action`"),
}

_TYPES = {
    "image_pull_policy": Choice("Always", "IfNotPresent", "Never"),
    "on_finish_action": Choice("delete_pod", "delete_succeeded_pod", "keep_pod"),
}


def _lower(work: Work) -> dict[str, Value]:
    """Return the arguments of the operator. Values of `template_fields` are escaped, so that they render unchanged."""
    settings: Kubernetes = work.settings or Kubernetes()
    program, arguments, env = command_of(work, template_ext=())
    secrets = [call("Secret", "env", name, key["name"], key["key"]) for name, key in settings.secrets.items()]
    resources = {name: rendered(part) for name in ("requests", "limits") if (part := getattr(settings, name))}
    return {
        "image": rendered(settings.image),
        "cmds": [rendered(as_expanded(word)) for word in program],
        "arguments": [rendered(as_expanded(word)) for word in arguments] or None,
        "env_vars": {name: rendered(as_expanded(value)) for name, value in env.items()} or None,
        "secrets": secrets or None,
        "container_resources": call("k8s.V1ResourceRequirements", **resources) if resources else None,
        "image_pull_secrets": ",".join(settings.image_pull_secrets) or None,
        "pod_template_dict": rendered(pod_of(settings)) if settings.in_the_pod else None,
    }


KUBERNETES = Runner(
    name="kubernetes",
    operator=_OPERATOR,
    lower=_lower,
    env="env_vars",
    env_constant="KUBERNETES_ENV",
    unshared=("arguments",),
    sections=(KubernetesSection(Kubernetes, _OPERATOR, _COMPUTED, _TYPES),),
    example="{image: 'elt:2026.11.1'}",
    imports={
        "Secret": "airflow.providers.cncf.kubernetes.secret.Secret",
        # Installed with the provider.
        "k8s": "kubernetes.client.models",
    },
    check=check,
    instead=in_a_pod,
    distributions=("apache-airflow-providers-cncf-kubernetes",),
)
