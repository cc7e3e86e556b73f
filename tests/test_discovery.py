"""Which files are schedules, and names that differ between systems."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import EXTRACT_LOAD, project_of, write

from codegen import pipeline
from codegen.pipeline.file_name import problem_of
from codegen.schema.model import file_stem

_COMPOSED, _DECOMPOSED = "di\u00e1rias", "dia\u0301rias"


@pytest.mark.parametrize(
    ("names", "schedules", "found"),
    [
        (["_draft.yml", "_archive/a.yml", "b/_c/d.yml", "b/e.yml"], ["b/e.yml"], {}),
        (["a.yml", "_Defaults.yml"], ["a.yml"], {"_Defaults.yml": "no-effect"}),
        (["a.yml", "b/_default.yaml"], ["a.yml"], {"b/_default.yaml": "no-effect"}),
        (["Orders.yml", "orders.yml"], ["Orders.yml", "orders.yml"], {"orders.yml": "duplicate-file"}),
        (["Sales/a.yml", "sales/b.yml"], ["Sales/a.yml", "sales/b.yml"], {"sales": "duplicate-file"}),
        (["a.yaml", "A.yml"], ["A.yml", "a.yaml"], {"a.yaml": "duplicate-file"}),
        ([f"{_COMPOSED}.yml"], [f"{_COMPOSED}.yml"], {}),
        (
            [f"{_COMPOSED}.yml", f"{_DECOMPOSED}.yml"],
            [f"{_COMPOSED}.yml"],
            {f"{_DECOMPOSED}.yml": "file-name"},
        ),
    ],
)
def test_names_of_schedule_files(names: list[str], schedules: list[str], found: dict[str, str], tmp_path: Path) -> None:
    """A file with a leading `_` is not a schedule, and names that are equal on macOS or Windows are an error."""
    for number, name in enumerate(names):
        write(tmp_path, {f"schedules/{name}": f"name: schedule{number}\n{EXTRACT_LOAD}"})
    reading = pipeline.read(project_of(tmp_path))
    assert [file.relative for file in reading.files] == schedules
    assert {d.location.path.removeprefix("schedules/"): d.code for d in reading.diagnostics} == found


def test_a_name_in_two_unicode_forms_is_to_be_removed(tmp_path: Path) -> None:
    """Renaming one file would replace the other."""
    write(tmp_path, {f"schedules/{name}.yml": EXTRACT_LOAD for name in (_COMPOSED, _DECOMPOSED)})
    (problem,) = pipeline.read(project_of(tmp_path)).diagnostics
    assert problem.hint == f"remove it or `{_COMPOSED}.yml`, which also exists"


def test_a_pattern_of_exclude_without_matches_is_reported(tmp_path: Path) -> None:
    """Also a negated pattern, but not a pattern for files in an excluded folder."""
    configuration = 'exclude = ["drafts/", "drafts/a.yml", "gone.yml", "!kept.yml"]\n'
    files = {"schedules/a.yml": EXTRACT_LOAD, "schedules/drafts/a.yml": "", "dagpress.toml": configuration}
    reading = pipeline.read(project_of(write(tmp_path, files)))
    assert [(d.code, d.message.split("`")[1], d.location.column) for d in reading.diagnostics] == [
        ("no-effect", "gone.yml", configuration.index('"gone') + 1),
        ("no-effect", "!kept.yml", configuration.index('"!kept') + 1),
    ]


@pytest.mark.parametrize("name", ["_draft", "__x", ".a", "-a", "_defaults", "../_up", "_", "", "\u597d" * 90])
def test_the_file_name_for_a_schedule_is_read_as_that_schedule(name: str, tmp_path: Path) -> None:
    """`import`, `schedule add` and the page use these file names."""
    project = project_of(write(tmp_path, {f"schedules/{file_stem(name)}.yml": EXTRACT_LOAD}))
    assert len(pipeline.read(project).files) == 1
    assert problem_of(project, f"{file_stem(name)}.yml") == ""
    assert bool(problem_of(project, f"{name}/a.yml")) == (name != "-a")
