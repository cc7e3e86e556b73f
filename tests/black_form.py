"""Black's form, which generated files have although black itself leaves them alone."""

from __future__ import annotations

import black


def assert_in_black(source: str) -> None:
    """Black changes nothing, also without the comment that keeps it off."""
    body = source.replace("# fmt: off\n", "", 1)
    assert black.format_str(body, mode=black.Mode()) == body
