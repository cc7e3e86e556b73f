"""Python names for what a generated file defines: each is free, short and none of Python's words."""

from __future__ import annotations

import keyword
import re
from itertools import chain, count
from typing import TYPE_CHECKING

from codegen.plan.imports import NAMES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

# Two of them fit with an arrow into a line.
_LONGEST_NAME = 40


def free_name(wanted: Iterable[str], number: str, taken: Container[str]) -> str:
    """The first of the names that is free, else one with a number.

    Args:
        wanted: texts of any kind; what no Python name can hold becomes `_`.
        number: what stands before the number, such as `task_number_`.
        taken: the names that are not free, beside those that the file imports.
    """
    candidates = chain((re.sub(r"[^A-Za-z0-9_]", "_", text) for text in wanted), (f"{number}{n}" for n in count()))
    return next(name for name in candidates if _can_be(name) and name not in taken)


def _can_be(name: str) -> bool:
    """Whether it is a name of Python's, short, and no constant's, no import's and no module's own."""
    is_name = name.isidentifier() and not keyword.iskeyword(name) and not name.isupper()
    is_modules = name.startswith("__") and name.endswith("__")
    return is_name and not is_modules and len(name) <= _LONGEST_NAME and name not in NAMES
