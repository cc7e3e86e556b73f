"""The keys as others know them: the JSON Schema accepts what we accept, and each example of the reference is true."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator
from project_builder import as_yaml, dagpress, project_of, write
from test_cases import CASES
from versions import NEWEST, NEWEST_2

from codegen import pipeline
from codegen.keys.table import keys_of
from codegen.rules import Severity
from codegen.runners.docker.mounts import Mount
from codegen.runners.docker.settings import Docker
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.schema.after import After
from codegen.schema.alerts import ALERT, KINDS
from codegen.schema.export import json_schema
from codegen.schema.param import Param
from codegen.schema.table import schedule_table, task_table
from codegen.schema.task import WHAT_RUNS

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN: dict[str, Any] = {"extractor": "tap-a", "loader": "target-b", "interval": "@daily"}
_KINDS: dict[str, Any] = {
    "job": {"extractor": None, "loader": None},
    "tasks": {"extractor": None, "loader": None},
    "after": {"interval": None},
    "deadline": {"on_deadline": {"webhook": "alerts"}},
    "on_deadline": {"deadline": "1h"},
    "state_id_suffix": {"extractor": None, "loader": None, "tasks": ["tap-a target-b"]},
}
# What a key of a runner needs beside it.
_RUNNERS: dict[str, Any] = {
    "runner": {"docker": {"image": "elt:1"}},
    **{name: {"runner": name, name: {"image": "elt:1"}} for name in ("docker", "kubernetes")},
}
# A mount of which the key is another.
_MOUNTS: dict[str, Any] = {
    "type": {"type": "volume", "source": "{{ var.value.source }}", "target": "/a"},
    "source": {"source": "/b", "target": "/a"},
    "target": {"source": "/b", "target": "/a"},
    "read_only": {"source": "/b", "target": "/a"},
}


class _AsJson(yaml.SafeLoader):
    """JSON has no dates: an editor reads them as text."""


_AsJson.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The JSON Schema, which must be one."""
    Draft7Validator.check_schema(json_schema(NEWEST))
    return Draft7Validator(json_schema(NEWEST))


def _schedules_that_are_fine() -> list[Path]:
    return sorted(
        path for folder in CASES.glob("*/generated_dags") for path in folder.parent.glob("schedules/**/*.yml")
    )


