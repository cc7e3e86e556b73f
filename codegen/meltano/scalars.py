"""What Meltano takes a plain scalar for: it reads YAML 1.2, and so `007` as 7, `1e5` as a number, and `on` as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codegen.source.nodes import Scalar

# As ruamel.yaml resolves YAML 1.2, with the underscores that it allows (ruamel/yaml/resolver.py, `implicit_resolvers`).
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(?:0b[0-1_]+|0o[0-7_]+|[0-9_]*[0-9][0-9_]*|0x[0-9a-fA-F_]+)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9_]+)")


def meltano_text(scalar: Scalar) -> str:
    """The text that Meltano's Python makes of the value, as in a state id: `1.50` without quotes is `1.5`."""
    text = scalar.text.replace("_", "")
    if not scalar.is_plain:
        return scalar.text
    if _BOOL.fullmatch(scalar.text):
        return scalar.text.capitalize()
    if _INT.fullmatch(scalar.text):
        return str(int(text, 10 if text.lstrip("-+").isdecimal() else 0))
    return str(float(text)) if _FLOAT.fullmatch(scalar.text) else scalar.text


def is_text(scalar: Scalar) -> bool:
    """Whether Meltano reads the value as text."""
    if not scalar.is_plain:
        return scalar.kind == "str"
    is_other = any(pattern.fullmatch(scalar.text) for pattern in (_BOOL, _INT, _FLOAT))
    return not is_other and scalar.kind not in {"timestamp", "null"}
