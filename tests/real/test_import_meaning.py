"""Imported schedules have the meaning that real Meltano reads in meltano.yml, also after an export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from examples import fewer
from hypothesis import Phase, given
from meltano_projects import Drawn, projects
from project_builder import dagpress

pytestmark = pytest.mark.slow

Data = dict[str, Any]
LIST = ("schedule", "list", "--format=json")


def _by_name(listed: str) -> dict[str, Data]:
    """Return the schedules of a list by name, as Meltano and Dagpress print them."""
    schedules = json.loads(listed)["schedules"]
    return {each["name"]: each for each in (*schedules["elt"], *schedules["job"])}


def _without_interval(schedules: dict[str, Data]) -> dict[str, Data]:
    """Remove the interval of manual schedules, which only Dagpress prints."""
    return {name: {**each, "interval": None} for name, each in schedules.items()}


# Without shrinking: an example takes seconds.
@fewer(25, phases=[Phase.generate])
@given(drawn=projects(40))
def test_import_and_export_keep_the_schedules_that_meltano_lists(drawn: Drawn, meltano: Callable[..., str]) -> None:
    """Names, plugins, transforms, crons, environment variables, tasks and state IDs."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "meltano.yml").write_bytes(drawn.text.encode())
        before = _by_name(meltano(root, *LIST))
        assert len(before) == len(drawn.schedules)

        code, _, err = dagpress(root, "import", "--move", "--no-generate")
        assert code in {0, 1}, err
        ours = _by_name(dagpress(root, *LIST)[1])
        assert _without_interval(ours) == _without_interval(before)
        assert _by_name(meltano(root, *LIST)) == {}

        assert dagpress(root, "export")[0] in {0, 1}
        assert _by_name(meltano(root, *LIST)) == ours
