"""What every page of the Pipelines page has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pages import Pages, text_of
from project_builder import EXTRACT_LOAD, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, {"schedules/a.yml": EXTRACT_LOAD})


def test_a_page_follows_the_files(project: Path) -> None:
    pages = Pages(project)
    assert text_of(pages.get("/"), "tbody th a") == "a"
    write(project, {"schedules/a.yml": EXTRACT_LOAD + "name: other\n"})
    assert text_of(pages.get("/"), "tbody th a") == "other"


def test_a_broken_configuration_is_told(project: Path) -> None:
    write(project, {"dagpress.toml": "airflow = 3\n"})
    told = text_of(Pages(project).get("/", status=500), ".diagnostics")
    assert "dagpress.toml:1:11 expected text in quotes, got a number" in told


def test_only_names_of_this_machine_are_answered(project: Path) -> None:
    Pages(project).get("/", status=403, Host="example.com")
