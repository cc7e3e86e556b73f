"""Converts YAML into nodes, and rejects values that YAML reads differently than expected."""

from __future__ import annotations

import re

import yaml

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, printable, quoted
from codegen.rules import Rule
from codegen.source.loading import check_size, loader_of, place_of
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar, type_name

_TAG = "tag:yaml.org,2002:"
_TEXT = _TAG + "str"
_KINDS = {_TAG + kind: kind for kind in ("str", "int", "float", "bool", "null", "timestamp")}
# The canonical values of a type, a description of other values, and the fix.
_CANONICAL = {
    "bool": (re.compile(r"true|false|True|False|TRUE|FALSE"), "true or false", "write true or false"),
    "int": (re.compile(r"0|[-+]?[1-9][0-9]*"), "a number in another base", "write a plain number"),
    "float": (re.compile(r"[-+]?[0-9]+\.[0-9]+"), "a float", "write a plain number"),
    "null": (re.compile(r"null|~"), "nothing", "write it in full"),
    "timestamp": (re.compile(r"(?s)[0-9]{4}-[0-9]{2}-[0-9]{2}.*"), "a timestamp", "write it in full"),
}
# A comment that is probably an unquoted value, such as `#data-team`.
_LIKE_A_VALUE = re.compile(r"[ \t]+#\S")


class Converter:
    """Converts the nodes of one file."""

    def __init__(self, name: str, *, strict: bool) -> None:
        self._name = name
        self._strict = strict
        self._diagnostics: list[Diagnostic] = []
        self._text = ""

    def document(self, text: str) -> tuple[Node | None, list[Diagnostic]]:
        """Parse a text; raises a YAMLError for invalid YAML."""
        self._text = text
        with loader_of(text) as loader:
            root = loader.get_node() if loader.check_node() else None
            if (second := loader.get_node() if loader.check_node() else None) is not None:
                message = "the file contains a second YAML document"
                place = place_of(second.start_mark, text, self._name)
                self._error(rules.SEVERAL_DOCUMENTS, message, place, "keep one document per file")
        if root is None or (root.tag == _TAG + "null" and not root.value):
            return None, self._diagnostics
        try:
            check_size(root, text)
        except InvalidError as error:
            return None, [*self._diagnostics, error.at(self._at(root))]
        return self._node(root), self._diagnostics

    def _at(self, node: yaml.Node) -> Location:
        mark = node.start_mark
        return Location(self._name, mark.line + 1, mark.column + 1)

    def _error(self, rule: Rule, message: str, location: Location, hint: str = "") -> None:
        self._diagnostics.append(Diagnostic(rule, message, location, hint))

    def _node(self, node: yaml.Node) -> Node:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if self._strict and node.tag not in {_TAG + "seq", _TAG + "map"}:
            message = f"schedules do not support the tag {quoted(_short(node.tag))}"
            self._error(rules.YAML_TAG, message, self._at(node), "remove the tag")
        if isinstance(node, yaml.SequenceNode):
            return ListNode(tuple(self._given(item) for item in node.value), self._at(node))
        if isinstance(node, yaml.MappingNode):
            if self._strict and node.flow_style and node.value and isinstance(node.value[0][0], yaml.MappingNode):
                message = "YAML reads `{{` as the start of a map"
                self._error(rules.YAML_TRAP, message, self._at(node), 'quote it: "{{ ds }}"')
                return Scalar("trap", "", self._at(node))
            return self._map(node)
        raise TypeError(node)

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        kind = _KINDS.get(node.tag)
        if kind is None:
            if self._strict:
                hint = "put it in quotes" if node.tag in {_TAG + "value", _TAG + "merge"} else "remove the tag"
                message = f"YAML reads {quoted(node.value)} as {quoted(_short(node.tag))}"
                self._error(rules.YAML_TAG, message, self._at(node), hint)
            kind = "str"
        elif self._strict and kind in _CANONICAL:
            # YAML 1.1 reads some values unexpectedly: `on`, `10:30`, `012`, `!!int "x"`.
            canonical, reading, fix = _CANONICAL[kind]
            if not canonical.fullmatch(node.value):
                kind, hint = "trap", f'{fix}, or quote it: "{node.value}"'
                self._error(rules.YAML_TRAP, f"YAML reads {quoted(node.value)} as {reading}", self._at(node), hint)
        return Scalar(kind, node.value, self._at(node), is_plain=not node.style)

    def _given(self, node: yaml.Node, key: yaml.Node | None = None) -> Node:
        """Convert the value of a key or an item of a list. An empty value is an error; only an explicit null is not."""
        if not self._strict or node.tag != _TAG + "null" or node.value or getattr(node, "style", None):
            return self._node(node)
        what, place = (quoted(key.value), self._at(key)) if key else ("this item", self._at(node))
        message, hint = f"{what} has no value", 'add the value (`""` for an empty text)'
        # The message does not quote the comment, which can be a secret.
        if _LIKE_A_VALUE.match(self._text, node.end_mark.index):
            message, hint = f"{message}: YAML reads `#` as the start of a comment", "put the value in quotes"
        no_value = f"write `{printable(key.value)}: null` to remove an inherited value" if key else "remove the item"
        self._error(rules.YAML_TRAP, message, place, f"{hint}, or {no_value}")
        return Scalar("trap", "", self._at(node))

    def _map(self, node: yaml.MappingNode) -> MapNode:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged = {**self._merged(value), **merged}
                continue
            name = self._key(key)
            if name is None:
                continue
            if name in own:
                message = f"{quoted(name)} is set twice, first on line {own[name].key_location.line}"
                self._error(rules.DUPLICATE_KEY, message, self._at(key), "keep one")
            own[name] = Entry(self._at(key), self._given(value, key))
        return MapNode({**merged, **own}, self._at(node))

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._error(rules.INVALID_KEY, "a key must be text", self._at(node), "write `key: value`")
            return None
        if node.tag == _TEXT:
            return str(node.value)
        key = self._scalar(node)
        if self._strict and key.kind not in {"str", "trap"}:
            self._error(
                rules.INVALID_KEY, f"a key must be text, got {type_name(key)}", key.location, f'quote it: "{key.text}"'
            )
        return key.text

    def _merged(self, node: yaml.Node) -> dict[str, Entry]:
        """Return the entries of `<<:`; with several maps, earlier maps win (https://yaml.org/type/merge.html)."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        entries: dict[str, Entry] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._error(rules.INVALID_MERGE, "`<<` can only merge maps", self._at(source), "use an alias of a map")
                continue
            entries = {**self._map(source).entries, **entries}
        return entries


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
