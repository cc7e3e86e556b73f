"""The syntax of pins in text files: requirements, TOML and JSON tables, lock files, images, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from codegen.diagnostics import Location, printable
from codegen.pins.pin import Pin, specifier_of

AIRFLOW = "apache-airflow"

_VERSION = r"\d+(?:\.\d+)+(?:(?:a|b|rc)\d+)?"
_SPECIFIER = r"(?:(?:===?|~=|!=|<=?|>=?)[ \t]*\d[\w.*+!]*[ \t]*,?[ \t]*)+"
# Each has the specifier as its group `version`.
_REQUIREMENT = rf"(?<![\w./-])(?:NAME)(?:\[[^\]\n]*\])?[ \t]*(?P<version>{_SPECIFIER})"
_ENTRY = (
    r"""^[ \t]*["']?(?:NAME)["']?[ \t]*[=:][ \t]*"""
    r"""(?:\{[^}]*?version["']?[ \t]*[=:][ \t]*)?["'](?P<version>[^"'\n]+)"""
)
_LOCKED = r"""^name = "(?:NAME)"\nversion = "(?P<version>[^"]+)"$"""
# For Airflow itself: constraint files, images, and the variable in its documentation.
_OF_AIRFLOW = (
    rf"constraints-(?P<version>{_VERSION})/",
    rf"apache/airflow:(?:slim-)?(?P<version>{_VERSION})",
    rf"\bAIRFLOW_VERSION(?::-|[ \t]*[:?]?=|:|[ \t])[ \t]*[\"']?(?P<version>{_VERSION})",
)


def pins_in(text: str, path: str, package: str) -> Iterator[Pin]:
    """The pins of a package in a file, in order."""
    matches = [match for pattern in _patterns(package) for match in pattern.finditer(text)]
    for match in sorted(matches, key=lambda match: match.start("version")):
        specifier = specifier_of(match["version"])
        line_start = text.rfind("\n", 0, match.start("version")) + 1
        if specifier is None or re.search(r"(?:^|\s)#", text[line_start : match.start("version")]):
            continue
        written = match[0].strip() if "\n" not in match[0] else f"{package} {match['version']}"
        line = text.count("\n", 0, match.start("version")) + 1
        column = match.start("version") - line_start + 1
        yield Pin(printable(written.strip(" \t,;\"'")), specifier, Location(path, line, column))


@cache
def _patterns(package: str) -> tuple[re.Pattern[str], ...]:
    names = re.escape(package).replace(r"\-", "[-_.]")
    if package == AIRFLOW:
        # The distribution of Airflow 3 is apache-airflow-core.
        names += "(?:[-_.]core)?"
    general = (pattern.replace("NAME", names) for pattern in (_REQUIREMENT, _ENTRY, _LOCKED))
    return tuple(re.compile(each, re.MULTILINE) for each in (*general, *(_OF_AIRFLOW if package == AIRFLOW else ())))
