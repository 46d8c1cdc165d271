"""Request bodies that are small enough to hold: read whole, within bounds; JSON decoded into its Struct."""

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import hdrs, web

from streamer.body import ask_for_body, body_chunks
from streamer.problems import BodyTooLarge, MediaTypeUnsupported, RequestInvalid, UploadStalled

MAX_JSON_BYTES = 64 << 10
JSON = "application/json"
_WITHIN_S = 30.0  # for a whole body: what is small and takes longer holds memory on purpose

T = TypeVar("T")


async def read_json(
    request: web.Request,
    kind: type[T],
    *,
    also: frozenset[str] = frozenset(),
    max_bytes: int = MAX_JSON_BYTES,
) -> T:
    """The JSON in a request's body.

    Args:
        kind: what it must be.
        also: media types to take besides application/json.

    Raises:
        MediaTypeUnsupported, BodyTooLarge, RequestInvalid: the client's fault.
        UploadCut, UploadStalled: the line's.
    """
    if request.content_type != JSON and request.content_type not in also:
        raise MediaTypeUnsupported(f"Content-Type is {request.content_type}, not {JSON}")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        # RFC 8259 8.1: "JSON text exchanged between systems [...] MUST be encoded using UTF-8"
        raise MediaTypeUnsupported(f"charset is {request.charset}; JSON is UTF-8")
    data = await read_whole(request, max_bytes)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise RequestInvalid(explain(error, "the body")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise RequestInvalid("the JSON of the body is nested too deeply") from None


async def read_whole(request: web.Request, max_bytes: int) -> bytes:
    """All of a request's body, as it was sent. Safe to cancel.

    Raises:
        MediaTypeUnsupported, BodyTooLarge: the client's fault.
        UploadCut, UploadStalled: the line's.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        encoding = request.headers[hdrs.CONTENT_ENCODING][:40]
        raise MediaTypeUnsupported(f"Content-Encoding is {encoding!r}; send the body as it is")
    if (request.content_length or 0) > max_bytes:
        raise BodyTooLarge(f"the body has {request.content_length} bytes, more than {max_bytes}")
    await ask_for_body(request)
    data = bytearray()
    try:
        async with asyncio.timeout(_WITHIN_S):
            async for chunk in body_chunks(request, _WITHIN_S):
                data += chunk
                if len(data) > max_bytes:
                    raise BodyTooLarge(f"the body has more than {max_bytes} bytes")
    except TimeoutError:
        raise UploadStalled(f"the body was not complete within {_WITHIN_S:g} s") from None
    return bytes(data)


def explain(error: msgspec.ValidationError, whole: str) -> str:
    """A ValidationError in words that begin with the name of the value at fault; `whole` is all of it.

    msgspec writes "Expected `int` >= 1 - at `$.limit`".
    """
    what, _, where = str(error).partition(" - at `$")
    name = where.rstrip("`").removeprefix(".")
    return f"{name or whole}: {what}"
