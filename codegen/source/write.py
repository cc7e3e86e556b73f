"""Writes values as YAML that YAML 1.1 and 1.2 readers read back unchanged, with as few quotes as possible."""

from __future__ import annotations

import re
from typing import Any

import yaml

# Lines are never folded, so that a value is one line in a diff.
_WIDTH = 2**31
# Characters that need an escape in double quotes.
# `re` compiles and caches it on first use: it is slow to compile, and most commands write no YAML.
_INVISIBLE = r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"

# Numbers in YAML 1.2, which Meltano reads; some are text in YAML 1.1.
_NUMBER = re.compile(r"[-+]?(?:0o[0-7_]+|(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|_*[0-9][0-9_]*)")


def to_yaml(value: Any, *, flow: bool = False) -> str:  # noqa: ANN401
    """Format JSON data as YAML with a final line end; in flow style, on one line."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=flow)
    return str(text.removesuffix("...\n"))


class _Dumper(yaml.SafeDumper):
    """Block style: text of several lines is a block, and lists are not indented below their key."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002
        """Write a repeated value again instead of an alias, which is hard to review."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text)
    if "\n" in text and not dumper.default_flow_style and _is_block(text):
        node.style = "|"
    elif re.search(_INVISIBLE, text) or (_needs_quotes(dumper, text) and not re.search(r'["\\]', text)):
        node.style = '"'
    return node


def _is_block(text: str) -> bool:
    """Return whether a block can express the text: printable lines without trailing space, the last not empty."""
    lines = text.removesuffix("\n").split("\n")
    return (
        lines[-1] != ""
        and text.strip() != ""
        and not any(line != line.rstrip() or not line.isprintable() for line in lines)
    )


def _needs_quotes(dumper: yaml.SafeDumper, text: str) -> bool:
    """Return whether unquoted text would be read as a number, a date, an alias or a null."""
    analysis = dumper.analyze_scalar(text)
    is_plain = analysis.allow_block_plain and analysis.allow_flow_plain and not analysis.multiline
    resolver: Any = dumper
    return (
        not is_plain
        or bool(_NUMBER.fullmatch(text))
        or resolver.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str"
    )


_Dumper.add_representer(str, _represent_text)
