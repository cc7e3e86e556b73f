"""A pin: the version specifier of a package, and its location."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version

from codegen.diagnostics import Location

# Poetry operators.
_CARET, _TILDE = re.compile(r"\^\s*(\d+)(\.[\d.]+)?$"), re.compile(r"~\s*(\d+\.\d+)(\.\d+)?$")
# More than any minor version of Airflow has.
_PATCHES = range(40)


@dataclass(frozen=True)
class Pin:
    """The versions of a package that a line of a file or an installed package allows.

    Attributes:
        text: the pin as written, such as `apache-airflow==2.10.5`.
        specifier: the allowed versions, in the syntax of pip; empty if the version cannot be read.
        is_installed: whether it is an installed package.
    """

    text: str
    specifier: SpecifierSet
    location: Location
    is_installed: bool = False

    @property
    def place(self) -> str:
        """The file and line, or the directory of an installed package."""
        return self.location.path if self.is_installed else f"{self.location.path}:{self.location.line}"

    @cached_property
    def minor(self) -> str:
        """The only allowed minor version, such as `2.10`; empty if several are allowed."""
        for each in self.specifier:
            parts = Version(each.version.removesuffix(".*")).release
            is_equal = each.operator in {"==", "==="} and (not each.version.endswith(".*") or len(parts) > 1)
            if is_equal or (each.operator == "~=" and len(parts) > 2):  # noqa: PLR2004  # major, minor and patch
                return ".".join(map(str, (*parts, 0)[:2]))
        return ""

    def fits(self, minor: str) -> bool:
        """Return whether any release of a minor version is allowed."""
        if self.minor:
            return self.minor == minor
        return any(self.specifier.contains(f"{minor}.{patch}", prereleases=True) for patch in _PATCHES)

    def is_below(self, minimum: str) -> bool:
        """Return whether every allowed version is older than the minimum."""
        return any(
            each.operator in {"==", "===", "~=", "<", "<="}
            and Version(each.version.removesuffix(".*")) <= Version(minimum)
            and not each.contains(minimum, prereleases=True)
            for each in self.specifier
        )

    @property
    def highest(self) -> Version:
        """The highest version in the specifier."""
        return max(Version(each.version.removesuffix(".*")) for each in self.specifier)


def specifier_of(text: str) -> SpecifierSet | None:
    """Parse a specifier of pip, Poetry or Pipenv; None if it does not restrict the version."""
    text = text.strip().rstrip(",").strip()
    if re.match(r"=?\d", text):
        # Poetry and conda.
        text = f"=={text.removeprefix('=')}"
    try:
        if caret := _CARET.match(text):
            text = f">={caret[1]}{caret[2] or ''},<{int(caret[1]) + 1}"
        elif tilde := _TILDE.match(text):
            text = f"~={tilde[1]}{tilde[2] or '.0'}"
        found = SpecifierSet(text)
        for each in found:
            Version(each.version.removesuffix(".*"))
    except ValueError:  # an invalid specifier, or arbitrary text after `===`
        return None
    return found if any(_is_comparable(each) for each in found) else None


def _is_comparable(specifier: Specifier) -> bool:
    return specifier.operator != "!="
