"""The base classes of the types of values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from codegen.diagnostics import Diagnostic, InvalidError
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, type_name

T = TypeVar("T")
Report = Callable[[Diagnostic], None]
JsonSchema = dict[str, Any]


def or_null(schema: JsonSchema) -> JsonSchema:
    """Return a JSON Schema that also allows null, which removes an inherited value."""
    return {"anyOf": [schema, {"type": "null"}]}


class FieldType(ABC, Generic[T]):
    """A type of values.

    Attributes:
        words: the name of the type in the reference and, without `expected`, in messages.
        expected: the name of the type in messages, if it differs.
        hint: the fix for a value of another type.
        if_empty: the fix for a list that must not be empty.
        is_templated: whether Airflow renders templates in text values; False for maps with a type for each key.
    """

    words: str
    expected = ""
    hint = ""
    if_empty = ""
    is_templated = False

    def read(self, node: Node, report: Report) -> T | None:
        """Return the value, or None after reporting its errors."""
        if _is_trap(node):
            return None
        try:
            return self._read(node, report)
        except InvalidError as error:
            report(error.at(node.location))
            return None

    @abstractmethod
    def _read(self, node: Node, report: Report) -> T | None:
        """Return the value and report errors inside it. Raises an `InvalidError` if the node itself is invalid."""

    @abstractmethod
    def json_schema(self) -> JsonSchema:
        """Return the type as a JSON Schema."""

    def _wrong(self, node: Node) -> InvalidError:
        return InvalidError(f"expected {self.expected or self.words}, got {type_name(node)}", self.hint)

    def _entries(self, node: Node) -> Mapping[str, Entry]:
        if not isinstance(node, MapNode):
            raise self._wrong(node)
        return node.entries

    def _items(self, node: Node, min_items: int = 0) -> Sequence[Node]:
        if not isinstance(node, ListNode):
            raise self._wrong(node)
        if len(node.items) < min_items:
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
        """Return the value of the scalar. Raises an `InvalidError` if it is not of this type."""


def _is_trap(node: Node) -> bool:
    """Return whether a value, or the value of a marker, is a trap, which has already been reported."""
    if isinstance(node, MapNode):
        return len(node.entries) == 1 and all(
            name.startswith("$") and _is_trap(entry.value) for name, entry in node.entries.items()
        )
    return isinstance(node, Scalar) and node.kind == "trap"
