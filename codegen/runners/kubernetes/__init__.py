"""The runner `kubernetes`: a pod of a Kubernetes cluster for each task."""

from codegen.keys.section import Section
from codegen.runners.kubernetes.checks import check
from codegen.runners.kubernetes.operator import lower
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.runners.runner import Runner

KUBERNETES = Runner(
    name="kubernetes",
    operator="KubernetesPodOperator",
    lower=lower,
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
