"""Reads one YAML file into nodes."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import yaml

from codegen import rules
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.source.convert import MOST_DEPTH, Converter, Dialect
from codegen.source.syntax_errors import character_error, place_at, syntax_error

if TYPE_CHECKING:
    from pathlib import Path

    from codegen.source.nodes import Node


__all__ = ["Dialect", "parse_yaml", "read_text", "read_yaml"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MOST_BYTES = 1_000_000
# A shorter text cannot be nested so deeply that the composer runs out of stack (tried up to 20,000 levels).
_LENGTH_OF_SOME_DEPTH = 10_000


def read_yaml(
    path: Path, name: str, dialect: Dialect = Dialect.STRICT, text: str | None = None
) -> tuple[Node | None, list[Diagnostic]]:
    """Read a file.

    Args:
        path: the file.
        name: its path in the project, for messages.
        dialect: whether YAML's traps are errors.
        text: replaces the content of the file.

    Returns:
        The document (None for an empty or unreadable file) and the diagnostics.
    """
    text, problems = read_text(path, name, text)
    return (None, problems) if text is None else parse_yaml(text, name, dialect)


def read_text(path: Path, name: str, text: str | None = None) -> tuple[str | None, list[Diagnostic]]:
    """Read the text of a file, without a byte order mark; the arguments and the result are those of `read_yaml`."""
    try:
        # The bytes of a lone surrogate are refused like any others that are not UTF-8.
        data = _read(path) if text is None else text.encode("utf-8", "surrogatepass")
        _check_bytes(data)
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        return None, [_not_utf_8(error, name)]
    except InvalidError as error:
        return None, [error.at(Location(name))]
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        return None, [Diagnostic(rules.UNREADABLE, message, Location(name), "fix or remove it")]


def parse_yaml(text: str, name: str, dialect: Dialect = Dialect.STRICT) -> tuple[Node | None, list[Diagnostic]]:
    """Parse a text; the arguments and the result are those of `read_yaml`."""
    try:
        _check_depth(text)
        return Converter(name, dialect).document(text)
    except InvalidError as error:
        return None, [error.at(Location(name))]
    except yaml.MarkedYAMLError as error:
        return None, [syntax_error(error, text, name)]
    except yaml.reader.ReaderError as error:
        return None, [character_error(error, text, name)]


def _read(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InvalidError("this is not a file", "remove it", rules.UNREADABLE)
    # A larger file is not read in full.
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def _check_bytes(data: bytes) -> None:
    if len(data) > _MOST_BYTES:
        raise InvalidError(f"the file is larger than {_MOST_BYTES} bytes", "split it", rules.UNREADABLE)
    if b"\x00" in data:
        raise InvalidError("this is a binary file, or text that is not UTF-8", "save it as UTF-8", rules.BINARY_FILE)


def _not_utf_8(error: UnicodeDecodeError, name: str) -> Diagnostic:
    before = error.object[: error.start].decode("utf-8", "replace")
    message = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
    return Diagnostic(rules.NOT_UTF_8, message, place_at(before, len(before), name), "save the file as UTF-8")


def _check_depth(text: str) -> None:
    """Refuse a text that is nested too deeply for the composer, which is recursive without a bound."""
    if len(text) < _LENGTH_OF_SOME_DEPTH:
        return
    loader, depth = _Loader(text), 0
    try:
        while loader.check_event():
            event = loader.get_event()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_DEPTH:
                raise InvalidError(f"nested deeper than {MOST_DEPTH} levels", "flatten it", rules.NESTED_TOO_DEEP)
    finally:
        loader.dispose()
