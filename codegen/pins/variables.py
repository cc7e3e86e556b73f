"""Variables in files with pins: shell, Dockerfile, Compose, make and GitHub workflows."""

from __future__ import annotations

import re
from collections.abc import Iterable

_REFERENCE = re.compile(
    r"""\$(?:\{\{[ ]*(?:env|vars)\.(?P<workflow>\w+)[ ]*\}\}"""
    r"""|\{(?P<braced>\w+)(?::?-(?P<default>[^}\n]{0,200}))?\}|\((?P<make>\w+)\)|(?P<plain>[A-Za-z_]\w*))"""
)
# `NAME=value`, `NAME: value`, `ARG NAME=value`, `ENV NAME value`; a comment defines nothing.
_DEFINITION = (
    r"""^[^#\n]*?(?<![\w${.-])(?:NAME(?:[ \t]*[:?]?=(?!=)|:(?=[ \t]))|(?<=ENV )NAME(?=[ \t]))[ \t]*"""
    r"""(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s"'#]+))"""
)
# A variable can be defined by other variables.
_MAX_ROUNDS = 3


def expand(text: str, others: Iterable[str]) -> str:
    """Replace each variable by its first definition, in the text itself or in the other texts.

    Without a definition, the default in `${NAME:-default}` applies; other variables stay.
    """
    values: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        name = match["workflow"] or match["braced"] or match["make"] or match["plain"]
        if name not in values:
            values[name] = next(filter(None, (_definition(name, each) for each in (text, *others) if name in each)), "")
        return values[name] or match["default"] or match[0]

    expanded = text
    for _ in range(_MAX_ROUNDS):
        expanded = _REFERENCE.sub(value_of, expanded)
    return expanded


def _definition(name: str, text: str) -> str:
    """Return the first value of a variable in a text, except values that refer to the variable itself."""
    for match in re.finditer(_DEFINITION.replace("NAME", re.escape(name)), text, re.MULTILINE):
        value = match["double"] or match["single"] or match["bare"]
        if not re.search(rf"\$[^\w$]*(?:\w+\.)?{re.escape(name)}\b", value):
            return value
    return ""
