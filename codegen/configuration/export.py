"""Exports the configuration keys as a JSON Schema and as a reference."""

from __future__ import annotations

from codegen.configuration.model import Configuration
from codegen.keys.field_type import JsonSchema
from codegen.keys.table import keys_of
from codegen.schema.export import REFERENCE_HEAD, described, reference_line


def configuration_schema() -> JsonSchema:
    """Return the JSON Schema of dagpress.toml."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The configuration of Dagpress",
        "type": "object",
        "required": ["airflow"],
        "additionalProperties": False,
        "properties": {
            name: described(row, row.type.json_schema(), " =") for name, row in keys_of(Configuration).items()
        },
    }


def configuration_reference() -> str:
    """Return all keys as a Markdown table."""
    return REFERENCE_HEAD + "".join(reference_line(row, " =") for row in keys_of(Configuration).values())
