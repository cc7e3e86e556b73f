"""Sets the number of examples of a property: by profile, and fewer where an example costs more.

`HYPOTHESIS_PROFILE` selects the profile: `fast`, the default; `ci`, which is deterministic; or `thorough`, for `make
test-thorough`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

from hypothesis import settings

# Tests do not measure speed, so there is no deadline.
settings.register_profile("fast", max_examples=10, deadline=None)
settings.register_profile("ci", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None)
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "fast")
settings.load_profile(_PROFILE)
IS_FAST = _PROFILE == "fast"

# The number of generated hostile documents.
DOCUMENTS = {"fast": 20, "ci": 400}.get(_PROFILE, 20_000)

T = TypeVar("T")


def fewer(part: int, **options: Any) -> settings:
    """Return the settings of a test with a part of the profile's examples, at least two.

    Args:
        part: 2 for half of them, 10 for a tenth.
        options: further settings of Hypothesis.
    """
    return settings(max_examples=max(2, settings().max_examples // part), **options)


def sample(values: Iterable[T], step: int) -> list[T]:
    """Return all values; with the fast profile, one in `step`."""
    return list(islice(values, None, None, step if IS_FAST else 1))
