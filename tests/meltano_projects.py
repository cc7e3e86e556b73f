"""Hypothesis strategies for the import: whole meltano.yml files in many styles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st
from strategies import TEXT

PLUGINS = {
    "extractors": [{"name": "tap-a"}, {"name": "tap-b"}],
    "loaders": [{"name": "target-a"}],
    "utilities": [{"name": "dbt"}],
}
JOBS: list[dict[str, Any]] = [
    {"name": "one", "tasks": ["tap-a target-a"]},
    {"name": "text", "tasks": ["tap-b target-a"]},
    {"name": "lists", "tasks": [["tap-a", "target-a"], "tap-b target-a dbt:run"]},
]
_ALIASES = "@once @manual @none @hourly @daily @midnight @weekly @monthly @yearly @annually"
_CRONS = "0 2 * * *|* * * * *|*/5 8-18 * * 1-5|0 6 * jan-jun mon-fri|0 0 L * *|5,35 * * * *|0 22-5 * * *"
_INTERVALS = st.sampled_from([*_ALIASES.split(), *_CRONS.split("|")])
_DATES = st.sampled_from(
    [
        "2020-10-05 18:37:33.834123",
        "2020-08-06T00:00:00Z",
        "2023-01-31",
        "2020-08-06 06:00:00+02:00",
        "2020-08-06T06:00:00",
    ]
)
_WORDS = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)
_ODD = st.sampled_from(
    ["a b", "a/b", ".a", "_defaults", "Case", "case", "12", "true", "null", "1.5", "2024-01-31", "#a", "é", "o'c"]
)
_ENV = st.dictionaries(
    st.from_regex(r"TAP_[A-Z]{1,4}_[A-Z]{1,6}", fullmatch=True).filter(lambda n: "PWD" not in n), TEXT, max_size=3
)
_EXTRACT_LOADS = st.fixed_dictionaries(
    {
        "name": _WORDS | _ODD,
        "extractor": st.sampled_from(["tap-a", "tap-b"]),
        "loader": st.just("target-a"),
        "transform": st.sampled_from(["skip", "run", "only"]),
        "interval": _INTERVALS,
    },
    optional={"start_date": _DATES, "env": _ENV},
)
_JOBS = st.fixed_dictionaries(
    {
        "name": _WORDS.map(lambda name: f"j-{name}"),
        "job": st.sampled_from([job["name"] for job in JOBS]),
        "interval": _INTERVALS,
    },
    optional={"env": _ENV},
)
_COMMENTS = st.lists(
    st.sampled_from(["# nightly", "# ask: the team", "#", "#- name: x", "# 'quote", "# é"]), max_size=2
)


@dataclass(frozen=True)
class Drawn:
    """A meltano.yml: its schedules, and its text."""

    schedules: list[dict[str, Any]]
    text: str


@st.composite
def projects(draw: st.DrawFn, most: int) -> Drawn:
    """Generate a project with a limited number of schedules, all of which Meltano can run."""
    schedules = draw(
        st.lists(_EXTRACT_LOADS | _JOBS, min_size=most // 2, max_size=most, unique_by=lambda s: _as_id(str(s["name"])))
    )
    indent = draw(st.sampled_from(["", "  ", "    "]))
    items = "".join(indent + line + "\n" for schedule in schedules for line in _item(draw, schedule))
    head = yaml.safe_dump({"plugins": PLUGINS, "jobs": JOBS})
    text = f"# the project\n{head}\n# all of them\nschedules:\n{items}# the end\ndefault_environment: dev\n"
    return Drawn(schedules, draw(st.sampled_from([text, text.replace("\n", "\r\n")])))


def _as_id(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in name)


def _item(draw: st.DrawFn, schedule: dict[str, Any]) -> list[str]:
    """Generate the lines of one schedule."""
    above = draw(_COMMENTS)
    if draw(st.integers(0, 5)) == 0:
        flow = yaml.safe_dump(schedule, default_flow_style=True, width=10**6, sort_keys=False)
        return [*above, f"- {flow.strip()}  # in braces"]
    keys = draw(st.permutations(list(schedule)))
    lines: list[str] = []
    for key in keys:
        lines += [*(draw(_COMMENTS) if lines else []), *_entry(draw, key, schedule[key])]
    lines += draw(_COMMENTS)
    return [*above, f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def _entry(draw: st.DrawFn, key: str, value: Any) -> list[str]:
    if key == "start_date" and draw(st.booleans()):
        return [f"{key}: {value}"]
    style = draw(st.sampled_from([None, "'", '"']))
    text = yaml.safe_dump({key: value}, default_style=style, width=10**6, allow_unicode=draw(st.booleans()))
    lines = text.strip().split("\n")
    if len(lines) == 1 and draw(st.booleans()):
        lines[0] += draw(st.sampled_from(["  # here", " #"]))
    return lines
