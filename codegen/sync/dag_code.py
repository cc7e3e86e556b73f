"""The code of a schedule in a generated file: its block, and the definitions in the head that it uses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from codegen.sync.blocks import Block, blocks_of
from codegen.text.escaping import escape

_IMPORT = re.compile("import |from ")


@dataclass(frozen=True)
class DagCode:
    """The code of a schedule in a generated file.

    Attributes:
        head: the code that the DAGs of the file share; without text if the whole file belongs to the schedule.
        block: the block of the schedule, or the whole file.
    """

    head: Block
    block: Block

    @cached_property
    def used(self) -> Mapping[str, str]:
        """The imports, constants and functions of the head that the block uses, as source by their names.

        Statements that define no name have the name "", and every block uses them. If the head or the block is not
        valid Python, or nested too deeply, the block uses the whole head.
        """
        if not self.head.text:
            return {}
        try:
            return definitions_used(ast.parse(self.head.text), ["", *names_in(ast.parse(self.block.text))])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {"": self.head.text}

    @property
    def lines(self) -> range:
        """The line numbers of the block."""
        return range(self.block.line, self.block.line + self.block.text.count("\n"))

    @property
    def definitions(self) -> list[str]:
        """The constants and functions of the head that the block uses, by name."""
        return sorted(name for name, source in self.used.items() if name and not _IMPORT.match(source))

    def is_like(self, other: DagCode) -> bool:
        """Return whether the DAG of the schedule is the same in another file."""
        if self.block.text != other.block.text:
            return False
        return self.head.text == other.head.text or self.used == other.used


@dataclass(frozen=True)
class CodeChange:
    """A change of the code of a schedule; None if a file does not contain it."""

    before: DagCode | None
    after: DagCode | None


def code_of(text: str, source: str) -> DagCode | None:
    """Return the code of a schedule, given by its path in the project, in a file; None if the file does not have it.

    The whole file belongs to each schedule if it is not the file of a folder, if it has git conflict markers, or if a
    template of the project leaves out the names of the schedules.
    """
    head, *blocks = blocks_of(text) or [Block("", 1, "")]
    if not blocks:
        return DagCode(Block("", 1, ""), head) if head.text else None
    name = escape(source)
    own = next((block for block in blocks if block.source == name), None)
    # Blank lines separate a block from the next one.
    return DagCode(head, own._replace(text=own.text.rstrip("\n") + "\n")) if own else None


def definitions_used(head: ast.Module, names: Iterable[str]) -> dict[str, str]:
    """Return the source of the definitions of some names and, recursively, of the names in them."""
    definitions = {name: (source, inner) for name, source, inner in _definitions(head)}
    wanted, found = [*names], dict[str, str]()
    while wanted:
        name = wanted.pop()
        if name in definitions and name not in found:
            found[name], more = definitions[name]
            wanted += more
    return found


def names_in(node: ast.AST) -> set[str]:
    """Return the names that code uses."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _definitions(head: ast.Module) -> Iterator[tuple[str, str, set[str]]]:
    """Yield each name that the head defines, with its source and the names in it; "" for other statements."""
    others = []
    for node in head.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                module = f"from {node.module} " if isinstance(node, ast.ImportFrom) else ""
                name = (alias.asname or alias.name).partition(".")[0]
                yield name, f"{module}import {ast.unparse(alias)}", set()
        elif isinstance(node, ast.FunctionDef):
            yield node.name, ast.unparse(node), names_in(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, ast.unparse(node), names_in(node)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            others.append(node)
    if others:
        yield "", "\n".join(map(ast.unparse, others)), set().union(*map(names_in, others))
