"""The rules: what silences and changes a warning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from project_builder import EXTRACT_LOAD, project_of, write

from codegen import pipeline
from codegen.diagnostics import has_errors
from codegen.rules import check_level

if TYPE_CHECKING:
    from pathlib import Path

# The image is a warning; the line and its column stay the same with a comment behind it.
_MOVING = f"{EXTRACT_LOAD}runner: docker\ndocker: {{image: elt}}"


def _codes(root: Path, lint: dict[str, str]) -> list[tuple[str, str]]:
    reading = pipeline.read(replace(project_of(root), lint=lint))
    return [(diagnostic.code, diagnostic.severity.value) for diagnostic in reading.diagnostics]


@pytest.mark.parametrize(
    ("level", "found"),
    [("off", []), ("warning", [("moving-image", "warning")]), ("error", [("moving-image", "error")])],
)
def test_the_configuration_sets_the_severity_of_a_warning(
    level: str, found: list[tuple[str, str]], tmp_path: Path
) -> None:
    """It is turned off, stays as it is, or stops the write."""
    root = write(tmp_path, {"schedules/a.yml": f"{_MOVING}\n"})
    assert _codes(root, {"moving-image": level}) == found
    generation = pipeline.generate(replace(project_of(root), lint={"moving-image": level}))
    assert bool(generation.files) != has_errors(generation.diagnostics)


@pytest.mark.parametrize("level", ["off", "error"])
def test_a_silencer_goes_before_the_configuration(level: str, tmp_path: Path) -> None:
    """A silenced warning is no error, and a silencer of a warning that is off is used."""
    root = write(tmp_path, {"schedules/a.yml": f"{_MOVING}  # dagpress: ignore[moving-image] a sandbox\n"})
    assert _codes(root, {"moving-image": level}) == []


def test_an_unused_silencer_can_be_turned_off(tmp_path: Path) -> None:
    """It is a warning as any other."""
    text = f"{EXTRACT_LOAD}pool: a  # dagpress: ignore[moving-image] a sandbox\n"
    root = write(tmp_path, {"schedules/a.yml": text})
    assert _codes(root, {}) == [("unused-ignore", "warning")]
    assert _codes(root, {"unused-ignore": "off"}) == []


def test_behind_an_error_no_silencer_is_unused(tmp_path: Path) -> None:
    """What is wrong there may be the reason that the warning is not found."""
    text = f"{EXTRACT_LOAD}pool: a  # dagpress: ignore[moving-image] a sandbox\nno_key: 1\n"
    assert _codes(write(tmp_path, {"schedules/a.yml": text}), {}) == [("unknown-key", "error")]


def test_a_silencer_for_one_environment_is_used(tmp_path: Path) -> None:
    """It silences the warning of those that have it, and the others do not call it unused."""
    text = (
        f"{EXTRACT_LOAD}environments:\n  dev:\n    runner: docker\n"
        "    docker: {image: elt}  # dagpress: ignore[moving-image] a sandbox\n"
    )
    configuration = 'environments = ["dev", "prod"]\nseparate_system_databases = true\n'
    assert _codes(write(tmp_path, {"schedules/a.yml": text, "dagpress.toml": configuration}), {}) == []


@pytest.mark.parametrize(
    ("code", "level", "problem"),
    [
        ("moving-image", "off", None),
        ("moving-imag", "off", ("there is no rule 'moving-imag'", "did you mean `moving-image`?")),
        ("\x1b", "off", ("there is no rule '\\x1b'", "`dagpress rule` lists the codes")),
        (
            "unknown-key",
            "off",
            ("`unknown-key` is an error, and only the severity of a warning can be changed", "remove this line"),
        ),
        (
            "moving-image",
            False,
            ("the level of `moving-image` cannot be False", 'one of "off", "warning", "error"'),
        ),
    ],
)
def test_a_level_must_be_one_of_a_warning(code: str, level: object, problem: tuple[str, str] | None) -> None:
    """The configuration names warnings that exist, and levels that exist."""
    assert check_level(code, level) == problem
