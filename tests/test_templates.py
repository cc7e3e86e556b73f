"""A project's own templates: every form of an arrow, missing parts, errors, and the sandbox."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from black_form import assert_in_black
from git_repository import isolate_git, repository_of
from project_builder import EXTRACT_LOAD, dagpress, project_of, write

from codegen.pipeline.reading import read
from codegen.plan import DagModule, Folder, dependencies_between, plan
from codegen.render import renderer
from codegen.render.renderer import Renderer, TemplateFailedError, built_in, built_in_without_blocks, builtin_templates

_GRAPH = """\
interval: "@daily"
tasks:
- {id: a, run: x}
- {id: b, run: x}
- {id: c, run: x, after: [a, b]}
"""


def _order(*lines: str) -> dict[str, str]:
    """Make a project with a template that writes these arrows."""
    body = "".join(f"    {line}\n" for line in lines)
    template = f'{{% extends "dagpress/dag.py.j2" %}}\n{{% block order %}}\n{body}{{% endblock %}}\n'
    return {"schedules/s.yml": _GRAPH, "templates/dag.py.j2": template}


@pytest.mark.parametrize(
    "lines",
    [
        ["a >> c", "b >> c"],
        ["c << [a, b]"],
        ["a >> c << b"],
        ["a >> b >> c", "a >> c"],
        ["a.set_downstream(c)", "c.set_upstream([b])"],
        ["from airflow.sdk import chain", "chain([a, b], c)"],
    ],
    ids=" ; ".join,
)
def test_an_arrow_can_have_any_form(lines: list[str], tmp_path: Path) -> None:
    assert dagpress(write(tmp_path, _order(*lines)), "generate")[0] == 0


@pytest.mark.parametrize(
    "lines", [["a >> c"], ["c >> [a, b]"], ["a >> b >> c"], ["a.set_upstream(c)", "b >> c"]], ids=" ; ".join
)
def test_a_missing_arrow_is_an_error(lines: list[str], tmp_path: Path) -> None:
    code, _, err = dagpress(write(tmp_path, _order(*lines)), "generate")
    assert code == 2
    assert err.startswith(
        "templates/dag.py.j2:2:1: template-error: no DAG file can be rendered for schedules/s.yml: the dependency "
    )
    assert not (tmp_path / "generated_dags").exists()


def test_the_output_of_a_custom_template_is_formatted(tmp_path: Path) -> None:
    """By black, which is slow to import: `test_cli.py` checks that other projects do not load it."""
    own = '{% extends "dagpress/dag.py.j2" %}{% block dag %}{{ super() }}x  =  (1)\n{% endblock %}\n'
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "templates/dag.py.j2": own})
    assert dagpress(tmp_path, "generate")[0] == 0
    assert "\nx = 1\n" in (tmp_path / "generated_dags/a.py").read_text()


_EVERYTHING = """\
interval: "@daily"
on_failure: [{slack: '#alerts'}, {python: own.alerts.call}]
tasks:
- {id: a, run: x, group: g}
- {id: b, python: own.steps.load}
"""


@pytest.mark.parametrize(
    ("block", "lost"),
    [
        ("imports", "the code uses `timedelta`, which is missing"),
        ("constants", "the code uses `RUN_FAILED`, which is missing"),
        ("meltano", "the code uses `MELTANO`, which is missing"),
        ("lock", "the code uses `LOCK`, which is missing"),
        ("alert_texts", "the code uses `RUN_FAILED`, which is missing"),
        ("function", "the code uses `call`, which is missing"),
    ],
)
def test_a_missing_name_is_an_error(block: str, lost: str, tmp_path: Path) -> None:
    own = f'{{% extends "dagpress/dag.py.j2" %}}\n{{% block {block} %}}\nX = 1\n{{% endblock %}}\n'
    write(tmp_path, {"schedules/s.yml": _EVERYTHING, "templates/dag.py.j2": own})
    code, _, err = dagpress(tmp_path, "generate")
    assert (code, err.splitlines()[0]) == (
        2,
        f"templates/dag.py.j2:2:1: template-error: no DAG file can be rendered for schedules/s.yml: {lost}",
    )


def test_a_missing_group_is_an_error(tmp_path: Path) -> None:
    ours = (builtin_templates() / "dag.py.j2").read_text(encoding="utf-8")
    own = ours.replace("{{ group | group_head }}:", "if True:")
    write(tmp_path, {"schedules/s.yml": _EVERYTHING, "templates/dag.py.j2": own})
    code, _, err = dagpress(tmp_path, "generate")
    assert code == 2
    assert "schedules/s.yml: the group `g` is missing" in err


def test_a_task_without_its_name_is_an_error(tmp_path: Path) -> None:
    """If an arrow or an argument of another task needs it."""
    ours = (builtin_templates() / "dag.py.j2").read_text(encoding="utf-8")
    own = ours.replace('{{ task.variable ~ " = " if task.variable }}', "")
    schedule = "interval: '@daily'\ntasks: [{id: a, uses: own.A}, {id: b, uses: own.B, with: {of: {$x: a}}}]\n"
    write(tmp_path, {"schedules/s.yml": schedule, "templates/dag.py.j2": own})
    code, _, err = dagpress(tmp_path, "generate")
    assert code == 2
    assert "schedules/s.yml: the code uses `a`, which is missing" in err


@pytest.mark.parametrize(("body", "line"), [("x = 1\nreturn x\n", 2), (f"x = {'(' * 5000}1{')' * 5000}\n", 1)])
def test_code_that_does_not_compile_is_an_error_of_the_template(body: str, line: int, tmp_path: Path) -> None:
    """The parser accepts `return` outside a function, and fails on code that is nested too deeply."""
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD, "templates/dag.py.j2": body})
    code, _, err = dagpress(tmp_path, "generate")
    assert code == 2
    assert err.startswith(f"templates/dag.py.j2:{line}:1: template-error: ")
    assert "schedules/a.yml: the template renders " in err


_TWO = {
    "schedules/orders.yml": """\
