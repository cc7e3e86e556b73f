"""Reads a YAML file into nodes."""

from __future__ import annotations

import errno
from pathlib import Path

import yaml

from codegen import rules
from codegen.cache import Cache
from codegen.diagnostics import Diagnostic, InvalidError, Location
from codegen.files import check_size, read_bytes
from codegen.source.convert import Converter
from codegen.source.nodes import Node
from codegen.source.syntax_errors import character_error, merge_conflict, place_at, syntax_error
from codegen.text.conflict import conflict_in

_MAX_BYTES = 1_000_000


def read_yaml(
    path: Path, name: str, text: str | None = None, *, strict: bool = True
) -> tuple[Node | None, list[Diagnostic]]:
    """Read a file, and return its document, or None if it is empty or unreadable, and the diagnostics.

    `name` is the path in the project, for messages. `text` replaces the content of the file. With `strict`, YAML traps
    are errors, as in schedules; meltano.yml is read without it.
    """
    text, problems = read_text(path, name, text)
    return (None, problems) if text is None else parse_yaml(text, name, strict=strict)


def read_text(
    path: Path, name: str, text: str | None = None, cache: Cache | None = None
) -> tuple[str | None, list[Diagnostic]]:
    """Read the text of a file, without a byte order mark; see `read_yaml`.

    The cache keeps texts, but not errors, which may be temporary.
    """
    try:
        if text is None:
            return cache.of_file(name, path, _text_in) if cache else _text_in(path, name), []
        # The bytes of a lone surrogate are rejected, like other bytes that are not UTF-8.
        return _decoded(text.encode("utf-8", "surrogatepass")), []
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        message = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        place = place_at(before, len(before), name)
        return None, [Diagnostic(rules.NOT_UTF_8, message, place, "save the file as UTF-8")]
    except InvalidError as error:
        return None, [error.at(Location(name))]
    except OSError as error:
        message = f"this file cannot be read: {error.strerror}"
        hint = "split it" if error.errno == errno.EFBIG else "fix or remove it"
        return None, [Diagnostic(rules.UNREADABLE, message, Location(name), hint)]


def parse_yaml(text: str, name: str, *, strict: bool = True) -> tuple[Node | None, list[Diagnostic]]:
    """Parse a text; see `read_yaml`."""
    conflict = conflict_in(text)
    if conflict is not None:
        # Inside quotes and brackets, YAML reads the markers as text.
        return None, [merge_conflict(text, conflict, name)]
    try:
        return Converter(name, strict=strict).document(text)
    except InvalidError as error:
        return None, [error.at(Location(name))]
    except yaml.MarkedYAMLError as error:
        return None, [syntax_error(error, text, name)]
    except yaml.reader.ReaderError as error:
        return None, [character_error(error, text, name)]


def _text_in(path: Path, _name: str) -> str:
    return _decoded(read_bytes(path, _MAX_BYTES))


def _decoded(data: bytes) -> str:
    check_size(len(data), _MAX_BYTES)
    if b"\x00" in data:
        raise InvalidError("this is a binary file, or text that is not UTF-8", "save it as UTF-8", rules.BINARY_FILE)
    return data.decode("utf-8-sig")
