"""Checks that generated files are in black's format, although `# fmt: off` stops black from reformatting them."""

from __future__ import annotations

import black


def assert_in_black(source: str) -> None:
    """Assert that black changes nothing, even without `# fmt: off`."""
    body = source.replace("# fmt: off\n", "", 1)
    assert black.format_str(body, mode=black.Mode()) == body
