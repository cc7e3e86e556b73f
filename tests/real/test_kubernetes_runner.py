"""The pods of real Airflows: valid for Kubernetes, and as the schedule describes them.

No cluster is needed: the operator renders its templates and builds its pod, which is validated against Kubernetes'
published schema, in which an unknown field is an error.
"""

from __future__ import annotations

import copy
import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # no type hints
import pytest
import yaml
from harness import Airflow
from kubelet import started
from project_builder import as_yaml, project_of, write
from strategies import HOSTILE_TEXTS
from test_cases import CASES
from versions import NEWEST_2

from codegen import pipeline
from codegen.diagnostics import has_errors
from codegen.runners.kubernetes.operator import KUBERNETES

pytestmark = pytest.mark.slow
_CLUSTER = {"cluster": {"server": "https://127.0.0.1:1"}, "name": "elt"}
_CONTEXTS = [{"context": {"cluster": "elt", "user": "elt"}, "name": name} for name in ("elt-test", "elt-prod")]
_KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [_CLUSTER],
    "users": [{"name": "elt", "user": {}}],
    "contexts": _CONTEXTS,
    "current-context": "elt-test",
}
_CONTAINER_OF_THE_TEMPLATE = {"name": "base", "image": "elt:0", "env": [{"name": "OF_THE_TEMPLATE", "value": "yes"}]}
_TEMPLATE = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "of-the-template"},
    "spec": {"containers": [_CONTAINER_OF_THE_TEMPLATE], "hostname": "of-the-template"},
}
_PASSWORD = "p$$w$(HOME)$é"  # noqa: S105
_EXTRACT_LOAD = {"extractor": "tap-a", "loader": "target-b", "interval": "@daily", "runner": "kubernetes"}


@dataclass(frozen=True)
class _Built:
    """A pod as sent to Kubernetes, and the settings of its operator."""

    pod: dict[str, Any]
    operator: dict[str, Any]

    @property
    def spec(self) -> dict[str, Any]:
        """The spec of the pod."""
        spec: dict[str, Any] = self.pod["spec"]
        return spec

    @property
    def container(self) -> dict[str, Any]:
        """The container of the task, which is the first."""
        return dict(self.spec["containers"][0])


def _check(pod: dict[str, Any]) -> None:
    kubernetes_validate.validate(pod, "1.37", strict=True)


@pytest.fixture
def build(airflow: Airflow, tmp_path: Path) -> Callable[..., dict[str, _Built]]:
    """Return a function that generates schedules and returns the pods of the tasks of one, after validating each."""
    worker = tmp_path / "worker"
    write(worker, {"kubeconfig": as_yaml(_KUBECONFIG), "prod.yaml": as_yaml(_KUBECONFIG)})
    write(worker, {"pods/elt.yaml": as_yaml(_TEMPLATE), "own/token": "token", "own/ca.crt": "certificate"})
    warehouse = {"conn_type": "postgres", "host": "db", "login": "elt", "password": _PASSWORD}
    env: dict[str, str | None] = {
        "KUBECONFIG": str(worker / "kubeconfig"),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": "kubernetes://",
        "AIRFLOW_CONN_ELT_CLUSTER": "kubernetes://",
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse),
        "AIRFLOW_VAR_STAGE": "prod",
        "AIRFLOW_VAR_MEMORY": "1Gi",
    }

    def build(schedules: dict[str, str], name: str) -> dict[str, _Built]:
        # The worker reads the files of this test.
        texts = {path: text.replace("/opt/airflow", str(worker)) for path, text in schedules.items()}
        root = write(tmp_path / "project", {"dagpress.toml": f'airflow = "{airflow.version}"\n', **texts})
        generation = pipeline.generate(project_of(root))
        assert not has_errors(generation.diagnostics), generation.diagnostics
        file = write(root, dict(generation.files)) / f"generated_dags/{name}.py"
        answer = airflow.worker.pods_of(file, f"meltano_{name}", env, worker / "own")
        assert answer["error"] is None, answer
        for built in answer["pods"].values():
            _check(built["pod"])
        return {task_id: _Built(**built) for task_id, built in answer["pods"].items()}

    return build


