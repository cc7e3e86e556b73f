"""Reads one YAML file into nodes, and refuses what YAML would read as something else than it looks."""

from __future__ import annotations

import re
import stat
from enum import Enum
from typing import TYPE_CHECKING, Any

import yaml

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location, quoted
from codegen.source.nodes import Entry, ListNode, MapNode, Node, Scalar

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.rules import Rule

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# A few nested aliases ("a billion laughs") would take all of the memory.
_MOST_REPEATED = 20_000
_MOST_DEPTH = 60
_MOST_BYTES = 1_000_000
# A shorter text cannot be nested so deep that the composer runs out of stack (tried up to 20,000 levels).
_LENGTH_OF_SOME_DEPTH = 10_000

_TAG = "tag:yaml.org,2002:"
_KINDS = {_TAG + kind: kind for kind in ("str", "int", "float", "bool", "null", "timestamp")}
_CANONICAL = {
    "bool": re.compile(r"true|false|True|False|TRUE|FALSE"),
    "int": re.compile(r"0|[-+]?[1-9][0-9]*"),
    "float": re.compile(r"[-+]?[0-9]+\.[0-9]+"),
    "null": re.compile(r"null|~|"),
    "timestamp": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", re.DOTALL),
}


class Dialect(Enum):
    """Whose YAML it is: in a schedule the traps are errors, in meltano.yml they are Meltano's business."""

    STRICT = "schedule"
    LENIENT = "meltano"


def read_yaml(
    path: Path, name: str, dialect: Dialect = Dialect.STRICT, text: str | None = None
) -> tuple[Node | None, list[Diagnostic]]:
    """Read a file.

    Args:
        path: the file.
        name: what messages call it: its path in the project.
        dialect: whether YAML's traps are errors.
        text: what to take in place of what the file holds.

    Returns:
        The document (nothing where the file is empty or cannot be read) and what is wrong with it.
    """
    text, problems = read_text(path, name, text)
    return (None, problems) if text is None else parse_yaml(text, name, dialect)


def read_text(path: Path, name: str, text: str | None = None) -> tuple[str | None, list[Diagnostic]]:
    """Read the text of a file, without a byte order mark.

    Args:
        path: the file.
        name: what messages call it: its path in the project.
        text: what to take in place of what the file holds.

    Returns:
        The text, or nothing where it cannot be read, and what is wrong with it.
    """
    try:
        # The bytes of a lone surrogate are refused like any others that are not UTF-8.
        return _decode(_read(path, name) if text is None else text.encode("utf-8", "surrogatepass"), name), []
    except _UnreadableError as error:
        return None, [error.diagnostic]


def parse_yaml(text: str, name: str, dialect: Dialect = Dialect.STRICT) -> tuple[Node | None, list[Diagnostic]]:
    """Parse a text; the arguments and the result are those of `read_yaml`."""
    try:
        _check_depth(text)
        return _Converter(name, dialect).document(text)
    except InvalidError as error:
        return None, [error.at(Location(name))]
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_error(error, text, name)]
    except yaml.reader.ReaderError as error:
        return None, [_character_error(error, text, name)]


