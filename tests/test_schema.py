"""The JSON Schema accepts the same schedules as the reader, and the examples of the reference are valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from _pytest.mark import ParameterSet
from examples import sample
from jsonschema import Draft7Validator
from project_builder import dagpress, project_of, write
from test_cases import CASES
from versions import NEWEST, NEWEST_2

from codegen import pipeline
from codegen.keys.model import Model
from codegen.keys.table import keys_of
from codegen.runners import RUNNERS
from codegen.runners.docker.mounts import Mount
from codegen.runners.docker.settings import Docker
from codegen.runners.kubernetes.settings import Kubernetes
from codegen.schema.after import After
from codegen.schema.alerts import KINDS, Alert
from codegen.schema.export import json_schema
from codegen.schema.pair import PAIR, PAIR_OPTIONS
from codegen.schema.param import Param
from codegen.schema.table import schedule_table, task_table
from codegen.schema.task import WHAT_RUNS

_PLAIN: dict[str, Any] = {"extractor": "tap-a", "loader": "target-b", "interval": "@daily"}
_KINDS: dict[str, Any] = {
    "job": {"extractor": None, "loader": None},
    "tasks": {"extractor": None, "loader": None},
    "after": {"interval": None},
    "deadline": {"on_deadline": {"webhook": "alerts"}},
    "on_deadline": {"deadline": "1h"},
    "state_id_suffix": {"extractor": None, "loader": None, "tasks": ["tap-a target-b"]},
}
# Other keys that a key of a runner requires.
_RUNNERS: dict[str, Any] = {
    "runner": {"docker": {"image": "elt:1"}},
    **{name: {"runner": name, name: {"image": "elt:1"}} for name in ("docker", "kubernetes")},
}
# Another mount that has the key.
_MOUNTS: dict[str, Any] = {
    "type": {"type": "volume", "source": "{{ var.value.source }}", "target": "/a"},
    "source": {"source": "/b", "target": "/a"},
    "target": {"source": "/b", "target": "/a"},
    "read_only": {"source": "/b", "target": "/a"},
}


class _AsJson(yaml.SafeLoader):
    """Reads dates as strings, as editors do, since JSON has no dates."""


_AsJson.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The validated JSON Schema."""
    Draft7Validator.check_schema(json_schema(NEWEST))
    return Draft7Validator(json_schema(NEWEST))


def test_the_json_schema_accepts_every_valid_schedule(validator: Draft7Validator) -> None:
    """Every schedule and defaults file of the valid cases."""
    paths = [path for folder in CASES.glob("*/generated_dags") for path in folder.parent.glob("schedules/**/*.yml")]
    texts = {path: path.read_text(encoding="utf-8-sig") for path in paths}
    wrong = [
        (str(path.relative_to(CASES)), error.message)
        for path, text in texts.items()
        for error in validator.iter_errors(yaml.load(text, _AsJson))  # noqa: S506  # a safe loader
    ]
    assert texts
    assert wrong == []


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
        {"docker": {"mem_limit": "2Gi"}},
        {"docker": {"mem_limit": 512}},
        {"docker": {"mounts": "/a:/b"}},
        {"docker": {"mounts": [{"source": "/a"}]}},
        {"docker": {"mounts": [{"target": "/a", "type": "nfs"}]}},
        {"tasks": [{"run": "a b", "command": "make"}]},
        {"tasks": [{"extractor": "a"}]},
        {"tasks": [{"loader": "b"}]},
        {"tasks": [{"run": "a b", "full_refresh": "yes"}]},
        {"tasks": [{"run": "a b", "trigger_rule": "sometimes"}]},
        {"tasks": [{"run": "a b", "group": "not.one"}]},
        {"tasks": [{"python": "rows"}]},
        {"tasks": [{"python": "a.rows", "op_kwargs": {"no name": 1}}]},
        {"tasks": [{"uses": "no name"}]},
        {"tasks": [{"uses": "FileSensor", "with": {"filepath": {"$y": "a"}}}]},
        {"tasks": [{"uses": "FileSensor", "with": {"filepath": "a", "poke_interval": "soon"}}]},
        {"tasks": [{"uses": "a.B", "with": {"rows": [{"$x": {"key": "rows"}}]}}]},
        {"kubernetes": "elt:1"},
        {"kubernetes": {"requests": {"cpus": 1}}},
        {"kubernetes": {"limits": {"memory": "1GB"}}},
        {"kubernetes": {"volumes": ["data"]}},
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
def test_the_json_schema_rejects_invalid_schedules(
    wrong: dict[str, Any], validator: Draft7Validator, tmp_path: Path
) -> None:
    """As the reader does."""
    base = {"interval": "@daily"} if "tasks" in wrong else _PLAIN
    assert not validator.is_valid({**base, **wrong})
    write(tmp_path, {"schedules/a.yml": json.dumps({**base, **wrong}), "dagpress.toml": 'environments = ["prod"]\n'})
    assert dagpress(tmp_path, "validate")[0] == 2