interval: "@daily"
timezone: Europe/Berlin
on_failure: [{slack: '#alerts'}, {python: own.load}]
tasks:
- {id: extract, run: x, group: g}
- {id: extract_more, run: x, group: g, after: []}
- {id: load, python: own.steps.load, op_kwargs: {table: orders}, after: g}
- {id: check, command: make check, after: [load]}
""",
    "schedules/sales.yml": """\
after: orders
interval: null
on_failure: [{slack: '#alerts'}, {python: own.load}]
tasks:
- {id: load, command: ./load.sh}
- {id: check, python: own.steps.load, op_kwargs: {table: sales}}
""",
}


def _module_of(root: Path, files: dict[str, str]) -> DagModule:
    """Plan two schedules for one file; the second has the defaults of the folder."""
    schedules = read(project_of(write(root, files))).schedules
    others = dependencies_between(schedules).values()
    folder = Folder("schedules/", schedules[1])
    return plan([*zip(schedules, others, strict=True)], None, "3.3", "MELTANO_PROJECT_ROOT", folder)


def test_a_file_can_have_several_dags(tmp_path: Path) -> None:
    """They share imports and inherited alerts; each has its own functions, and no variable shadows a function."""
    module = _module_of(tmp_path, _TWO)
    text = Renderer(tmp_path / "templates", {}).render(module)
    compile(text, "two.py", "exec", dont_inherit=True)
    assert_in_black(text)
    tree = ast.parse(text)
    assert ast.get_docstring(tree) == "DAGs for the schedules in `schedules/`."
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["load", "call_load", "call_load"]
    dags = [node for node in tree.body if isinstance(node, ast.With)]
    assert [dag.dag_id for dag in module.dags] == ["meltano_orders", "meltano_sales"]
    names = [node for dag in dags for node in ast.walk(dag) if isinstance(node, ast.Name)]
    assert not {node.id for node in names if isinstance(node.ctx, ast.Store)} & {*functions}
    ids = {dag.dag_id: {task.task_id: task.upstream for task in dag.tasks} for dag in module.dags}
    assert ids == {
        "meltano_orders": {"extract": (), "extract_more": (), "load": ("extract", "extract_more"), "check": ("load",)},
        "meltano_sales": {"load": (), "check": ("load",)},
    }


def test_the_built_in_template_writes_the_same_without_its_blocks(tmp_path: Path) -> None:
    """Which it omits if no template of the project needs them."""
    env, graph = "env: {DAY: monday, FILE: %s}\n", ("after: []", "after: [extract]")
    files = {name: env % name + text.replace(*graph) for name, text in _TWO.items()}
    module = _module_of(tmp_path, files)
    first = module.dags[0]
    assert all([module.preludes[1:], module.functions, module.alert_texts, module.constants])
    assert all([first.constants, first.groups[1:], first.groups[0].arrows, first.arrows])
    assert built_in_without_blocks().render(module=module) == built_in().render(module=module)


@pytest.mark.parametrize(
    ("block", "lost"),
    [
        ("task", "the task `load` is missing"),
        ("order", "the dependency `load >> check` is missing"),
        ("dag", "the DAG `meltano_sales` is missing: write each of `module.dags`"),
    ],
)
def test_a_missing_part_of_one_of_several_dags_is_an_error(block: str, lost: str, tmp_path: Path) -> None:
    own = (
        f'{{% extends "dagpress/dag.py.j2" %}}{{% block {block} %}}'
        '{% if dag.dag_id != "meltano_sales" %}{{ super() }}{% endif %}{% endblock %}'
    )
    module = _module_of(tmp_path, _TWO)
    with pytest.raises(TemplateFailedError, match=lost):
        Renderer(tmp_path / "templates", {"dag.py.j2": own.encode()}).render(module)


@pytest.mark.parametrize(("order", "code"), [("{{ super() }}", 0), ("", 2)])
def test_the_arrow_of_a_group_uses_its_id(order: str, code: int, tmp_path: Path) -> None:
    """The ID of a group need not be a Python name."""
    tasks = "[{id: a, run: x, group: load-all}, {id: b, run: x, group: load-all}, {id: c, run: x, after: load-all}]"
    own = f'{{% extends "dagpress/dag.py.j2" %}}{{% block order %}}{order}{{% endblock %}}'
    write(tmp_path, {"schedules/s.yml": f"interval: '@daily'\ntasks: {tasks}\n", "templates/dag.py.j2": own})
    found, _, err = dagpress(tmp_path, "generate")
    assert (found, "the dependency `load-all >> c` is missing" in err) == (code, code == 2)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{{ cycler.__init__.__globals__.os.system('touch MARK') }}", "attribute '__init__'"),
        ("{{ cycler | attr('__init__') }}", "attribute '__init__'"),
        ("{{ '{0.__class__}'.format(module) }}", "attribute '__class__'"),
        ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
        ("{{ 'x' * 10**9 }}", "too much memory"),
        ("{{ 9 ** (9**9) }}", "seconds"),
        ("{{ 'x' | center(10**10) }}", "too much memory"),
        ("{% for i in range(9999) %}{{ 'x' * 1000 }}{% endfor %}", f"at `{'x' * 100}`"),
    ],
)
def test_a_template_cannot_run_code_or_run_forever(
    line: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "seconds":
        monkeypatch.setattr(renderer, "_CPU_LIMIT", 0.1)
    monkeypatch.chdir(tmp_path)
    template = f'{{% extends "dagpress/dag.py.j2" %}}\n{{% block constants %}}\n{line}\n{{% endblock %}}\n'
    code, _, err = dagpress(write(tmp_path, {"schedules/s.yml": EXTRACT_LOAD, "templates/dag.py.j2": template}), "diff")
    assert (code, reason in err, (tmp_path / "MARK").exists()) == (2, True, False), err
    assert err.startswith("templates/dag.py.j2:")


# Each creates a file MARK if it is executed.
_PYTHON = "open('MARK', 'w')\n"
_HOSTILE = {
    "schedules/s.yml": """\