@pytest.mark.parametrize("path", _schedules_that_are_fine(), ids=lambda path: str(path.relative_to(CASES)))
def test_an_editor_accepts_what_we_accept(path: Path, validator: Draft7Validator) -> None:
    """Every schedule of a case that generates, and every file of defaults, fits the JSON Schema."""
    plain = yaml.load(path.read_text(encoding="utf-8-sig"), _AsJson)  # noqa: S506  # it is a safe one
    assert [error.message for error in validator.iter_errors(plain)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"retrys": 3},
        {"retries": -1},
        {"retries": "3"},
        {"catchup": "yes"},
        {"retry_delay": 5},
        {"retry_delay": "soon"},
        {"transform": "always"},
        {"tags": {"a": "b"}},
        {"env": ["A"]},
        {"env": {"1A": "x"}},
        {"dag_id": "not an id"},
        {"params": ["a"]},
        {"params": {"a-b": 1}},
        {"params": {"a": {"typ": "string"}}},
        {"params": {"a": {"type": "text"}}},
        {"params": {"a": {"format": "dates"}}},
        {"tasks": []},
        {"tasks": [{"id": "a"}]},
        {"tasks": [{"run": "a b", "retris": 1}]},
        {"after": []},
        {"after": {"every": ["a"]}},
        {"after": {"any": {"a": 1}}},
        {"runner": "pod"},
        {"docker": "elt:1"},
        {"docker": {"imgae": "elt:1"}},
        {"docker": {"mem_limit": "2Gi"}},
        {"docker": {"mem_limit": 512}},
        {"docker": {"user": "a b"}},
        {"docker": {"cpus": 0}},
        {"docker": {"extra_hosts": {"a b": "10.0.0.1"}}},
        {"docker": {"mounts": "/a:/b"}},
        {"docker": {"mounts": [{"source": "/a"}]}},
        {"docker": {"mounts": [{"target": "/a", "type": "nfs"}]}},
        {"tasks": [{"run": "a b", "command": "make"}]},
        {"tasks": [{"run": "a b", "trigger_rule": "sometimes"}]},
        {"tasks": [{"run": "a b", "group": "not.one"}]},
        {"tasks": [{"python": "rows"}]},
        {"tasks": [{"python": "a.rows", "op_kwargs": {"no name": 1}}]},
        {"kubernetes": "elt:1"},
        {"kubernetes": {"namespace": "Elt"}},
        {"kubernetes": {"service_account_name": "{{ ds }}"}},
        {"kubernetes": {"requests": {"cpus": 1}}},
        {"kubernetes": {"limits": {"memory": "1GB"}}},
        {"kubernetes": {"labels": {"a b": "c"}}},
        {"kubernetes": {"tolerations": [{"key": "a", "effects": "NoSchedule"}]}},
        {"kubernetes": {"affinity": {"nodeAffinity": {"required": {}}}}},
        {"kubernetes": {"security_context": {"runAsUser": "1000"}}},
        {"kubernetes": {"volumes": [{"emptyDir": {}}]}},
        {"kubernetes": {"secrets": {"token": {"name": "a", "key": "b"}}}},
        {"on_failure": []},
        {"on_failure": [{}]},
        {"on_failure": "data@example.com"},
        {"on_failure": {"email": {"subject": "To nobody"}}},
        {"on_failure": {"slack": "#a", "webhook": "b"}},
        {"on_failure": {"webhook": {"http_con_id": "alerts"}}},
        {"on_failure": {"webhook": {"headers": {"A": 1}}}},
        {"on_failure": {"python": {"callable": "a.b", "op_kwargs": {"a-b": 1}}}},
        {"environments": ["prod"]},
        {"environments": {"prod": {"retris": 1}}},
        {"environments": {"prod": {"retries": "3"}}},
        {"environments": {"prod": {"name": "b"}}},
        {"environments": {"prod": {"environments": {}}}},
        {"only": {"prod": True}},
    ],
    ids=json.dumps,
)
def test_an_editor_refuses_what_we_refuse(wrong: dict[str, Any], validator: Draft7Validator, tmp_path: Path) -> None:
    """A mistake in a key is one for both."""
    base = {"interval": "@daily"} if "tasks" in wrong else _PLAIN
    assert not validator.is_valid({**base, **wrong})
    write(tmp_path, {"schedules/a.yml": json.dumps({**base, **wrong}), "dagpress.toml": 'environments = ["prod"]\n'})
    assert dagpress(tmp_path, "validate")[0] == 2


# A key of ours is the same in each version; those of Airflow are those of the version.
_OF_A_SCHEDULE = [(NEWEST, name) for name in schedule_table(NEWEST).rows] + [
    (NEWEST_2, name) for name in schedule_table(NEWEST_2).rows if name not in schedule_table(NEWEST).rows
]
_OF_A_TASK = [(NEWEST, name) for name in task_table(NEWEST).rows] + [
    (NEWEST_2, name) for name in task_table(NEWEST_2).rows if name not in task_table(NEWEST).rows
]


@pytest.mark.parametrize(("version", "name"), _OF_A_SCHEDULE)
def test_the_example_of_each_key_is_a_value_that_changes_the_dag(version: str, name: str, tmp_path: Path) -> None:
    """The reference shows nothing that does not work, and no key that does nothing."""
    row = schedule_table(version).rows[name]
    given = {**_PLAIN, **_KINDS.get(name, {}), **_RUNNERS.get(name, {})}
    base = {key: value for key, value in given.items() if value is not None}
    environments = 'environments = ["dev", "prod"]\n' if row.group == "where" else ""
    write(tmp_path, {"dagpress.toml": f'airflow = "{version}"\n{environments}'})
    write(tmp_path, {"meltano.yml": "jobs: [{name: refresh, tasks: [tap-a target-b]}]\n"})
    others = {f"schedules/{other}.yml": yaml.safe_dump(_PLAIN) for other in ("orders", "customers")}
    write(tmp_path, {"schedules/a.yml": yaml.safe_dump(base), **others})
    before = pipeline.generate(project_of(tmp_path)).files
    base.pop(name, None)
    write(tmp_path, {"schedules/a.yml": f"{yaml.safe_dump(base)}{name}: {row.example}\n"})
    generation = pipeline.generate(project_of(tmp_path))
    assert [d for d in generation.diagnostics if d.severity is Severity.ERROR] == []
    assert generation.files != before