# The warnings about a schedule that has only the example.
_WARNED = {"hides-failure", "long-catchup", "no-effect", "shared-state"}
# A placeholder for the example of a key in a schedule.
_HERE = "@@"


def _examples() -> Iterator[ParameterSet]:
    """Yield the version, the example, and a schedule without and with the key, for every key of every map."""
    for table, with_key, noun in ((schedule_table, _with_key, ""), (task_table, _with_task, "task ")):
        for version, known in ((NEWEST, {}), (NEWEST_2, table(NEWEST).rows)):
            for name, row in table(version).rows.items():
                if name not in known:
                    yield pytest.param(version, row.example, *with_key(name), id=f"{version} {noun}{name}")
    for model, of_name in _MAPS.items():
        for name, row in _OF_RUNNERS.get(model, keys_of(model)).items():
            if row.example:
                yield pytest.param(NEWEST, row.example, *of_name(name), id=f"{model.__name__} {name}")


def _with_key(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    given = {**_PLAIN, **_KINDS.get(name, {}), **_RUNNERS.get(name, {})}
    base = {key: value for key, value in given.items() if value is not None}
    return base, {**base, name: _HERE}


# Other keys that the examples require.
_OPERATORS: dict[str, dict[str, Any]] = {"uses": {"with": {"filepath": "/data"}}, "with": {"uses": "FileSensor"}}


def _with_task(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    pair = {"extractor": "tap-x", "loader": "target-x"}
    python = {"python": "a.b"} if name in {"op_kwargs", "multiple_outputs"} else {"run": "x"}
    runs = {"id": "x"} if name == "command" else {} if name in WHAT_RUNS else python
    beside = pair if name in {*PAIR, *PAIR_OPTIONS} else _OPERATORS.get(name, runs)
    changed = {**beside, name: _HERE}
    others = [{"id": "extract", "run": "tap-a target-b"}, {"id": "alone", "run": "tap-b target-b"}]
    base = {"interval": "@daily", **_RUNNERS.get(name, {})}
    return {**base, "tasks": [*others, {"run": "x"}]}, {**base, "tasks": [*others, changed]}


def _with_after(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    base = {"extractor": "tap-a", "loader": "target-b"}
    return {**base, "after": "orders"}, {**base, "after": {name: _HERE}}


def _with_param(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a run parameter with a default that the key allows."""
    default = {"format": "2024-01-31", "items": ["a"], "pattern": "abc", "minLength": "abc", "maxLength": "abc"}
    param = {"default": default.get(name, 10 if name == "default" else 100)}
    return {**_PLAIN, "params": {"a": param}}, {**_PLAIN, "params": {"a": {**param, name: _HERE}}}


def _on(runner: str, **settings: Any) -> dict[str, Any]:
    return {**_PLAIN, "runner": runner, runner: {"image": "elt:1", **settings}}


def _with_setting_of_kubernetes(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    needed = {"volumes": [{"name": "output", "emptyDir": {}}]} if name == "volume_mounts" else {}
    return _on("kubernetes", **needed), _on("kubernetes", **{**needed, name: _HERE})


def _with_alert(kind: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    needed = {} if name == "slack_webhook_conn_id" else _ALERTS[kind]
    before = {kind: needed} if needed else {"slack": "#a"}
    return {**_PLAIN, "on_failure": before}, {**_PLAIN, "on_failure": {kind: {**needed, name: _HERE}}}


# The settings of the runners, with the arguments of their operators.
_OF_RUNNERS = {section.model: section.of(NEWEST).rows for runner in RUNNERS.values() for section in runner.sections}
# Other keys that the map of an alert requires.
_ALERTS: dict[str, dict[str, Any]] = {
    "email": {"to": "a@example.com"},
    "slack": {"channel": "#a"},
    "webhook": {"http_conn_id": "a"},
    "python": {"callable": "a.b"},
}
_MAPS: dict[type[Model], Callable[[str], tuple[dict[str, Any], dict[str, Any]]]] = {
    After: _with_after,
    Param: _with_param,
    Docker: lambda name: (_on("docker"), _on("docker", **{name: _HERE})),
    Mount: lambda name: (
        _on("docker", mounts=[_MOUNTS[name]]),
        _on("docker", mounts=[{**_MOUNTS[name], name: _HERE}]),
    ),
    Kubernetes: _with_setting_of_kubernetes,
    Alert: lambda name: (_PLAIN, {**_PLAIN, "on_failure": {name: _HERE}}),
    **{section.model: partial(_with_alert, section.name) for section in KINDS},
}


def _as_yaml(schedule: dict[str, Any], here: str) -> str:
    return yaml.safe_dump(schedule, sort_keys=False).replace(f"'{_HERE}'", here)


@pytest.mark.parametrize(("version", "example", "before", "after"), sample(_examples(), 6))
def test_the_example_of_each_key_is_valid_and_changes_the_dag(
    version: str, example: str, before: dict[str, Any], after: dict[str, Any], tmp_path: Path
) -> None:
    """So every example of the reference works, and every key has an effect."""
    environments = 'environments = ["dev", "prod"]\n' if after.keys() & {"environments", "only"} else ""
    write(tmp_path, {"dagpress.toml": f'airflow = "{version}"\n{environments}'})
    if "job" in after:
        plugins = "plugins: {extractors: [{name: tap-a}], loaders: [{name: target-b}]}"
        write(tmp_path, {"meltano.yml": f"{plugins}\njobs: [{{name: refresh, tasks: [tap-a target-b]}}]\n"})
    write(tmp_path, {f"schedules/{other}.yml": yaml.safe_dump(_PLAIN) for other in ("orders", "customers")})
    if "params." in example:
        # Examples can use a run parameter.
        write(tmp_path, {"schedules/_defaults.yml": "params: {full_refresh: false}\n"})
    files = []
    for schedule in (before, after):
        write(tmp_path, {"schedules/a.yml": _as_yaml(schedule, example)})
        generation = pipeline.generate(project_of(tmp_path))
        files.append(generation.files)
    assert [diagnostic for diagnostic in generation.diagnostics if diagnostic.code not in _WARNED] == []
    assert files[0] != files[1]


def _emptied(value: Any) -> Iterator[Any]:
    """Yield the value with one key or list item emptied, for each at any depth."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        for emptied in (_HERE, *_emptied(part)):
            copy = value.copy()
            copy[name] = emptied
            yield copy


def test_an_empty_value_is_reported_at_any_depth(tmp_path: Path) -> None:
    """As an empty value, without follow-up errors."""
    emptied = set()
    for each in _examples():
        version, example, _, after = cast(tuple[str, str, dict[str, Any], dict[str, Any]], each.values)
        if version == NEWEST:
            whole = yaml.safe_load(_as_yaml(after, example))
            emptied |= {_as_yaml(value, "") for value in _emptied(whole)}
    files = {f"schedules/s{number}.yml": text for number, text in enumerate(sample(sorted(emptied), 40))}
    found: dict[str, set[str]] = {name: set() for name in files}
    write(tmp_path, {**files, "dagpress.toml": 'environments = ["dev", "prod"]\n'})
    for diagnostic in pipeline.read(project_of(tmp_path)).diagnostics:
        found[diagnostic.location.path].add(diagnostic.code)
    assert {files[name]: codes for name, codes in found.items() if codes != {"yaml-trap"}} == {}


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
def test_the_json_schema_accepts_null_where_it_removes_a_value(
    removing: dict[str, Any], validator: Draft7Validator, tmp_path: Path
) -> None:
    """A null has the effect of a missing key."""
    base = {"interval": "@daily"} if "tasks" in removing else _PLAIN
    assert [error.message for error in validator.iter_errors({**base, **removing})] == []
    write(tmp_path, {"schedules/a.yml": json.dumps({**base, **removing}), "dagpress.toml": 'environments = ["prod"]\n'})
    assert dagpress(tmp_path, "validate")[0] != 2
