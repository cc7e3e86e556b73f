"""Assets in a generated file. On Airflow 2, they are datasets and only have a URI."""

from __future__ import annotations

from codegen.airflow_facts import facts_of
from codegen.schema.asset import Asset
from codegen.values import Call, call


def asset_call(asset: Asset, airflow: str) -> Call:
    """Return the call for an asset, which equals a hand-written asset with the same name and URI."""
    if not facts_of(airflow).has_assets:
        return call("Dataset", asset.uri)
    return call("Asset", asset.name) if asset.is_plain else call("Asset", asset.name, uri=asset.uri)


def any_of(assets: tuple[Call, ...], airflow: str) -> Call:
    """Return the condition that any of several assets was updated."""
    return Call("AssetAny" if facts_of(airflow).has_assets else "DatasetAny", assets)
