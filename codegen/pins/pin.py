"""One pin: a version specifier of a package, and its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import Version

from codegen.diagnostics import Location

# Poetry's own operators, with the upper bound that each has in the terms of pip.
_CARET, _TILDE = re.compile(r"\^\s*(\d+)(\.[\d.]+)?$"), re.compile(r"~\s*(\d+\.\d+)(\.\d+)?$")
# No release of Airflow has had as many patches.
_PATCHES = range(40)


@dataclass(frozen=True)
class Pin:
    """A place that says which versions of a package a project has.

    Attributes:
        text: as it is written, such as `apache-airflow==2.10.5`.
        specifier: the versions that it allows, as pip writes them.
        is_installed: whether it is an installed package, not a line of a file.
    """

    text: str
    specifier: SpecifierSet
    location: Location
    is_installed: bool = False

    @property
    def place(self) -> str:
        """The file and line in a sentence, or the folder of an installed package."""
        return self.location.path if self.is_installed else f"{self.location.path}:{self.location.line}"

    @cached_property
    def minor(self) -> str:
        """The minor version that it fixes, such as `2.10`; empty if it allows several."""
        for each in self.specifier:
            parts = Version(each.version.removesuffix(".*")).release
            is_equal = each.operator in {"==", "==="} and (not each.version.endswith(".*") or len(parts) > 1)
            if is_equal or (each.operator == "~=" and len(parts) > 2):  # noqa: PLR2004  # major, minor and patch
                return ".".join(map(str, (*parts, 0)[:2]))
        return ""

    def fits(self, minor: str) -> bool:
        """Whether it allows a release of that minor version."""
        if self.minor:
            return self.minor == minor
        return any(self.specifier.contains(f"{minor}.{patch}", prereleases=True) for patch in _PATCHES)

    def is_below(self, minimum: str) -> bool:
        """Whether every version that it allows is older than the minimum."""
        return any(
            each.operator in {"==", "===", "~=", "<", "<="}
            and Version(each.version.removesuffix(".*")) <= Version(minimum)
            and not each.contains(minimum, prereleases=True)
            for each in self.specifier
        )

    @property
    def highest(self) -> Version:
        """The highest version that it mentions."""
        return max(Version(each.version.removesuffix(".*")) for each in self.specifier)


def specifier_of(text: str) -> SpecifierSet | None:
    """The specifier in the syntax of pip, poetry or pipenv; None where it says no version."""
    text = text.strip().rstrip(",").strip()
    if re.match(r"\d", text):
        text = f"=={text}"
    if caret := _CARET.match(text):
        text = f">={caret[1]}{caret[2] or ''},<{int(caret[1]) + 1}"
    elif tilde := _TILDE.match(text):
        text = f"~={tilde[1]}{tilde[2] or '.0'}"
    try:
        found = SpecifierSet(text)
    except InvalidSpecifier:
        return None
    return found if any(_is_comparable(each) for each in found) else None


def _is_comparable(specifier: Specifier) -> bool:
    return specifier.operator != "!="
