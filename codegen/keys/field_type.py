"""The base of all types of values: how a value is read, and how a JSON Schema describes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from codegen.diagnostics import Diagnostic, InvalidError
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, named

T = TypeVar("T")
Report = Callable[[Diagnostic], None]
JsonSchema = dict[str, Any]


def or_null(schema: JsonSchema) -> JsonSchema:
    """The JSON Schema of a key whose inherited value a null removes."""
    return {"anyOf": [schema, {"type": "null"}]}


class FieldType(ABC, Generic[T]):
    """A type of values.

    Attributes:
        words: the type in the reference and, where `expected` is empty, in messages.
        hint: how to write a value, for the message about another type.
        if_empty: how to write a list that must not be empty.
        is_templated: whether Airflow renders templates in its texts; False for a map whose keys have their own types.
    """

    words: str
    expected = ""
    hint = ""
    if_empty = ""
    is_templated = False

    def read(self, node: Node, report: Report) -> T | None:
        """The value, or None after reporting what is wrong with it."""
        if _is_trap(node):
            return None
        try:
            return self._read(node, report)
        except InvalidError as error:
            report(error.at(node.location))
            return None

    @abstractmethod
    def _read(self, node: Node, report: Report) -> T | None:
        """The value; errors inside it are reported. Raises an `InvalidError` where the node itself is wrong."""

    @abstractmethod
    def json_schema(self) -> JsonSchema:
        """The type as a JSON Schema."""

    def _wrong(self, node: Node) -> InvalidError:
        return InvalidError(f"expected {self.expected or self.words}, got {named(node)}", self.hint)

    def _entries(self, node: Node) -> Mapping[str, Entry]:
        if not isinstance(node, MapNode):
            raise self._wrong(node)
        return node.entries

    def _items(self, node: Node, least: int = 0) -> Sequence[Node]:
        if not isinstance(node, ListNode):
            raise self._wrong(node)
        if len(node.items) < least:
            raise InvalidError(f"expected {self.expected or self.words}, got an empty list", self.if_empty)
        return node.items


class ScalarType(FieldType[T]):
    """A type of single values."""

    def _read(self, node: Node, report: Report) -> T:  # noqa: ARG002
        if not isinstance(node, Scalar):
            raise self._wrong(node)
        return self.convert(node)

    @abstractmethod
    def convert(self, scalar: Scalar) -> T:
        """The value of the scalar. Raises an `InvalidError` for one that is not of this type."""


def _is_trap(node: Node) -> bool:
    """Whether a value, or the value of a marker, is missing, which is already reported."""
    if isinstance(node, MapNode):
        return len(node.entries) == 1 and all(
            name.startswith("$") and _is_trap(entry.value) for name, entry in node.entries.items()
        )
    return isinstance(node, Scalar) and node.kind == "trap"