def _with_settings(settings: dict[str, Any]) -> dict[str, str]:
    return {"schedules/a.yml": as_yaml({**_EXTRACT_LOAD, "kubernetes": {"image": "elt:1", **settings}})}


def _golden() -> dict[str, str]:
    case = CASES / "kubernetes"
    return {str(path.relative_to(case)): path.read_text() for path in case.glob("schedules/*.yml")}


def _affinity(term: dict[str, Any]) -> dict[str, Any]:
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, **term}]}}


# The effect of each setting's example on the pod (`spec`, `container`, `metadata`) or the operator.
_MEANING: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("container", {"image": "registry.example.com/elt:2026.11.1"}),
    "image_pull_policy": ("container", {"imagePullPolicy": "Always"}),
    "image_pull_secrets": ("spec", {"imagePullSecrets": [{"name": "registry"}]}),
    "namespace": ("metadata", {"namespace": "elt"}),
    "service_account_name": ("spec", {"serviceAccountName": "meltano"}),
    "secrets": (
        "container",
        {
            "env": [
                {
                    "name": "TARGET_POSTGRES_PASSWORD",
                    "valueFrom": {"secretKeyRef": {"name": "warehouse", "key": "password"}},
                }
            ]
        },
    ),
    "env_from": (
        "container",
        {"envFrom": [{"secretRef": {"name": "gitlab"}}, {"configMapRef": {"name": "elt"}, "prefix": "ELT_"}]},
    ),
    "requests": ("container", {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}),
    "limits": ("container", {"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}}),
    "node_selector": ("spec", {"nodeSelector": {"disktype": "ssd"}}),
    "tolerations": (
        "spec",
        {"tolerations": [{"key": "dedicated", "operator": "Equal", "value": "elt", "effect": "NoSchedule"}]},
    ),
    "affinity": (
        "spec",
        {
            "affinity": _affinity(
                {
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"team": "elt"}},
                    }
                }
            )
        },
    ),
    "priority_class_name": ("spec", {"priorityClassName": "batch"}),
    "annotations": ("metadata", {"annotations": {"example.com/owner": "the data team"}}),
    "security_context": ("spec", {"securityContext": {"runAsUser": 1000, "fsGroup": 1000}}),
    "container_security_context": (
        "container",
        {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}},
    ),
    "volumes": ("spec", {"volumes": [{"name": "output", "persistentVolumeClaim": {"claimName": "elt-output"}}]}),
    "volume_mounts": ("container", {"volumeMounts": [{"name": "output", "mountPath": "/project/output"}]}),
    "pod_template_file": ("spec", {"hostname": "of-the-template"}),
    "init_containers": (
        "spec",
        {"initContainers": [{"name": "proxy", "image": "cloud-sql-proxy:2.14.0", "restartPolicy": "Always"}]},
    ),
    "ports": ("container", {"ports": [{"name": "metrics", "containerPort": 9102}]}),
    "pod_runtime_info_envs": (
        "container",
        {"env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]},
    ),
    "host_aliases": ("spec", {"hostAliases": [{"ip": "10.0.0.5", "hostnames": ["warehouse"]}]}),
    "dns_config": ("spec", {"dnsConfig": {"nameservers": ["10.0.0.2"]}}),
    "pod_template_dict": (
        "spec",
        {
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
            ]
        },
    ),
    "deferrable": ("operator", {"deferrable": True}),
    "on_finish_action": ("operator", {"on_finish_action": "delete_succeeded_pod"}),
    "kubernetes_conn_id": ("operator", {"kubernetes_conn_id": "elt_cluster"}),
    "in_cluster": ("operator", {"in_cluster": True}),
    "startup_timeout_seconds": ("operator", {"startup_timeout_seconds": 600}),
    "cluster_context": ("operator", {"cluster_context": "elt-prod"}),
}


def _parts(built: _Built) -> dict[str, dict[str, Any]]:
    return {
        "spec": built.spec,
        "container": built.container,
        "metadata": built.pod["metadata"],
        "operator": built.operator,
    }