class _UnreadableError(Exception):
    """A file that is no text, with what is wrong with it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def _read(path: Path, name: str) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _UnreadableError(Diagnostic(rules.UNREADABLE, "this is not a file", Location(name), "remove it"))
        _check_size(status.st_size, name)
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise _UnreadableError(Diagnostic(rules.UNREADABLE, message, Location(name), "fix or remove it")) from error


def _check_size(size: int, name: str) -> None:
    if size > _MOST_BYTES:
        message = f"the file is larger than {_MOST_BYTES} bytes"
        raise _UnreadableError(Diagnostic(rules.UNREADABLE, message, Location(name), "split it"))


def _decode(data: bytes, name: str) -> str:
    _check_size(len(data), name)
    if b"\x00" in data:
        message = "this is a binary file, or text that is not UTF-8"
        raise _UnreadableError(Diagnostic(rules.BINARY_FILE, message, Location(name), "save it as UTF-8"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        place = Location(name, before.count(b"\n") + 1, column)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise _UnreadableError(Diagnostic(rules.NOT_UTF_8, message, place, "save the file as UTF-8")) from error


def _check_depth(text: str) -> None:
    """Refuse what is nested too deep for the composer, which calls itself for each level and has no bound.

    Raises:
        InvalidError: it is.
    """
    if len(text) < _LENGTH_OF_SOME_DEPTH:
        return
    loader, depth = _Loader(text), 0
    try:
        while loader.check_event():
            event = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MOST_DEPTH:
                raise InvalidError(f"nested deeper than {_MOST_DEPTH} levels", "flatten it", rules.NESTED_TOO_DEEP)
    finally:
        loader.dispose()


class _Converter:
    """Turns the nodes of one file into ours, keeping count of what aliases multiply."""

    def __init__(self, name: str, dialect: Dialect) -> None:
        self._name = name
        self._strict = dialect is Dialect.STRICT
        self._diagnostics: list[Diagnostic] = []
        self._count = 0
        self._seen: set[int] = set()

    def document(self, text: str) -> tuple[Node | None, list[Diagnostic]]:
        loader = _Loader(text)
        try:
            root = loader.get_node() if loader.check_node() else None
            if (second := loader.get_node() if loader.check_node() else None) is not None:
                message = "a second YAML document starts before here"
                self._error(rules.SEVERAL_DOCUMENTS, message, self._at(second), "keep one document in a file")
        finally:
            loader.dispose()
        if root is None:
            return None, self._diagnostics
        try:
            return self._node(root, 0), self._diagnostics
        except InvalidError as error:
            return None, [*self._diagnostics, error.at(self._at(root))]

    def _at(self, node: yaml.Node) -> Location:
        return Location(self._name, node.start_mark.line + 1, node.start_mark.column + 1)

    def _error(self, rule: Rule, message: str, location: Location, hint: str = "") -> None:
        self._diagnostics.append(Diagnostic(rule, message, location, hint))

    def _node(self, node: yaml.Node, depth: int) -> Node:
        self._check_size(node, depth)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._check_tag(node)
        if isinstance(node, yaml.SequenceNode):
            return ListNode(tuple(self._node(item, depth + 1) for item in node.value), self._at(node))
        if isinstance(node, yaml.MappingNode):
            return (self._strict and self._unquoted_template(node)) or self._map(node, depth)
        raise TypeError(node)

    def _check_tag(self, node: yaml.Node) -> None:
        if self._strict and node.tag not in {_TAG + "seq", _TAG + "map"}:
            message = f"schedules do not support the tag {quoted(_short(node.tag))}"
            self._error(rules.YAML_TAG, message, self._at(node), "remove the tag")

    def _unquoted_template(self, node: yaml.MappingNode) -> Scalar | None:
        """`{{ ds }}` without quotes, which YAML takes for a map in a map."""
        if not (node.flow_style and node.value and isinstance(node.value[0][0], yaml.MappingNode)):
            return None
        self._error(rules.YAML_TRAP, "YAML reads `{{` as the start of a map", self._at(node), 'quote it: "{{ ds }}"')
        return Scalar("trap", "", self._at(node))

    def _check_size(self, node: yaml.Node, depth: int) -> None:
        """Count what aliases bring in again: what is written out costs no more than the file is long."""
        self._count += id(node) in self._seen
        self._seen.add(id(node))
        if self._count > _MOST_REPEATED or depth > _MOST_DEPTH:
            raise InvalidError(
                "the aliases in this file expand to too many values, or it is nested too deeply",
                f"at most {_MOST_REPEATED} values by alias, {_MOST_DEPTH} deep",
                rules.ALIAS_BOMB,
            )

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        kind = _KINDS.get(node.tag)
        if kind is None:
            if self._strict:
                hint = "put it in quotes" if node.tag in {_TAG + "value", _TAG + "merge"} else "remove the tag"
                self._error(
                    rules.YAML_TAG,
                    f"YAML reads {quoted(node.value)} as {quoted(_short(node.tag))}",
                    self._at(node),
                    hint,
                )
            kind = "str"
        elif self._strict and kind in _CANONICAL:
            kind = self._checked_for_traps(node, kind)
        return Scalar(kind, node.value, self._at(node), is_plain=not node.style)

    def _checked_for_traps(self, node: yaml.ScalarNode, kind: str) -> str:
        """Refuse a value that YAML 1.1 reads otherwise than a person does: `on`, `10:30`, `012`, `!!int "x"`."""
        if _CANONICAL[kind].fullmatch(node.value):
            return kind
        cures = {"bool": "write true or false", "int": "write a plain number", "float": "write a plain number"}
        hint = f'{cures.get(kind, "write it in full")}, or quote it: "{node.value}"'
        reading = {"bool": "true or false", "int": "a number in another base", "null": "nothing"}.get(kind, f"a {kind}")
        self._error(rules.YAML_TRAP, f"YAML reads {quoted(node.value)} as {reading}", self._at(node), hint)
        return "trap"

    def _map(self, node: yaml.MappingNode, depth: int) -> MapNode:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged = {**self._merged(value, depth + 1), **merged}
                continue
            name = self._key(key)
            if name is None:
                continue
            if name in own:
                first = own[name].key_location.line
                self._error(
                    rules.DUPLICATE_KEY,
                    f"{quoted(name)} is given twice, first in line {first}",
                    self._at(key),
                    "keep one",
                )
            own[name] = Entry(self._at(key), self._node(value, depth + 1))
        return MapNode({**merged, **own}, self._at(node))

    def _key(self, node: yaml.Node) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node).text
        self._error(rules.INVALID_KEY, "a key must be text", self._at(node), "write `key: value`")
        return None

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, Entry]:
        """The entries that `<<:` brings in; of several maps the earlier wins (https://yaml.org/type/merge.html)."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        entries: dict[str, Entry] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._error(rules.INVALID_MERGE, "`<<` merges maps only", self._at(source), "give it an alias of a map")
                continue
            self._check_size(source, depth + 1)
            entries = {**self._map(source, depth + 1).entries, **entries}
        return entries


_UNCLOSED = ("this quote is not closed", "close it in the same line")


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag


_CONFLICT = re.compile(r"^(<<<<<<<|=======|>>>>>>>)( |$)", re.MULTILINE)
_NO_SPACE = re.compile(r"^[ \t-]*[A-Za-z_]+(:)[^\s:/]", re.MULTILINE)


def _syntax_error(error: yaml.MarkedYAMLError, text: str, name: str) -> Diagnostic:
    """What is wrong where YAML stopped; first what explains it better than the place where it stopped."""
    if conflict := _CONFLICT.search(text):
        place = Location(name, text.count("\n", 0, conflict.start()) + 1)
        return Diagnostic(rules.MERGE_CONFLICT, "unresolved git merge conflict", place, "resolve it")
    missing = _NO_SPACE.search(text)
    if missing and "could not find expected ':'" in (error.problem or ""):
        before = text[: missing.start(1)]
        place = Location(name, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        return Diagnostic(rules.YAML_SYNTAX, "there is no space after this colon", place, "write `key: value`")
    return _error_at_its_mark(error, text, name)


def _error_at_its_mark(error: yaml.MarkedYAMLError, text: str, name: str) -> Diagnostic:
    in_quotes = "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "")
    mark = error.context_mark if in_quotes else error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    column = mark.column if mark else 0
    lines = text.splitlines()
    found = lines[line][column:] if line < len(lines) else ""
    whole = lines[line] if line < len(lines) else ""
    above = lines[line - 1] if line else ""
    message, hint = (
        _UNCLOSED
        if in_quotes
        else _starred(whole)
        or _indented(error.problem or "", above, whole)
        or _explain(error.problem or "cannot be parsed", found)
    )
    return Diagnostic(rules.YAML_SYNTAX, message, Location(name, line + 1, column + 1), hint)


def _starred(line: str) -> tuple[str, str] | None:
    """The cure of a cron that starts with `*`, which YAML takes for an alias."""
    match = re.fullmatch(r"[^'\"#]*?: +(\*[ /,].*?)(?: #.*)?", line)
    if not match:
        return None
    return "a plain value cannot start with `*`: YAML takes it for an alias", f'quote it: "{match[1].strip()}"'


def _indented(problem: str, above: str, line: str) -> tuple[str, str] | None:
    """The cure of a key that stands further in than the value above it lets it."""
    depth, depth_above = (len(x) - len(x.lstrip()) for x in (line, above))
    if "mapping values" not in problem or depth <= depth_above or not re.match(r" *[A-Za-z_]+: +\S", above):
        return None
    return (
        "this line is indented further than the one above it",
        f"indent it by {depth_above} spaces" if depth_above else "do not indent it",
    )


def _explain(problem: str, found: str) -> tuple[str, str]:
    """What a person did who gets this error of YAML most often, and the cure."""
    word = found.split(" #", maxsplit=1)[0].strip()
    if found.startswith("@"):
        return "a plain value cannot start with `@`", f'quote it: "{word}"'
    if found.startswith("\t"):
        return "a tab cannot indent YAML", "use spaces"
    if "undefined alias" in problem:
        return problem, "define it with `&` before, or quote the value"
    if found.startswith(("%", "`")):
        return f"a plain value cannot start with `{found[0]}`", f'quote it: "{word}"'
    return (
        problem,
        "quote values that hold `: `, ` #`, `{`, `[` or start with a sign" if "mapping values" in problem else "",
    )


def _character_error(error: yaml.reader.ReaderError, text: str, name: str) -> Diagnostic:
    position = error.position if isinstance(error.position, int) and error.position <= len(text) else 0
    before = text[:position]
    location = Location(name, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    character = error.character if isinstance(error.character, int) else ord(error.character[0])
    return Diagnostic(
        rules.CONTROL_CHARACTER,
        f"the character U+{character:04X} is not allowed in YAML",
        location,
        'remove it, or write it as an escape in double quotes: "\\x1b"',
    )
