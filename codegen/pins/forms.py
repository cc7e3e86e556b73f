"""The syntax of pins in text files: requirements, TOML and JSON tables, lock files, URLs, images, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from packaging.specifiers import SpecifierSet

from codegen.diagnostics import Location, printable
from codegen.pins.pin import Pin, specifier_of

AIRFLOW = "apache-airflow"

_VERSION = r"\d+(?:\.\d+)+(?:(?:a|b|rc)\d+)?"
# A single `=` is conda syntax.
_SPECIFIER = r"(?:(?:={1,3}|~=|!=|<=?|>=?)[ \t]*\d[\w.*+]*(?:![\w.*+]+)?[ \t]*(?:,[ \t]*)?)+"
# A variable without a definition, which `codegen/pins/variables.py` does not replace.
_VARIABLE = r"\$(?:\{\{[^}\n]{0,200}\}\}|\{[^}\n]{0,200}\}|\([^)\n]{0,200}\)|\w+)"
# The group `version` is the specifier.
_PATTERNS_FOR_ALL = (
    rf"(?<![\w./!*+-])(?:NAME)(?:\[[^\]\n]{{0,200}}\])?[ \t]*(?P<version>{_SPECIFIER}|[=~<>]+[ \t]*{_VARIABLE})",
    (
        r"""(?:^|[{,])[ \t]*["']?(?:NAME)["']?[ \t]*[=:]\s*(?:\[\s*)?"""
        r"""(?:\{[^{}]*?version["']?[ \t]*[=:][ \t]*)?["'](?P<version>[^"'\n]+)"""
    ),
    r"""^name = "(?:NAME)"\nversion = "(?P<version>[^"]+)"$""",
    rf"(?:NAME)-(?P<version>{_VERSION})(?=-py|\.tar)",
)
# If the Airflow version cannot be read, `version` is empty or not a specifier.
_AIRFLOW_PATTERNS = (
    rf"constraints-(?P<version>{_VERSION}|{_VARIABLE})/",
    rf"(?:apache|bitnami)/airflow:(?:slim-)?(?P<version>{_VERSION}|{_VARIABLE}|[\w.-]+)",
    rf"apache/airflow(?:\.git)?@v?(?P<version>{_VERSION}|[^\s\"']+)",
    rf"\bAIRFLOW_VERSION(?::-|[ \t]*[:?]?=|:|[ \t])[ \t]*[\"']?(?P<version>{_VERSION})",
    rf"^[ \t]*-[ \t]*[\"']?(?:[\w-]+::)?airflow[ \t]*(?P<version>{_SPECIFIER})",
    r"(?:FROM|image:)[ \t]+[\"']?(?:docker\.io/)?apache/airflow(?P<version>)(?![\w:@/.-])",
    r"\bapache[-_.]airflow(?:\[[^\]\n]{0,200}\])?[ \t]*@[ \t]*(?P<version>)(?!\S{0,200}\d\.\d)\S+",
    # The tags of Astro Runtime contain the minor version of Airflow only since Airflow 3.
    r"(?:\bastro-runtime|\bastrocrpublic\.azurecr\.io/runtime):(?P<version>\d+\.\d+(?=-\d)|)[^\s\"']*",
    (
        r"""\bname:[ \t]*["']?airflow["']?[ \t]*\n(?:[ \t]+[a-z].*\n){0,50}?"""
        rf"""[ \t]+pip_url:[ \t]*["']?(?P<version>{_VARIABLE})"""
    ),
)


def pins_in(text: str, original: str, path: str, package: str) -> Iterator[Pin]:
    """Yield the pins of a package in a file, in order.

    Args:
        text: the text of the file, with variables replaced by their values.
        original: the original text, for the positions.
        path: the name of the file.
        package: the name of the distribution.
    """
    matches = [match for pattern in _patterns(package) for match in pattern.finditer(text)]
    lines = original.split("\n") if matches else []
    for match in sorted(matches, key=lambda match: match.start("version")):
        specifier = specifier_of(match["version"])
        if specifier is None and (match.re in _general(package) and "$" not in match["version"]):
            continue
        line_start = text.rfind("\n", 0, match.start("version")) + 1
        before = text[line_start : match.start("version")]
        if re.search(r"(?:^|\s)#", before):
            continue
        # A match with quotes or several lines is not readable in a message.
        is_phrase = not re.search("[\"'\n]", match[0])
        written = match[0].strip(" \t,;-") if is_phrase else f"{package} {match['version']}"
        line = text.count("\n", 0, line_start)
        location = Location(path, line + 1, _common(before, lines[line]) + 1)
        yield Pin(printable(written), specifier or SpecifierSet(), location)


def _common(first: str, second: str) -> int:
    """Return the length of the common prefix of two texts."""
    return next(
        (number for number, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), len(first)
    )


def _patterns(package: str) -> tuple[re.Pattern[str], ...]:
    return (*_general(package), *(_airflow() if package == AIRFLOW else ()))


@cache
def _general(package: str) -> tuple[re.Pattern[str], ...]:
    # Names are normalized as in PEP 503.
    names = re.sub("[-_.]+", "[-_.]+", package)
    if package == AIRFLOW:
        # The distribution of Airflow 3 is apache-airflow-core.
        names += "(?:[-_.]+core)?"
    return tuple(re.compile(each.replace("NAME", f"(?i:{names})"), re.MULTILINE) for each in _PATTERNS_FOR_ALL)


@cache
def _airflow() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.MULTILINE) for each in _AIRFLOW_PATTERNS)
