"""Parses JSON from other programs."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str | bytes) -> Any:  # noqa: ANN401  # any JSON value
    """Parse JSON and replace lone surrogates, which are valid in JSON but cannot be encoded.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    value = json.loads(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    whole = json.dumps(value, ensure_ascii=False)
    return value if _is_text(whole) else json.loads(whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
