"""Masks secrets in all output: pages appear on shared screens, and CI logs are public."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from codegen.secrets.detection import is_secret_in_words, is_sensitive
from codegen.secrets.line_scanner import Span, lines_of, spans_in_lines
from codegen.secrets.names import name_of
from codegen.secrets.yaml_text import spans_in_yaml

HIDDEN = "(hidden: it looks like a secret)"
_QUOTE = re.compile(r"`[^`]*`|\"[^\"]*\"")
_YAML = {".yml", ".yaml", ".json"}


def masked(text: str, name: str) -> str:
    """Mask the secrets in the text of a file, keeping its number of lines.

    Text that is not YAML is masked line by line, so more of it is hidden.
    """
    spans = spans_in_yaml(text) if PurePosixPath(name).suffix.lower() in _YAML else None
    return _hide(text, spans_in_lines(lines_of(text)) if spans is None else spans)


def masked_prose(text: str) -> str:
    """Mask the lines with a secret in a message, such as a commit message or an error of Airflow."""
    return _hide(text, spans_in_lines(lines_of(text), is_prose=True))


def masked_quotes(text: str) -> str:
    """Mask the secrets that a message of Dagpress quotes from a file."""
    return _QUOTE.sub(lambda match: HIDDEN if is_sensitive("", match[0][1:-1]) else match[0], text)


def masked_value(value: Any, path: Iterable[str] = ()) -> Any:  # noqa: ANN401  # any JSON value
    """Mask the secrets in a value of a schedule, given the keys above the value."""
    name = ""
    for key in path:
        name = name_of(key, name)
    return _masked_value(value, name)


def _masked_value(value: Any, name: str) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _masked_value(item, name_of(str(key), name)) for key, item in value.items()}
    if isinstance(value, list):
        words = [item for item in value if isinstance(item, str)]
        return HIDDEN if is_secret_in_words(words) else [_masked_value(item, name) for item in value]
    is_text = isinstance(value, (str, int)) and not isinstance(value, bool)
    return HIDDEN if is_text and is_sensitive(name, str(value)) else value


def _hide(text: str, spans: Iterable[Span]) -> str:
    """Replace the part of each line that is in a span."""
    begins = [start for start, _ in lines_of(text)]
    pieces, position = [], 0
    for start, end in sorted(spans):
        start = max(start, position)  # noqa: PLW2901  # spans may overlap
        while start < end:
            number = bisect_left(begins, start + 1)
            line_end = begins[number] - 1 if number < len(begins) else len(text)
            part = text[start : min(end, line_end)]
            if part.strip():
                indent, rest = len(part) - len(part.lstrip()), part.rstrip()
                pieces += [text[position : start + indent], HIDDEN]
                position = start + len(rest)
            start = min(end, line_end) + 1  # noqa: PLW2901
    return "".join([*pieces, text[position:]])