def test_the_example_of_each_setting_is_in_a_valid_pod(build: Callable[..., dict[str, _Built]]) -> None:
    """Each example of the reference, as the only setting of a task, has its effect; a task without it does not."""
    rows = KUBERNETES.sections[0].of(NEWEST_2).rows.values()
    examples = {row.name: yaml.safe_load(row.example) for row in rows if row.example}
    beside = {"volume_mounts": {"volumes": [{"name": "output", "emptyDir": {}}]}}
    tasks = [
        {"id": name, "run": "x", "kubernetes": {name: example, **beside.get(name, {})}}
        for name, example in examples.items()
    ]
    schedule = {"interval": "@daily", "runner": "kubernetes", "kubernetes": {"image": "elt:1"}}
    pods = build({"schedules/a.yml": as_yaml({**schedule, "tasks": [*tasks, {"id": "plain", "run": "x"}]})}, "a")
    plain = pods["plain"]
    for name in examples:
        built = pods[name]
        if name == "labels":
            assert built.pod["metadata"]["labels"]["team"] == "data"
            assert set(built.pod["metadata"]["labels"]) - set(plain.pod["metadata"]["labels"]) == {"team"}
        elif name == "config_file":
            assert built.operator["config_file"].endswith("/worker/kubeconfig")
        else:
            where, expected = _MEANING[name]
            assert {key: _parts(built)[where][key] for key in expected} == expected
            assert {key: _parts(plain)[where].get(key) for key in expected} != expected


