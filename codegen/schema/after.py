"""The key `after` of a schedule: upstream schedules and assets, in their accepted forms."""

from __future__ import annotations

from codegen import rules
from codegen.diagnostics import InvalidError
from codegen.keys.field_type import FieldType, JsonSchema, Report
from codegen.keys.model import Model, model
from codegen.keys.section import Section
from codegen.keys.table import key
from codegen.keys.texts import Name
from codegen.schema.asset import ASSET, Asset
from codegen.source.nodes import ListNode, MapNode, Node

_NAME = Name("the name of a schedule")


@model(frozen=True, kw_only=True)
class UpstreamAsset(Model):
    """An asset in a list of upstream schedules."""

    reference_group = "an asset in a list of `after`"

    asset: Asset = key(ASSET, "An asset that any DAG updates.", "s3://warehouse/orders")


class _UpstreamAssetSection(Section[UpstreamAsset]):
    """A map with `asset`."""

    def _missing(self, name: str) -> InvalidError:
        hint = "write the name of a schedule, or `asset: name-or-uri`"
        return InvalidError(f"a map in `after` requires `{name}`", hint, rules.MISSING_KEY)


UPSTREAM_ASSET = _UpstreamAssetSection(UpstreamAsset, "upstream", "a map with `asset`", required=("asset",))
Upstream = str | UpstreamAsset


class _UpstreamList(FieldType[tuple[Upstream, ...]]):
    """A list of schedule names and assets, or a single one."""

    words = "a list of schedules and assets (`asset: name-or-uri`)"

    def _read(self, node: Node, report: Report) -> tuple[Upstream, ...]:
        items = node.items if isinstance(node, ListNode) else (node,)
        types = (UPSTREAM_ASSET if isinstance(item, MapNode) else _NAME for item in items)
        read = (type_.read(item, report) for type_, item in zip(types, items, strict=True))
        return tuple(dict.fromkeys(each for each in read if each is not None))

    def json_schema(self) -> JsonSchema:
        item: JsonSchema = {"anyOf": [_NAME.json_schema(), UPSTREAM_ASSET.reference()]}
        return {"anyOf": [{"type": "array", "items": item}, *item["anyOf"]]}


@model(frozen=True, kw_only=True)
class After(Model):
    """Upstream schedules and assets: exactly one of the three keys."""

    reference_group = "after other schedules"

    all: tuple[Upstream, ...] = key(
        _UpstreamList(),
        "A run starts when all of these schedules have succeeded, and all of these assets were updated, since the "
        "last such run. `after: [a, b]` is the same.",
        '[orders, {asset: "s3://warehouse/customers"}]',
        (),
    )
    any: tuple[Upstream, ...] = key(
        _UpstreamList(),
        "A run starts when any of these schedules succeeds, or any of these assets is updated.",
        "[orders, customers]",
        (),
    )
    asset: Asset | None = key(ASSET, "A run starts when any DAG updates this asset.", "s3://warehouse/customers")

    @property
    def upstream(self) -> tuple[str | Asset, ...]:
        """The names of the upstream schedules and the upstream assets, in the order of the file."""
        given = self.all or self.any or ((self.asset,) if self.asset else ())
        return tuple(each.asset if isinstance(each, UpstreamAsset) else each for each in given)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the upstream schedules."""
        return tuple(each for each in self.upstream if isinstance(each, str))

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The upstream assets."""
        return tuple(each for each in self.upstream if isinstance(each, Asset))


class _AfterSection(Section[After]):
    """A map with `all`, `any` or `asset`; a list or a single name means `all`."""

    def _checked(self, after: After) -> After:
        given = [name for name in ("all", "any", "asset") if getattr(after, name)]
        if len(given) > 1:
            names = " and ".join(f"`{name}`" for name in given)
            places = ", ".join(f"`{name}` at {after.at[name]}" for name in given)
            hint = f"keep one; {' or '.join(f'`{name}: null`' for name in reversed(given))} removes an inherited one"
            raise InvalidError(f"{names} are mutually exclusive ({places})", hint, rules.MIXED_KINDS)
        if not given:
            raise InvalidError("expected at least one schedule", "name a schedule, or leave the key out")
        return after

    def json_schema(self) -> JsonSchema:
        name: JsonSchema = {"type": "string", "minLength": 1}
        item: JsonSchema = {"anyOf": [name, UPSTREAM_ASSET.reference()]}
        return {"anyOf": [self.reference(), {"type": "array", "minItems": 1, "items": item}, name]}


AFTER = _AfterSection(
    After,
    "after",
    "the name of a schedule, a list of schedules and assets, or a map with `all`, `any` or `asset`",
    short="all",
)
