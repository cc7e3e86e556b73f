"""The YAML parser, with limits against stack overflows by nesting and memory exhaustion by aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

import yaml

from codegen import rules
from codegen.diagnostics import InvalidError, Location

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Results for longer texts are not cached.
_MAX_CACHED_LENGTH = 100


@lru_cache(maxsize=4096)
def _tag_of(value: str) -> str:
    """Return the tag of a scalar without quotes; cached, since files share keys and many values."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, value, (True, False)))


class Loader(_BASE):  # type: ignore[misc]  # either of two
    """PyYAML's loader without path resolvers, which are unused here and take a tenth of the time."""

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        """Do nothing."""

    def ascend_resolver(self) -> None:
        """Do nothing."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """Return the tag of a node without an explicit tag."""
        is_plain = kind is yaml.ScalarNode and implicit[0] and len(value) <= _MAX_CACHED_LENGTH
        return _tag_of(value) if is_plain else str(super().resolve(kind, value, implicit))


_RESOLVER: Any = yaml.resolver.Resolver()
# The line ends of YAML 1.1, by which the parser counts lines (https://yaml.org/spec/1.1/#b-char).
LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
# A few nested aliases ("billion laughs") would exhaust the memory.
_MAX_REPEATED = 20_000
_MAX_DEPTH = 60
_ALIAS = re.compile(r"\*[\w-]")
# Shorter texts cannot overflow the stack of the composer (tested with up to 20,000 levels).
_SAFE_LENGTH = 10_000


@contextmanager
def loader_of(text: str) -> Iterator[Any]:
    """Open the parser of a text for the block.

    Raises:
        InvalidError: the text is nested too deeply.
        yaml.YAMLError: the text is not valid YAML; also raised in the block.
    """
    _check_depth(text)
    loader = Loader(text)
    try:
        yield loader
    finally:
        loader.dispose()


def check_size(root: yaml.Node, text: str) -> None:
    """Reject the nodes of a text that are nested too deeply or repeated too often by aliases."""
    if not (_repeats_too_much(root) if _ALIAS.search(text) else _is_too_deep(root)):
        return
    raise InvalidError(
        "the aliases in this file expand to too many values, or it is nested too deeply",
        f"at most {_MAX_REPEATED} values by alias, {_MAX_DEPTH} deep",
        rules.ALIAS_BOMB,
    )


def _repeats_too_much(root: yaml.Node) -> bool:
    seen: set[int] = set()
    repeated, waiting = 0, [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        repeated += id(node) in seen
        seen.add(id(node))
        if repeated > _MAX_REPEATED or depth > _MAX_DEPTH:
            return True
        waiting += ((child, depth + 1) for child in _parts_of(node))
    return False


def _is_too_deep(root: yaml.Node) -> bool:
    """Return whether a text without aliases is nested too deeply."""
    level, depth = [root], 0
    while level and depth <= _MAX_DEPTH:
        level = [child for node in level if isinstance(node, yaml.CollectionNode) for child in _parts_of(node)]
        depth += 1
    return bool(level)


def place_of(mark: yaml.Mark, text: str, name: str) -> Location:
    """Convert a mark of the parser, which can be past the end of the text, to a location."""
    lines = LINE_END.split(text)
    if mark.line < len(lines):
        return Location(name, mark.line + 1, mark.column + 1)
    return Location(name, len(lines), len(lines[-1]) + 1)


def _parts_of(node: yaml.Node) -> Iterator[yaml.Node]:
    """Yield the child nodes of a collection: items, keys and values."""
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return iter(node.value if isinstance(node, yaml.SequenceNode) else ())


def _check_depth(text: str) -> None:
    """Reject a text that is nested too deeply for the composer, which is recursive without a limit."""
    if len(text) < _SAFE_LENGTH:
        return
    loader, depth = Loader(text), 0
    try:
        while loader.check_event():
            event = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise InvalidError(f"nested deeper than {_MAX_DEPTH} levels", "flatten it", rules.NESTED_TOO_DEEP)
    finally:
        loader.dispose()
