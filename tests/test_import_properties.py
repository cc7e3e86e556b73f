"""Properties of every meltano.yml: a second import changes nothing, comments are kept, and export restores it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from examples import fewer
from hypothesis import given
from hypothesis import strategies as st
from meltano_projects import Drawn, projects
from project_builder import dagpress, files_of, project_of
from test_properties import ANYTHING

from codegen import pipeline
from codegen.source.comments import read_layout

_KEYS = st.sampled_from(["name", "extractor", "loader", "transform", "interval", "start_date", "env", "job", "tasks"])
_LIKELY = st.sampled_from(["a", "tap-a", "target-a", "run", "@daily", "2024-01-31", {"A": "b"}])


def _read(path: Path) -> str:
    return path.read_bytes().decode()


def _comments(text: str) -> Counter[str]:
    return Counter(comment.text for comment in read_layout(text).comments.values())


def _as_read(text: str) -> dict[str, dict[str, Any]]:
    """Return the schedules of a meltano.yml by name; dates are strings."""
    loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # it creates only strings
    return {each["name"]: {"env": {}, **each, "start_date": None} for each in loaded["schedules"]}


def _starts(root: Path) -> dict[str, datetime]:
    """Return the start dates; a date without an offset is in UTC."""
    schedules = pipeline.read(project_of(root)).schedules
    return {s.name: s.start_date.replace(tzinfo=s.start_date.tzinfo or timezone.utc) for s in schedules}


@fewer(4)
@given(projects(6))
def test_export_reverts_an_import(drawn: Drawn) -> None:
    """All other characters of meltano.yml are unchanged."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        meltano = root / "meltano.yml"
        meltano.write_bytes(drawn.text.encode())
        code, _, err = dagpress(root, "import")
        assert code in {0, 1}, err
        assert "not-imported" not in err
        once = files_of(root)
        assert dagpress(root, "import")[0] == code
        assert files_of(root) == once

        starts = _starts(root)
        dagpress(root, "import", "--move", "--no-generate")
        assert (yaml.safe_load(_read(meltano)) or {})["schedules"] == []
        left = _comments(_read(meltano)) + sum(
            (_comments(data.decode()) for name, data in once.items() if "schedules/" in name and name.endswith(".yml")),
            Counter(),
        )
        assert _comments(drawn.text) - left == Counter()
        assert _read(meltano).replace("\r\n", "\n").startswith(drawn.text.replace("\r\n", "\n").split("schedules:")[0])

        code, _, err = dagpress(root, "export")
        assert code in {0, 1}
        assert [line for line in err.splitlines()[:-2] if "the comment `" not in line] == []
        assert _as_read(_read(meltano)) == _as_read(drawn.text)
        exported = _read(meltano)
        assert dagpress(root, "export")[:2] == (0, "")
        assert _read(meltano) == exported
        dagpress(root, "import", "--force")
        assert _starts(root) == starts


_NEAR = st.lists(st.dictionaries(_KEYS, ANYTHING | _LIKELY, max_size=7) | ANYTHING, max_size=4)


@fewer(2)
@given(_NEAR | ANYTHING, st.booleans(), st.sampled_from(["import", "import --move", "export"]))
def test_any_schedules_are_imported_or_reported_with_their_location(schedules: Any, flow: bool, command: str) -> None:  # noqa: FBT001
    """Without a traceback, and meltano.yml remains valid YAML."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        text = yaml.safe_dump({"schedules": schedules}, allow_unicode=True, default_flow_style=flow)
        (root / "meltano.yml").write_bytes(text.encode())
        (root / "schedules").mkdir()
        (root / "schedules/own.yml").write_text('tasks: [a]\ninterval: "@daily"\n')
        code, _, err = dagpress(root, *command.split(), "--strict")
        assert code in {0, 1, 2}
        assert bool(code) == any(": " in line and line.split(":")[1].isdigit() for line in err.splitlines())
        if code < 2:
            yaml.safe_load(_read(root / "meltano.yml"))
            assert dagpress(root, *command.split())[0] < 2
