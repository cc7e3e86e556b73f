"""The keys of the configuration for others: as a JSON Schema for editors, and as a reference for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codegen.configuration.model import Configuration
from codegen.keys.table import keys_of
from codegen.schema.export import default_in_words

if TYPE_CHECKING:
    from codegen.keys.field_type import JsonSchema
    from codegen.keys.table import Key


def configuration_schema() -> JsonSchema:
    """The JSON Schema of a dagpress.toml."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of Dagpress",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _property(row) for name, row in keys_of(Configuration).items()},
    }


def configuration_schema_text() -> str:
    """The same as the text of a file."""
    return json.dumps(configuration_schema(), indent=2, ensure_ascii=False) + "\n"


def configuration_reference() -> str:
    """Every key as a Markdown table."""
    rows = "".join(
        f"| `{name}` | {row.type.words} | {row.doc}{default_in_words(row.default)} | `{name} = {row.example}` |\n"
        for name, row in keys_of(Configuration).items()
    )
    return f"| key | value | meaning | example |\n| --- | --- | --- | --- |\n{rows}"


def _property(row: Key) -> JsonSchema:
    return {"description": f"{row.doc}\nExample: {row.name} = {row.example}", **row.type.json_schema()}
