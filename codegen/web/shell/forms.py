"""Reads the form of a request, within limits."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

_TYPE = "application/x-www-form-urlencoded"
# Bytes: the largest schedule file that is read has 1 MB, of which a form makes three bytes of each where it must.
MOST = 4 * 1024 * 1024
# More than any page of ours has, also one that lists every schedule of a large project.
_MOST_FIELDS = 10_000


async def read_form(request: Request, most: int = MOST) -> dict[str, str]:
    """The fields of a form that has at most so many bytes. One with files has another type: we have no such form.

    Raises:
        HTTPException: it is no form, too large, or the client has left.
    """
    if request.headers.get("content-type", _TYPE).partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    # The rest is not read.
    too_large = HTTPException(413, headers={"Connection": "close"})
    if int(request.headers.get("content-length", 0)) > most:
        raise too_large
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise too_large
        # In a thread, as megabytes of escapes take some seconds.
        return await run_in_threadpool(_fields, body.decode("utf-8", "replace"))
    except ClientDisconnect:
        raise HTTPException(400) from None
    except ValueError:
        raise too_large from None


def _fields(body: str) -> dict[str, str]:
    return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
