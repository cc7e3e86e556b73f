"""The vendored files for browsers: complete, with their licences, and without links to other hosts."""

from __future__ import annotations

import json
import re

from vendored import FOLDER

WEB = FOLDER.parent.parent
# Identifiers of formats, which are never fetched.
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml")


def test_our_files_have_no_url_of_another_host() -> None:
    paths = [path for folder in ("templates", "static") for path in (WEB / folder).rglob("*") if path.is_file()]
    found = []
    for path in set(paths) - set(FOLDER.rglob("*")):
        text = path.read_text(encoding="utf-8")
        for name in NAMESPACES:
            text = text.replace(name, "")
        found += [(path.name, url) for url in re.findall(r"\w+:\s*//\S+|[\"'(]//[^\"')\s]+|sourceMappingURL", text)]
    assert paths
    assert found == []


def test_every_package_is_vendored_with_its_licence() -> None:
    locked = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    packages = {folder.removeprefix("node_modules/") for folder in locked if folder}
    assert packages
    for name in ("index.js", "LICENSE"):
        assert {path.parent.relative_to(FOLDER).as_posix() for path in FOLDER.rglob(name)} == packages
    assert all(package["integrity"].startswith("sha512-") for folder, package in locked.items() if folder)


def test_the_imports_of_packages_are_vendored() -> None:
    """By package name, which the page maps to a file."""
    for path in FOLDER.rglob("index.js"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^(?:import|export)\b[^;]*?\bfrom\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE):
            assert (FOLDER / name / "index.js").is_file(), f"{path}: {name}"
