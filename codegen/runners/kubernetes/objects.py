"""Kubernetes' objects that a schedule can hold, by Kubernetes' own names, so that they can be pasted.

The fields are a choice of those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1; the
rules are the API server's (pkg/apis/core/validation/validation.go in https://github.com/kubernetes/kubernetes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.containers import ListOf, MapOf, Object, OrTemplate
from codegen.keys.field_type import Report
from codegen.keys.scalars import Boolean, Choice, Integer
from codegen.keys.texts import Text
from codegen.runners.kubernetes.types import DATA_KEY, DNS_LABEL, DNS_SUBDOMAIN, LABEL_KEY, LABEL_VALUE, Quantity, Rule
from codegen.source.nodes import Node

LONGEST_PATH = 4096


def _one_of(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """A rule: exactly one of those keys."""

    def rule(values: Mapping[str, Any]) -> None:
        if len(values.keys() & set(names)) != 1:
            words = ", ".join(f"`{name}`" for name in names)
            raise InvalidError(f"must have exactly one of {words}")

    return rule


def _check_toleration(values: Mapping[str, Any]) -> None:
    """The rules of `ValidateTolerations`."""
    exists = values.get("operator", "Equal") == "Exists"
    if not exists and "key" not in values:
        raise InvalidError("a toleration without a `key` matches every taint", "say so with `operator: Exists`")
    if exists and values.get("value"):
        raise InvalidError("`operator: Exists` cannot be combined with `value`", "remove one of them")
    if "tolerationSeconds" in values and values.get("effect") != "NoExecute":
        raise InvalidError("`tolerationSeconds` goes with `effect: NoExecute`")


TOLERATIONS = ListOf(
    "a list of tolerations",
    Object(
        "a toleration",
        rule=_check_toleration,
        key=LABEL_KEY,
        operator=Choice("Exists", "Equal"),
        value=LABEL_VALUE,
        effect=Choice("NoSchedule", "PreferNoSchedule", "NoExecute"),
        tolerationSeconds=Integer(0),
    ),
)


def _check_requirement(values: Mapping[str, Any]) -> None:
    """The rules of `ValidateNodeSelectorRequirement`, which those of label selectors are a part of."""
    operator, texts = values["operator"], values.get("values", ())
    if operator in {"In", "NotIn"} and not texts:
        raise InvalidError(f"`operator: {operator}` needs `values`")
    if operator in {"Exists", "DoesNotExist"} and texts:
        raise InvalidError(f"`operator: {operator}` cannot be combined with `values`")
    if operator in {"Gt", "Lt"} and (len(texts) != 1 or not re.fullmatch(r"-?\d+", texts[0])):
        raise InvalidError(f"`operator: {operator}` needs one whole number in `values`")


def _requirements(*operators: str) -> ListOf[dict[str, Any]]:
    item = Object(
        "a requirement",
        "key",
        "operator",
        rule=_check_requirement,
        key=LABEL_KEY,
        operator=Choice(*operators),
        values=ListOf("a list of texts", LABEL_VALUE),
    )
    return ListOf("a list of requirements", item)


def _preferred(name: str, term: Object) -> ListOf[dict[str, Any]]:
    keys: dict[str, Any] = {"weight": Integer(1, 100), name: term}
    return ListOf("a list of preferences", Object("a preference", *keys, **keys))


_NODE_TERM = Object(
    "a node selector term",
    "matchExpressions",
    matchExpressions=_requirements("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
)
_LABEL_SELECTOR = Object(
    "a label selector",
    matchLabels=MapOf("a map of labels", LABEL_KEY, LABEL_VALUE),
    matchExpressions=_requirements("In", "NotIn", "Exists", "DoesNotExist"),
)
_POD_TERM = Object(
    "a pod affinity term",
    "topologyKey",
    labelSelector=_LABEL_SELECTOR,
    namespaces=ListOf("a list of namespaces", DNS_LABEL),
    namespaceSelector=_LABEL_SELECTOR,
    topologyKey=LABEL_KEY,
)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_TERMS = ListOf("a list of node selector terms", _NODE_TERM, least=1)
_NODES: dict[str, Any] = {
    _REQUIRED: Object("a node selector", "nodeSelectorTerms", nodeSelectorTerms=_TERMS),
    _PREFERRED: _preferred("preference", _NODE_TERM),
}
_PODS: dict[str, Any] = {
    _REQUIRED: ListOf("a list of pod affinity terms", _POD_TERM),
    _PREFERRED: _preferred("podAffinityTerm", _POD_TERM),
}
AFFINITY = Object(
    "an affinity",
    nodeAffinity=Object("a node affinity", **_NODES),
    podAffinity=Object("a pod affinity", **_PODS),
    podAntiAffinity=Object("a pod anti-affinity", **_PODS),
)


def _check_seccomp(values: Mapping[str, Any]) -> None:
    if (values["type"] == "Localhost") != ("localhostProfile" in values):
        raise InvalidError("`type: Localhost` and `localhostProfile` go together")


_PROFILE = Rule("a path on the node", r"(?!/)(?!(?:[^{}]*/)?\.\.(?:/|$))[^{}]+", "a relative path", LONGEST_PATH)
_USER: dict[str, Any] = {
    "runAsUser": Integer(0),
    "runAsGroup": Integer(0),
    "runAsNonRoot": Boolean(),
    "seccompProfile": Object(
        "a seccomp profile",
        "type",
        rule=_check_seccomp,
        type=Choice("RuntimeDefault", "Unconfined", "Localhost"),
        localhostProfile=_PROFILE,
    ),
}
SECURITY_CONTEXT = Object(
    "a pod's security context",
    **_USER,
    fsGroup=Integer(0),
    fsGroupChangePolicy=Choice("OnRootMismatch", "Always"),
    supplementalGroups=ListOf("a list of groups", Integer(0)),
)
_CAPABILITY = Rule("a capability", r"[A-Z_]+", "as NET_ADMIN or ALL, without CAP_", 63)
_CAPABILITIES = ListOf("a list of capabilities", _CAPABILITY)


def _check_privileges(values: Mapping[str, Any]) -> None:
    """The rule of `ValidateSecurityContext`."""
    if values.get("privileged") and values.get("allowPrivilegeEscalation") is False:
        message = "`privileged: true` cannot be combined with `allowPrivilegeEscalation: false`"
        raise InvalidError(message, "remove one of them")


CONTAINER_SECURITY_CONTEXT = Object(
    "a container's security context",
    rule=_check_privileges,
    **_USER,
    allowPrivilegeEscalation=Boolean(),
    privileged=Boolean(),
    readOnlyRootFilesystem=Boolean(),
    capabilities=Object("capabilities", add=_CAPABILITIES, drop=_CAPABILITIES),
)

# Airflow evaluates templates in the names of config maps and claims, and in no name of a secret
# (`_render_nested_template_fields` of KubernetesPodOperator).
_TEMPLATED_NAME = OrTemplate(DNS_SUBDOMAIN)
ENV_FROM = ListOf(
    "a list of secrets and config maps",
    Object(
        "a source of variables",
        rule=_one_of("secretRef", "configMapRef"),
        secretRef=Object("a reference", "name", name=DNS_SUBDOMAIN, optional=Boolean()),
        configMapRef=Object("a reference", "name", name=_TEMPLATED_NAME, optional=Boolean()),
        prefix=Rule("the start of a variable's name", r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and `_`", 63),
    ),
)
SECRET_KEY = Object("a secret's key", "name", "key", name=DNS_SUBDOMAIN, key=DATA_KEY)


class _Unlike(ListOf[dict[str, Any]]):
    """A list of objects that differ in one key."""

    def __init__(self, words: str, item: Object, key: str) -> None:
        super().__init__(words, item)
        self._key = key

    def _read(self, node: Node, report: Report) -> tuple[dict[str, Any], ...] | None:
        items = super()._read(node, report)
        names = [item[self._key] for item in items or ()]
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"{self.words} has the {self._key} {quoted(name)} twice"
            report(InvalidError(message, "keep one").at(node.location))
        return items


VOLUMES = _Unlike(
    "a list of volumes",
    Object(
        "a volume",
        "name",
        rule=_one_of("persistentVolumeClaim", "configMap", "secret", "emptyDir"),
        name=DNS_LABEL,
        persistentVolumeClaim=Object("a claim", "claimName", claimName=_TEMPLATED_NAME, readOnly=Boolean()),
        configMap=Object("a config map", "name", name=_TEMPLATED_NAME, optional=Boolean()),
        secret=Object("a secret", "secretName", secretName=DNS_SUBDOMAIN, optional=Boolean()),
        emptyDir=Object("an empty folder", medium=Choice("Memory"), sizeLimit=Quantity(is_whole=True)),
    ),
    "name",
)
_PATH = Rule("a path in the container", r"/[^:{}]*", "begin it with `/`, and without a `:` in it", LONGEST_PATH)
_INSIDE = r"(?!/)(?!(?:.*/)?\.\.(?:/|$)).+"
VOLUME_MOUNTS = _Unlike(
    "a list of mounts",
    Object(
        "a mount",
        "name",
        "mountPath",
        name=DNS_LABEL,
        mountPath=_PATH,
        subPath=OrTemplate(Text("a path in the volume", _INSIDE, "a relative path without `..`", LONGEST_PATH)),
        readOnly=Boolean(),
    ),
    "mountPath",
)