def test_a_typical_schedule_has_a_valid_pod(build: Callable[..., dict[str, _Built]]) -> None:
    """With secrets, and a limit above the requests of the defaults."""
    (built,) = build(_golden(), "gitlab").values()
    assert built.container["resources"] == {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    names = ["TAP_GITLAB_START_DATE", "TAP_GITLAB_PRIVATE_TOKEN", "MELTANO_DATABASE_URI"]
    assert [variable["name"] for variable in built.container["env"]] == names


def test_every_setting_is_in_the_pod(build: Callable[..., dict[str, _Built]]) -> None:
    """Kubernetes objects are in the pod as in the schedule; Airflow drops no part of them."""
    text = _golden()["schedules/every_setting.yml"].replace("{{ conn.warehouse.host }}", "db")
    settings = yaml.safe_load(text.replace("{{ var.value.stage }}", "prod"))["kubernetes"]
    pods = build(_golden(), "every_setting")
    assert list(pods) == ["tap-gitlab_target-postgres", "dbt-postgres_run"]
    beside_a_file = pods["dbt-postgres_run"]
    assert beside_a_file.operator["in_cluster"] is True
    assert beside_a_file.spec["hostname"] == "of-the-template"
    assert started(beside_a_file.container)[1]["OF_THE_TEMPLATE"] == "yes"
    built = pods["tap-gitlab_target-postgres"]
    for key, name in (
        ("affinity", "affinity"),
        ("tolerations", "tolerations"),
        ("security_context", "securityContext"),
        ("volumes", "volumes"),
        ("init_containers", "initContainers"),
        ("host_aliases", "hostAliases"),
        ("dns_config", "dnsConfig"),
        ("termination_grace_period", "terminationGracePeriodSeconds"),
    ):
        assert built.spec[name] == settings[key]
    template = settings["pod_template_dict"]["spec"]
    assert built.spec["topologySpreadConstraints"] == template["topologySpreadConstraints"]
    assert built.spec["containers"][1:] == template["containers"][1:]
    assert built.container["tty"] is True
    assert [variable["name"] for variable in built.container["env"]][:1] == ["NODE"]
    assert built.container["ports"] == settings["ports"]
    assert built.spec["nodeSelector"] == settings["node_selector"]
    container = built.container
    assert container["securityContext"] == settings["container_security_context"]
    assert container["envFrom"] == settings["env_from"]
    mounts = [{**mount, "subPath": "runs/2026-03-02"} if "{{" in mount.get("subPath", "") else mount
              for mount in settings["volume_mounts"]]  # fmt: skip
    assert container["volumeMounts"] == mounts
    assert container["resources"] == {
        "requests": {"cpu": "0.5", "memory": "1Gi", "example.com/gpu": "1"},
        "limits": {"cpu": "2", "memory": "2Gi", "example.com/gpu": "1", "ephemeral-storage": ".5Gi"},
    }
    metadata = built.pod["metadata"]
    assert metadata["namespace"] == "elt-prod"
    assert metadata["annotations"] == settings["annotations"]
    assert (
        metadata["labels"].items() >= {"team": "elt", "example.com/day": "2026-03-02", "example.com/empty": ""}.items()
    )
    _, env = started(container)
    assert env == {
        "GREETING": "$HOME is not $(HOME), and $$ is not $",
        "DAY": "2026-03-02",
        "WAREHOUSE": "postgres://elt@db/$db",
        "PASSWORD": _PASSWORD,
        "CHOICE": "all",
    }


# Values that Kubernetes, Airflow, Jinja2 or a shell could change.
_KNOWN = [
    *("$(HOME)", "$$(HOME)", "$$", "$", "$é", "$(", "a$(GREETING)b", "${HOME}", "`id`", "'", '"', "\\", "*", ";", "&&"),
    *("a.json", "a.yaml", "b.yml", ".json", "run.sh", "{#", "{# gone #}", "}}", '{"a": {"b": 1}}', "-n", "a b", " "),
    *("line\n", "\n", "a\r\nb", "\r", "é", "😀", "\u202e", "\x01", "\x7f", "\u2028", "true", "012", "1e3", "null"),
    *HOSTILE_TEXTS,
]


def test_known_values_arrive_unchanged(build: Callable[..., dict[str, _Built]]) -> None:
    """Each as a variable and as a word of the command, after Airflow and Kubernetes have processed it."""
    values = [value for value in _KNOWN if "{{" not in value and "{%" not in value]
    env = {"GREETING": "hello", **{f"V{number}": value for number, value in enumerate(values)}, "EMPTY": ""}
    run = shlex.join(["tap-a", *values])
    schedule = {"interval": "@daily", "runner": "kubernetes", "kubernetes": {"image": "elt:1"}, "env": env}
    built = build({"schedules/a.yml": as_yaml({**schedule, "tasks": [{"id": "load", "run": run}]})}, "a")["load"]
    words, variables = started(built.container)
    assert words == ["meltano", "run", "tap-a", *values]
    assert variables == env


def test_rendered_templates_arrive_unchanged(build: Callable[..., dict[str, _Built]]) -> None:
    """In variables and in words of the command."""
    env = {"DAY": "{{ ds }}", "PASSWORD": "{{ conn.warehouse.password }}", "URL": "$$ {{ conn.warehouse.password }}"}
    schedule = {**_EXTRACT_LOAD, "env": env, "state_id": "{{ conn.warehouse.password }}-{{ ds }}.json"}
    schedules = {"schedules/a.yml": as_yaml({**schedule, "kubernetes": {"image": "elt:1"}})}
    (shell, option, script), variables = started(build(schedules, "a")["extract_load"].container)
    assert variables.items() >= {"DAY": "2026-03-02", "PASSWORD": _PASSWORD, "URL": f"$$ {_PASSWORD}"}.items()
    # A shell rejects an empty state ID.
    calls = 'meltano() { printf "%s\\0" "$@"; }\n' + script
    done = subprocess.run([shell, option, calls], env=variables, text=True, capture_output=True, check=True)
    assert done.stdout.split("\0")[:-1] == ["el", "tap-a", "target-b", f"--state-id={_PASSWORD}-2026-03-02.json"]


_WRONG: list[tuple[tuple[Any, ...], object]] = [
    (("spec", "tolerations", 0, "tolerationseconds"), 5),
    (("spec", "containers", 0, "resources", "limits"), ["2Gi"]),
    (("spec", "containers", 0, "args"), "run"),
    (("spec", "securityContext", "runAsUser"), "1000"),
    (("spec", "affinity", "nodeAffinity", "required"), {}),
    (("metadata", "label"), {}),
]


def test_an_invalid_pod_is_reported(build: Callable[..., dict[str, _Built]]) -> None:
    """The validation of the tests above finds an unknown field and a wrong type."""
    settings = {
        "tolerations": [{"operator": "Exists"}],
        "limits": {"memory": "2Gi"},
        "security_context": {"runAsUser": 1000},
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    }
    right = build(_with_settings(settings), "a")["extract_load"].pod
    for path, value in _WRONG:
        wrong = copy.deepcopy(right)
        place: Any = wrong
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(kubernetes_validate.ValidationError):
            _check(wrong)
