"""Assets in a generated file; on Airflow 2, they are datasets and have only a URI."""

from __future__ import annotations

from codegen.airflow_facts import facts_of
from codegen.schema.asset import Asset
from codegen.values import Call, call


def asset_call(asset: Asset, airflow: str) -> Call:
    """The asset; equal to a hand-written one with the same name and URI."""
    if not facts_of(airflow).has_assets:
        return call("Dataset", asset.uri)
    return call("Asset", asset.name) if asset.is_plain else call("Asset", asset.name, uri=asset.uri)


def any_of(assets: tuple[Call, ...], airflow: str) -> Call:
    """The condition that any of several assets was updated."""
    return Call("AssetAny" if facts_of(airflow).has_assets else "DatasetAny", assets)
