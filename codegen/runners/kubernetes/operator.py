"""The KubernetesPodOperator of a task."""

from __future__ import annotations

from codegen.runners.container import ENV, PROGRAM, command_of
from codegen.runners.kubernetes.checks import check
from codegen.runners.kubernetes.definitions import in_a_pod
from codegen.runners.kubernetes.expansion import as_expanded
from codegen.runners.kubernetes.pod import in_the_pod
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.runners.runner import Runner, Work
from codegen.runners.section import OperatorSection
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
    "full_pod_spec": ("Airflow takes it only as a Python object", "write the pod in `pod_template_dict`"),
    "is_delete_operator_pod": ("Airflow has deprecated it", "use `on_finish_action`"),
}


def _lower(work: Work) -> dict[str, Value]:
    """The arguments of the operator. Those in its `template_fields` are escaped, so that rendering gives the value."""
    settings: Kubernetes = work.settings or Kubernetes()
    program, arguments, env = command_of(work, endings=())
    secrets = [call("Secret", "env", name, key["name"], key["key"]) for name, key in settings.secrets.items()]
    resources = {name: rendered(part) for name in ("requests", "limits") if (part := getattr(settings, name))}
    return {
        "image": rendered(settings.image),
        "image_pull_policy": settings.image_pull_policy,
        "cmds": [rendered(as_expanded(word)) for word in program],
        "arguments": [rendered(as_expanded(word)) for word in arguments] or None,
        "env_vars": {name: rendered(as_expanded(value)) for name, value in env.items()} or None,
        "secrets": secrets or None,
        "container_resources": call("k8s.V1ResourceRequirements", **resources) if resources else None,
        "container_security_context": settings.container_security_context or None,
        "pod_template_file": rendered(settings.pod_template_file),
        "namespace": rendered(settings.namespace),
        "image_pull_secrets": ",".join(settings.image_pull_secrets) or None,
        "labels": rendered(settings.labels) or None,
        "annotations": rendered(settings.annotations) or None,
        "security_context": settings.security_context or None,
        "node_selector": rendered(settings.node_selector) or None,
        "tolerations": settings.tolerations or None,
        "affinity": settings.affinity or None,
        "on_finish_action": settings.on_finish_action,
        **in_the_pod(settings),
    }


KUBERNETES = Runner(
    name="kubernetes",
    operator=_OPERATOR,
    lower=_lower,
    env="env_vars",
    env_constant="KUBERNETES_ENV",
    unshared=("arguments",),
    sections=(OperatorSection(Kubernetes, "kubernetes", _OPERATOR, _COMPUTED),),
    example="{image: 'elt:2026.11.1'}",
    imports={
        "Secret": "airflow.providers.cncf.kubernetes.secret.Secret",
        # It is installed with the provider.
        "k8s": "kubernetes.client.models",
    },
    check=check,
    instead=in_a_pod,
    distributions=("apache-airflow-providers-cncf-kubernetes",),
)
