"""Parses URL-encoded forms, with limits on size and number of fields."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_TYPE = "application/x-www-form-urlencoded"
# Limit in bytes: a schedule file has at most 1 MB, and URL encoding can take three characters per byte.
MAX_BYTES = 4 * 1024 * 1024
# More than any page sends, even the list of a large project.
_MAX_FIELDS = 10_000


async def read_form(request: Request, limit: int = MAX_BYTES) -> dict[str, str]:
    """Read the fields of a URL-encoded form of at most `limit` bytes.

    Raises:
        HTTPException: it is not a URL-encoded form, it is too large, or the client has disconnected.
    """
    if request.headers.get("content-type", _TYPE).partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    # The rest of the body is not read.
    too_large = HTTPException(413, headers={"Connection": "close"})
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise too_large
        # In a thread: decoding megabytes of escapes takes some seconds.
        return await run_in_threadpool(_fields, body.decode("utf-8", "replace"))
    except ClientDisconnect:
        raise HTTPException(400) from None
    except ValueError:
        raise too_large from None


def _fields(body: str) -> dict[str, str]:
    return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
