"""Run parameters: the DAG has the values of the schedule."""

from __future__ import annotations

import ast
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from black_form import assert_in_black
from examples import fewer
from hypothesis import given
from project_builder import EXTRACT_LOAD, as_yaml, dagpress, project_of, write
from strategies import PARAMS

from codegen import pipeline


def _params_of(source: str) -> dict[str, Any]:
    """Return `params` of the DAG: for a `Param`, the default and the keywords."""
    (params,) = (
        keyword.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) for keyword in node.keywords
        if keyword.arg == "params"
    )  # fmt: skip
    assert isinstance(params, ast.Dict)
    names = [ast.literal_eval(key) for key in params.keys if key]
    return dict(zip(names, map(_value_of, params.values), strict=True))


def _value_of(node: ast.expr) -> Any:
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    default = {"default": ast.literal_eval(node.args[0])} if node.args else {}
    return default | {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}


@fewer(2)
@given(PARAMS.filter(bool))
def test_any_parameter_is_unchanged_in_the_dag(params: dict[str, Any]) -> None:
    """With each value, in black's format."""
    with TemporaryDirectory() as folder:
        root = write(Path(folder), {"schedules/a.yml": EXTRACT_LOAD + as_yaml({"params": params})})
        generation = pipeline.generate(project_of(root))
        assert generation.diagnostics == []
        source = generation.files["generated_dags/a.py"]
    assert _params_of(source) == _without_nulls(params)
    assert_in_black(source)


def _without_nulls(value: Any) -> Any:
    """Remove nulls in maps, which remove inherited values."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value


def test_show_prints_parameters_as_written(tmp_path: Path) -> None:
    """A plain default is not expanded."""
    params = {"since": "2024-01-01", "full": False, "days": {"type": "integer", "default": 7}}
    write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD + as_yaml({"params": params})})
    assert yaml.safe_load(dagpress(tmp_path, "show", "a")[1])["params"] == params
