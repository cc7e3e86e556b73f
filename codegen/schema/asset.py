"""Airflow's assets (datasets on Airflow 2), which schedules and tasks update or wait for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from codegen.diagnostics import InvalidError, quoted
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import Model, model
from codegen.keys.section import Section
from codegen.keys.table import key
from codegen.keys.texts import PlainText
from codegen.source.nodes import ListNode, MapNode, Node

_MAX_LENGTH = 1500
_PASSWORD = re.compile(r"//[^/@]*@")


class _Identifier(PlainText):
    """The name or the URI of an asset (airflow/sdk/definitions/asset/__init__.py)."""

    hint = "for several, write a list with `asset: ...` for each"

    def _check(self, text: str) -> None:
        super()._check(text)
        if text in {"self", "context"}:
            raise InvalidError(f"Airflow does not allow {quoted(text)} as the name of an asset", "rename it")
        if text.lower().startswith("airflow:"):
            raise InvalidError("the URI scheme `airflow` is reserved", "use another scheme")
        try:
            has_password = bool(urlsplit(text).password)
        except ValueError as error:
            raise InvalidError(f"{quoted(text)} is not a valid URI", str(error)) from error
        if has_password:
            hint = f"write {quoted(_PASSWORD.sub('//', text))}"
            raise InvalidError("Airflow removes the user and the password from a URI", hint)


_IDENTIFIER = _Identifier("the name or the URI of an asset", max_length=_MAX_LENGTH)


@model(frozen=True, kw_only=True)
class Asset(Model):
    """An asset, identified by its name and URI; on Airflow 2, by its URI only."""

    reference_group = "an asset"

    name: str = key(
        _IDENTIFIER, "The name of the asset. Text instead of the map is both the name and the URI.", "orders", ""
    )
    uri: str = key(_IDENTIFIER, "The URI of the asset. Default: its name.", "s3://warehouse/orders", "")

    def __post_init__(self) -> None:
        """Set the default URI, as Airflow does."""
        object.__setattr__(self, "uri", self.uri or self.name)

    @property
    def is_plain(self) -> bool:
        """Whether its name is its URI."""
        return self.uri == self.name


ASSET = Section(Asset, "asset", "an asset", required=("name",), short="name")


class AssetList(FieldType[tuple[Asset, ...]]):
    """A list of assets, or a single asset."""

    words = "a list of assets"

    def _read(self, node: Node, report: Report) -> tuple[Asset, ...]:
        items = node.items if isinstance(node, ListNode) else (node,)
        if not items:
            raise InvalidError("expected at least one asset, got an empty list", "name an asset, or leave the key out")
        for item in items:
            if isinstance(item, MapNode) and [*item.entries] == ["asset"]:
                raise InvalidError("`asset` is only valid in `after`", "write the name or the URI without `asset`")
        return tuple(dict.fromkeys(asset for item in items if (asset := ASSET.read(item, report))))

    def json_schema(self) -> JsonSchema:
        asset = ASSET.json_schema()
        return {"anyOf": [{"type": "array", "minItems": 1, "items": asset}, *asset["anyOf"]]}