@pytest.mark.parametrize("name", keys_of(After))
def test_the_example_of_each_key_of_after_changes_the_dag(name: str, tmp_path: Path) -> None:
    """The same for the keys of `after`, beside a single schedule to wait for."""
    others = {f"schedules/{other}.yml": yaml.safe_dump(_PLAIN) for other in ("orders", "customers")}
    plain = "extractor: tap-a\nloader: target-b\nafter: "
    write(tmp_path, {"schedules/a.yml": f"{plain}orders\n", **others})
    before = pipeline.generate(project_of(tmp_path)).files
    example = keys_of(After)[name].example
    write(tmp_path, {"schedules/a.yml": f"{plain}{{{name}: {example}}}\n"})
    generation = pipeline.generate(project_of(tmp_path))
    assert generation.diagnostics == []
    assert generation.files["generated_dags/a.py"] != before["generated_dags/a.py"]


@pytest.mark.parametrize(("version", "name"), _OF_A_TASK)
def test_the_example_of_each_key_of_a_task_changes_the_dag(version: str, name: str, tmp_path: Path) -> None:
    """The same for the keys of a task."""
    write(tmp_path, {"dagpress.toml": f'airflow = "{version}"\n'})
    others = "- {id: extract, run: tap-a target-b}\n- {id: alone, run: tap-b target-b}\n"
    tasks = f"{yaml.safe_dump({'interval': '@daily', **_RUNNERS.get(name, {})})}tasks:\n{others}- run: x\n"
    write(tmp_path, {"schedules/a.yml": tasks})
    before = pipeline.generate(project_of(tmp_path)).files
    example = task_table(version).rows[name].example
    other = {**dict.fromkeys(WHAT_RUNS, ""), **dict.fromkeys(("op_kwargs", "multiple_outputs"), "  python: a.b\n")}.get(
        name, "  run: x\n"
    )
    changed = tasks.replace("run: x\n", f"{name}: {example}\n{other}")
    write(tmp_path, {"schedules/a.yml": changed})
    generation = pipeline.generate(project_of(tmp_path))
    assert generation.diagnostics == []
    assert generation.files["generated_dags/a.py"] != before["generated_dags/a.py"]


@pytest.mark.parametrize("name", keys_of(Param))
def test_the_example_of_each_key_of_a_run_parameter_changes_the_dag(name: str, tmp_path: Path) -> None:
    """The same for the keys of a run parameter, of a default that keeps each of them."""
    default = {"format": "2024-01-31", "items": ["a"], "pattern": "abc", "minLength": "abc", "maxLength": "abc"}
    base = {**_PLAIN, "params": {"a": {"default": default.get(name, 10 if name == "default" else 100)}}}
    write(tmp_path, {"schedules/a.yml": yaml.safe_dump(base)})
    before = pipeline.generate(project_of(tmp_path)).files
    example = yaml.load(keys_of(Param)[name].example, _AsJson)  # noqa: S506  # it is a safe one
    base["params"]["a"][name] = example
    write(tmp_path, {"schedules/a.yml": json.dumps(base)})
    generation = pipeline.generate(project_of(tmp_path))
    assert generation.diagnostics == []
    assert generation.files["generated_dags/a.py"] != before["generated_dags/a.py"]


def _with_docker(tmp_path: Path, settings: str) -> str:
    """The DAG file of a schedule with these settings of the runner, which must have no warning."""
    schedule = {**_PLAIN, "runner": "docker"}
    write(tmp_path, {"schedules/a.yml": f"{yaml.safe_dump(schedule)}docker:\n  {settings}\n"})
    generation = pipeline.generate(project_of(tmp_path))
    assert generation.diagnostics == []
    return generation.files["generated_dags/a.py"]


@pytest.mark.parametrize("name", keys_of(Docker))
def test_the_example_of_each_setting_of_docker_changes_the_dag(name: str, tmp_path: Path) -> None:
    """The same for the keys of `docker`."""
    example = f"{name}: {keys_of(Docker)[name].example}"
    image = "" if name == "image" else "\n  image: elt:1"
    assert _with_docker(tmp_path, "image: elt:1") != _with_docker(tmp_path, example + image)


