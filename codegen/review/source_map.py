"""Maps lines of a generated DAG file to locations in the YAML."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from codegen.diagnostics import Location
from codegen.keys.model import Model
from codegen.keys.table import keys_of
from codegen.meltano import MeltanoProject
from codegen.plan.steps import readable_steps
from codegen.runners import RUNNERS
from codegen.schema import Schedule
from codegen.sync.dag_code import names_in


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
        except SyntaxError:  # a template of the project can use syntax of another Python
            return ast.Module([], [])

    def places_of(self, line: int, argument: str = "", name: str = "") -> list[Location]:
        """Return the locations of a line: an argument, a task or a DAG; for an import or a constant, all that use it.

        All other lines have a location in the generated file only; line 0 is the whole file. `name` is the missing
        name of an import of several.
        """
        used = self._names_at(line, name)
        found: list[Location] = []
        for dag_id, dag in self._dags():
            head, count = dag.items[0].context_expr, len(found)
            for call in (call for call in ast.walk(dag) if isinstance(call, ast.Call)):
                task_id = _constant(call, "task_id")
                use = _use_of(used, call) if task_id or call is head else None
                if use is not None or (task_id and _has(call, line)):
                    found.append(self.place_of(dag_id, task_id, argument or use or _argument_at(call, line)))
            if len(found) == count and _has(head, line):
                found.append(self.place_of(dag_id, "", argument or _argument_at(head, line)))
        if not found and not line:
            found = [Location(schedule.source) for schedule in self._schedules.values()]
        return list(dict.fromkeys(found)) or [Location(self._name, line)]

    def place_of(self, dag_id: str, task_id: str = "", argument: str = "") -> Location:
        """Return the location of a DAG, a task or an argument of it; the generated file for an unknown DAG."""
        schedule = self._schedules.get(dag_id)
        if schedule is None:
            return Location(self._name)
        model: Model = schedule
        if task_id:
            steps = readable_steps(schedule, self._meltano)
            model = next((step.task for step in steps if step.task_id == task_id), schedule)
        inherited = [*_keys_of(schedule, argument)]
        # Runner settings and environment variables fall back to those of the schedule.
        settings = [key for key in inherited if "." in key]
        keys = [*((model, key) for key in _keys_of(model, argument)), *((schedule, key) for key in settings)]
        keys += [(model, key) for key in ("uses", "python", "command", "run", "")]
        keys += [(schedule, key) for key in inherited]
        return next((each.at[key] for each, key in keys if key in each.at), Location(schedule.source))

    def module_at(self, line: int) -> str:
        """Return the module that a line imports from; empty for other lines."""
        imports = (node for node in self._tree.body if isinstance(node, ast.ImportFrom) and _has(node, line))
        return next((node.module for node in imports if node.module), "")

    def operator_at(self, line: int) -> str:
        """Return the full name of the operator at a line; empty for other lines."""
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call) and _has(node, line)]
        called = [each.func.id for each in calls if _constant(each, "task_id") and isinstance(each.func, ast.Name)]
        imports = (node for node in self._tree.body if isinstance(node, ast.ImportFrom))
        names = {each.asname or each.name: f"{node.module}.{each.name}" for node in imports for each in node.names}
        return names.get(called[0], called[0]) if called else ""

    def _dags(self) -> Iterator[tuple[str, ast.With]]:
        for node in self._tree.body:
            if isinstance(node, ast.With) and (dag_id := _constant(node.items[0].context_expr, "dag_id")):
                yield dag_id, node

    def _names_at(self, line: int, wanted: str) -> dict[str, str]:
        """Return the names that a line defines, and the constants that contain them, each with its key there."""
        found: dict[str, str] = {}
        for node in self._tree.body:
            if isinstance(node, ast.ImportFrom) and _has(node, line):
                names = {alias.name: alias.asname or alias.name for alias in node.names}
                found |= dict.fromkeys([names[wanted]] if wanted in names else names.values(), "")
        for node in self._tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                items = zip(node.value.keys, node.value.values, strict=True)
                keys = [
                    key for key, value in items if _has(value, line) or not found.keys().isdisjoint(names_in(value))
                ]
                found |= {ast.unparse(each): _text_of(keys[0]) for each in node.targets if keys}
        return found


def _use_of(names: Mapping[str, str], call: ast.Call) -> str | None:
    """Return the argument of a call that uses one of the names, empty for its operator; None without a use."""
    if isinstance(call.func, ast.Name) and call.func.id in names and call.func.id != "DAG":
        return ""
    for argument, value in _arguments_of(call):
        for name in filter(names_in(value).__contains__, names):
            key = names[name]
            if argument:
                # A constant that is an argument has environment variables.
                return f"env.{key}" if key else argument
            overrides = value.keywords if isinstance(value, ast.Call) else ()
            if key not in {each.arg for each in overrides}:
                return key
    return None


def _arguments_of(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the arguments of a call, those in `default_args` by their names, and maps of arguments without a name."""
    for keyword in call.keywords:
        if keyword.arg == "default_args" and isinstance(keyword.value, ast.Dict):
            yield from (
                (_text_of(key), value) for key, value in zip(keyword.value.keys, keyword.value.values, strict=True)
            )
        else:
            yield keyword.arg or "", keyword.value


def _text_of(key: ast.expr | None) -> str:
    return str(key.value) if isinstance(key, ast.Constant) else ""


def _keys_of(model: Model, argument: str) -> Iterator[str]:
    """Yield the keys that can have the location of an argument."""
    if argument:
        yield from (f"with.{argument}", *(f"{runner}.{argument}" for runner in RUNNERS), argument)
        yield from (row.name for row in keys_of(type(model)).values() if argument in row.arguments)


def _has(node: ast.expr | ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _constant(call: ast.expr, name: str) -> str:
    """Return the value of a text argument; empty for any other."""
    for keyword in call.keywords if isinstance(call, ast.Call) else ():
        if keyword.arg == name and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return ""


def _argument_at(call: ast.expr, line: int) -> str:
    """Return the argument at a line, also in `default_args`; empty for the line of the call."""
    if not isinstance(call, ast.Call) or line == call.lineno:
        return ""
    return next((name for name, value in _arguments_of(call) if _has(value, line)), "")
