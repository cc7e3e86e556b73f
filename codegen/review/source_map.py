"""Maps lines of a generated DAG file to locations in the YAML."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from codegen.diagnostics import Location
from codegen.keys.model import Model
from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.plan.steps import readable_steps
from codegen.schema import Schedule


class SourceMap:
    """The locations for one generated file, with its schedules."""

    def __init__(self, name: str, text: str, schedules: Sequence[Schedule], meltano: MeltanoProject | None) -> None:
        self._name = name
        self._schedules = {schedule.dag_id_or_default: schedule for schedule in schedules}
        self._meltano = meltano
        self._text = text

    @cached_property
    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self._text)
        except SyntaxError:  # a template of the project can write what another Python does not read
            return ast.Module([], [])

    def places_of(self, line: int, argument: str = "") -> list[Location]:
        """The locations of a line: an argument, a task or a DAG; for an import, all tasks that use it.

        All other lines have a location in the generated file only; line 0 is the whole file.
        """
        found: list[Location] = []
        for dag_id, dag in self._dags():
            for call in (call for call in ast.walk(dag) if isinstance(call, ast.Call)):
                task_id = _constant(call, "task_id")
                used = self._use_of_import(call, line) if task_id else None
                if task_id and (_has(call, line) or used is not None):
                    found.append(self.place_of(dag_id, task_id, argument or used or _argument_at(call, line)))
            head = dag.items[0].context_expr
            if not found and _has(head, line):
                found.append(self.place_of(dag_id, "", argument or _argument_at(head, line)))
        if not found and not line:
            found = [Location(schedule.source) for schedule in self._schedules.values()]
        return list(dict.fromkeys(found)) or [Location(self._name, line)]

    def place_of(self, dag_id: str, task_id: str = "", argument: str = "") -> Location:
        """The location of a DAG, a task or an argument of it; the generated file for an unknown DAG."""
        schedule = self._schedules.get(dag_id)
        if schedule is None:
            return Location(self._name)
        model: Model = schedule
        if task_id:
            steps = readable_steps(schedule, self._meltano)
            model = next((step.task for step in steps if step.task_id == task_id), schedule)
        keys = (*_keys_of(model, argument), "uses", "python", "command", "run", "")
        own = next((model.at[key] for key in keys if key in model.at), None)
        return (
            own
            or next((schedule.at[key] for key in _keys_of(schedule, argument) if key in schedule.at), None)
            or (Location(schedule.source))
        )

    def module_at(self, line: int) -> str:
        """The module that a line imports from; empty for other lines."""
        imports = (node for node in self._tree.body if isinstance(node, ast.ImportFrom) and _has(node, line))
        return next((node.module for node in imports if node.module), "")

    def operator_at(self, line: int) -> str:
        """The full name of the operator at a line; empty for other lines."""
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call) and _has(node, line)]
        called = [each.func.id for each in calls if _constant(each, "task_id") and isinstance(each.func, ast.Name)]
        imports = (node for node in self._tree.body if isinstance(node, ast.ImportFrom))
        names = {each.asname or each.name: f"{node.module}.{each.name}" for node in imports for each in node.names}
        return names.get(called[0], called[0]) if called else ""

    def _dags(self) -> Iterator[tuple[str, ast.With]]:
        for node in self._tree.body:
            if isinstance(node, ast.With) and (dag_id := _constant(node.items[0].context_expr, "dag_id")):
                yield dag_id, node

    def _use_of_import(self, call: ast.Call, line: int) -> str | None:
        """The argument of a call that uses an import, empty for its operator; None without a use."""
        nodes = (node for node in self._tree.body if isinstance(node, ast.ImportFrom) and _has(node, line))
        names = {alias.asname or alias.name for node in nodes for alias in node.names}
        parts = [("", call.func), *((keyword.arg or "", keyword.value) for keyword in call.keywords)] if names else []
        used = ((name, node) for name, value in parts for node in ast.walk(value))
        return next((name for name, node in used if isinstance(node, ast.Name) and node.id in names), None)


def _keys_of(model: Model, argument: str) -> Iterator[str]:
    """The keys that can have the location of an argument."""
    if argument:
        yield from (f"with.{argument}", argument)
        yield from (row.name for row in keys_of(type(model)).values() if argument in row.arguments)


def _has(node: ast.expr | ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _constant(call: ast.expr, name: str) -> str:
    """The value of a text argument; empty for any other."""
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        if keyword.arg == name and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return ""


def _argument_at(call: ast.expr, line: int) -> str:
    """The argument at a line, also in `default_args`; empty for the line of the call."""
    if not isinstance(call, ast.Call) or line == call.lineno:
        return ""
    found = next((each for each in call.keywords if _has(each.value, line)), None)
    if found is None:
        return ""
    if found.arg == "default_args" and isinstance(found.value, ast.Dict):
        inner = zip(found.value.keys, found.value.values, strict=True)
        return next((str(key.value) for key, value in inner if isinstance(key, ast.Constant) and _has(value, line)), "")
    return found.arg or ""