# What a setting needs beside it.
_PODS: dict[str, Any] = {"volume_mounts": {"volumes": [{"name": "output", "emptyDir": {}}]}}


@pytest.mark.parametrize("name", keys_of(Kubernetes))
def test_the_example_of_each_setting_of_kubernetes_changes_the_dag(name: str, tmp_path: Path) -> None:
    """The same for the keys of `kubernetes`."""
    schedule = {**_PLAIN, "runner": "kubernetes", "kubernetes": {"image": "elt:1", **_PODS.get(name, {})}}
    files = []
    example: dict[str, Any] = yaml.safe_load(f"{name}: {keys_of(Kubernetes)[name].example}")
    for settings in ({}, example):
        schedule["kubernetes"] = {**schedule["kubernetes"], **settings}
        write(tmp_path, {"schedules/a.yml": yaml.safe_dump(schedule)})
        generation = pipeline.generate(project_of(tmp_path))
        assert generation.diagnostics == []
        files.append(generation.files["generated_dags/a.py"])
    assert files[0] != files[1]


@pytest.mark.parametrize("name", keys_of(Mount))
def test_the_example_of_each_key_of_a_mount_changes_the_dag(name: str, tmp_path: Path) -> None:
    """The same for the keys of a mount."""
    image, base = "image: elt:1\n  mounts:\n  - ", _MOUNTS[name]
    example = yaml.safe_load(keys_of(Mount)[name].example)
    changed = {**base, name: example}
    assert _with_docker(tmp_path, image + json.dumps(base)) != _with_docker(tmp_path, image + json.dumps(changed))


# What the map of an alert needs beside the key that is tried.
_ALERTS: dict[str, dict[str, Any]] = {
    "email": {"to": "a@example.com"},
    "slack": {"channel": "#a"},
    "webhook": {"http_conn_id": "a"},
    "python": {"callable": "a.b"},
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("alert", name) for name in keys_of(ALERT.model)]
    + [(section.name, name) for section in KINDS for name in keys_of(section.model)],
)
def test_the_example_of_each_key_of_an_alert_changes_the_dag(kind: str, name: str, tmp_path: Path) -> None:
    """The same for the keys of alerts."""
    model = next(section.model for section in (ALERT, *KINDS) if section.name == kind)
    value = yaml.safe_load(keys_of(model)[name].example)
    needed = {} if name == "slack_webhook_conn_id" else _ALERTS.get(kind, {})
    sources = []
    for alert in ({name: value}, {}):
        filled = {**needed, **alert} if kind != "alert" else alert
        of_kind = filled if kind == "alert" else {kind: filled or {"channel": "#a"}}
        on_failure = {"on_failure": of_kind} if of_kind else {}
        write(tmp_path, {"schedules/a.yml": as_yaml({**_PLAIN, **on_failure})})
        generation = pipeline.generate(project_of(tmp_path))
        assert generation.diagnostics == []
        sources.append(generation.files["generated_dags/a.py"])
    assert sources[0] != sources[1]


@pytest.mark.parametrize(
    "removing",
    [
        {"tasks": [{"run": "a b", "command": None}]},
        {"on_failure": {"slack": "#alerts", "email": None}},
        {"kubernetes": {"requests": {"cpu": None}, "node_selector": {"a": None}, "secrets": {"A": None}}},
        {"docker": {"extra_hosts": {"a": None}, "network_mode": None}},
        {"environments": {"prod": {"kubernetes": {"requests": {"cpu": None}}}}},
    ],
    ids=json.dumps,
)
def test_an_editor_takes_a_null_wherever_it_removes(
    removing: dict[str, Any], validator: Draft7Validator, tmp_path: Path
) -> None:
    """A null is as if the key were not there."""
    base = {"interval": "@daily"} if "tasks" in removing else _PLAIN
    assert [error.message for error in validator.iter_errors({**base, **removing})] == []
    write(tmp_path, {"schedules/a.yml": json.dumps({**base, **removing}), "dagpress.toml": 'environments = ["prod"]\n'})
    assert dagpress(tmp_path, "validate")[0] != 2