interval: "@daily"
tasks:
- {id: a, command: "$(touch MARK) [ -e x ] `touch MARK` ${x[$(touch MARK)]}"}
- {id: b, python: etl.load}
- {id: c, uses: etl.Load}
- {id: d, run: "tap-a $(touch MARK)"}
env: {BASH_ENV: ./mark.sh, X: "{{ cycler.__init__.__globals__.os.system('touch MARK') }}"}
""",
    "etl.py": _PYTHON,
    "sitecustomize.py": _PYTHON,
    "conftest.py": _PYTHON,
    "mark.sh": "#!/bin/sh\ntouch MARK\n",
    "meltano.yml": "plugins: {extractors: [{name: tap-a, namespace: tap_a, executable: ./mark.sh}]}\n",
    ".env": "BASH_ENV=./mark.sh\nX=$(touch MARK)\n",
    ".gitattributes": "* filter=mark diff=mark\n",
    ".gitconfig": "[core]\nfsmonitor = ./mark.sh\n[diff 'mark']\ntextconv = ./mark.sh\n",
    "pyproject.toml": '[tool.black]\nrequired-version = "1"\n',
}


@pytest.mark.parametrize("command", ["validate", "check", "diff"])
def test_commands_run_no_code_of_a_project(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_git(monkeypatch, tmp_path)
    project = repository_of(write(tmp_path / "project", _HOSTILE))
    monkeypatch.chdir(project)
    dagpress(project, command)
    assert not (project / "MARK").exists()
