"""The constants of a file: they change no argument of a task, and a new task does not change the others."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import ndiff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from black_form import assert_in_black
from examples import fewer
from hypothesis import example, given
from hypothesis import strategies as st
from project_builder import as_yaml, project_of, write

from codegen import pipeline
from codegen.plan import DagModule, dependencies_between, plan
from codegen.plan.tree import Constant
from codegen.render.layout import constant_source
from codegen.render.renderer import Renderer
from codegen.render.source_text import keyword
from codegen.values import Argument, names_in

_ENV = st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["1", "2", "{{ ds }}", None]), max_size=3)
_DOCKER = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(["elt:1", "dbt:1"]),
        "user": st.sampled_from(["1", None]),
        "force_pull": st.booleans(),
        "cpus": st.sampled_from([1, 1.0, 2]),
        "mounts": st.sampled_from([["/a:/b"], ["/a/{{ ds }}:/b"], None]),
    },
)
_KUBERNETES = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(["elt:1", "dbt:1"]),
        "labels": st.sampled_from([{"a": "1"}, {"a": "{{ ds }}"}, None]),
        "requests": st.sampled_from([{"cpu": "1"}, {"cpu": "{{ params.cpu }}"}, None]),
    },
)
_RUNS = st.sampled_from([{"run": "tap-a target-b"}, {"command": "./a.sh"}, {"python": "a.b"}])
_TASKS = st.builds(
    lambda runs, runner, env, docker, kubernetes: {
        **runs,
        **({} if "python" in runs else {"runner": runner, "env": env, "docker": docker, "kubernetes": kubernetes}),
    },
    _RUNS,
    st.sampled_from(["bash", "docker", "kubernetes"]),
    _ENV,
    _DOCKER,
    _KUBERNETES,
)
_SCHEDULES = st.builds(
    lambda env, docker, kubernetes, tasks: {
        "env": {name: value for name, value in env.items() if value},
        "docker": {"image": "elt:1", **docker},
        "kubernetes": {"image": "elt:1", **kubernetes},
        "tasks": tasks,
    },
    _ENV,
    _DOCKER.filter(lambda settings: None not in settings.values()),
    _KUBERNETES.filter(lambda settings: None not in settings.values()),
    st.lists(_TASKS, min_size=1, max_size=4),
)


def _planned(*schedules: dict[str, Any], defaults: dict[str, Any] | None = None) -> DagModule:
    """Plan the file of a schedule, or with defaults, the file of a folder with all schedules."""
    with TemporaryDirectory() as folder:
        files = {} if defaults is None else {"schedules/sales/_defaults.yml": as_yaml(defaults)}
        for number, schedule in enumerate(schedules):
            tasks = [{"id": f"task_{place}", "after": [], **task} for place, task in enumerate(schedule["tasks"])]
            files[f"schedules/sales/s{number}.yml"] = as_yaml({"interval": "@daily", **schedule, "tasks": tasks})
        configuration = {} if defaults is None else {"dagpress.toml": 'airflow = "3.3"\nlayout = "folder"\n'}
        reading = pipeline.read(project_of(write(Path(folder), configuration | files)))
    others = dependencies_between(reading.schedules)
    shared = reading.folders.get(reading.schedules[0].dag_file)
    return plan(
        [(each, others[each.source]) for each in reading.schedules], None, "3.3", "MELTANO_PROJECT_ROOT", shared
    )


class _Recorder:
    """Replaces the imports of a file: a call returns the name and the arguments."""

    def __getattr__(self, name: str) -> Any:
        return lambda *positional, **keywords: (name, positional, keywords)


def _constants(module: DagModule) -> list[Constant]:
    return [*module.constants, *(constant for dag in module.dags for constant in dag.constants)]


def _namespace(module: DagModule) -> dict[str, Any]:
    """Return the namespace of a file with its constants."""
    every = [argument.value for dag in module.dags for task in dag.tasks for argument in task.arguments]
    record = _Recorder()
    namespace: dict[str, Any] = {name: getattr(record, name) for name in names_in(every)}
    namespace |= {"k8s": record, "MELTANO": "m", "LOCK": "l"}
    exec("\n".join(map(constant_source, _constants(module))), namespace)  # noqa: S102  # the test runs generated code
    return namespace


def _evaluated(arguments: Sequence[Argument], namespace: dict[str, Any]) -> dict[str, Any]:
    lines = "\n".join(keyword(argument, 4) for argument in arguments)
    found: dict[str, Any] = eval(f"dict(\n{lines}\n)", namespace)  # noqa: S307
    return found


@fewer(2)
@given(st.lists(_SCHEDULES, min_size=1, max_size=2), _SCHEDULES)
def test_constants_change_no_argument(schedules: list[dict[str, Any]], defaults: dict[str, Any]) -> None:
    """Each operator gets the same arguments without them, also in the file of a folder, in black's format."""
    module = _planned(*schedules, defaults={**defaults, "tasks": None} if len(schedules) > 1 else None)
    used = [constant for dag in module.dags for task in dag.tasks for constant in task.constants]
    assert [*dict.fromkeys(each.name for each in _constants(module))] == [each.name for each in _constants(module)]
    assert {each.name for each in _constants(module)} == {each.name for each in used}
    assert all(len(each.values) > 1 for each in used)
    assert all(used.count(each) > 1 for dag in module.dags for each in dag.constants)
    namespace = _namespace(module)
    for dag in module.dags:
        for task in dag.tasks:
            written, given = (_evaluated(each, namespace) for each in (task.written, task.arguments))
            assert written == given
            assert all(type(written[name]) is type(value) for name, value in given.items())
    assert_in_black(Renderer(Path("templates"), {}).render(module))


@fewer(2)
@given(_SCHEDULES, _TASKS, st.sampled_from(["docker", "kubernetes"]))
@example({"docker": {"image": "elt:1", "user": "1"}, "tasks": []}, {"run": "a b", "docker": {"user": None}}, "docker")
def test_a_new_task_changes_no_other(schedule: dict[str, Any], task: dict[str, Any], runner: str) -> None:
    """Whatever it overrides or removes: apart from the number of tasks in the description, lines are only added."""
    same = [{"run": f"tap-{name} target-b", "runner": runner} for name in "abc"]
    before, after = (
        Renderer(Path("templates"), {}).render(_planned({**schedule, "tasks": tasks})).split("description=")[1]
        for tasks in (same, [*same, task if "python" in task else {**task, "runner": runner}])
    )
    lines = ndiff(before.split("\n")[1:], after.split("\n")[1:])
    assert [line for line in lines if line.startswith("- ")] in ([], ["- "])


def test_a_task_hides_no_built_in_function() -> None:
    tasks = [{"id": name, "run": "tap-a target-b", "runner": "docker"} for name in ("dict", "other")]
    override = {**tasks[0], "id": "override", "after": "dict", "docker": {"user": "2"}}
    schedule = {"docker": {"image": "elt:1", "user": "1"}, "tasks": [*tasks, override]}
    text = Renderer(Path("templates"), {}).render(_planned(schedule))
    assert '    task_dict = DockerOperator(\n        task_id="dict",' in text
    assert "        **dict(DOCKER, user=" in text
