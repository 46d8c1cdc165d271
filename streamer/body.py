"""The recording inside an upload request: its name, its type, and its bytes as they come."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from aiohttp import BodyPartReader, HttpVersion11, MultipartReader, StreamReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from streamer.problems import MediaTypeUnsupported, RequestInvalid, UploadCut, UploadStalled, UploadTooLarge

_T = TypeVar("_T")

MAX_FILENAME_LENGTH = 255
_UNNAMED = "untitled"
_READ_BYTES = 256 << 10
_MAX_FIELDS_BYTES = 64 << 10  # what may stand before the file in a form
_OPAQUE = "application/octet-stream"
# Sent back as what it is; a browser runs none of these. Everything else goes out as bytes without a meaning.
_SAFE_TYPES = ("audio/", "video/")
_SAFE_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.+-/")
# RFC 6266 4.1: name=token or name="text". (aiohttp 3.14 gives up on a text with two semicolons in it.)
_PARAMETER = re.compile(r';[ \t]*+([^\s;="]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;"\s]*+))', re.DOTALL)
_MAX_REASON_CHARACTERS = 200
# What players say of files whose senders (curl, forms) name no type.
_TYPES_BY_ENDING = {
    "aac": "audio/aac",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mka": "audio/x-matroska",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "webm": "audio/webm",
    "wma": "audio/x-ms-wma",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording on its way in.

    Attributes:
        filename: never part of a path.
        media_type: safe to send from our origin.
        announced_bytes: its length if the client said, else 0.
        chunks: the bytes, none of them empty; raises UploadStalled, UploadCut, RequestInvalid.
    """

    filename: str
    media_type: str
    announced_bytes: int
    chunks: AsyncIterator[bytes]


async def open_recording(request: web.Request, named: str | None, idle_s: float) -> Recording:
    """Find the recording in a request: the body itself, or the first file of a form.

    Args:
        named: the name to prefer over the body's own.
        idle_s: the client may be silent for so long.

    Raises:
        MediaTypeUnsupported, RequestInvalid, UploadTooLarge: the client's fault.
        UploadStalled, UploadCut: the line's.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        encoding = request.headers[hdrs.CONTENT_ENCODING]
        raise MediaTypeUnsupported(f"Content-Encoding is {encoding!r}; send the recording as it is")
    if not request.content_type.startswith("multipart/"):
        name = named or filename_in(request.headers.get(hdrs.CONTENT_DISPOSITION, ""))
        filename = clean_filename(name)
        return Recording(
            filename,
            safe_media_type(request.content_type, filename),
            request.content_length or 0,
            _chunks(request.content.readany, idle_s, request.content),
        )
    if request.content_type != "multipart/form-data":
        raise MediaTypeUnsupported(f"{request.content_type} is not multipart/form-data")
    form, part, sent_name = await _first_file(request, idle_s)
    filename = clean_filename(named or sent_name)
    claimed = part.headers.get(hdrs.CONTENT_TYPE, _OPAQUE).partition(";")[0]
    return Recording(
        filename,
        safe_media_type(claimed, filename),
        0,
        _part_chunks(form, part, idle_s, request.content),
    )


def filename_in(disposition: str) -> str | None:
    """The file's name in a Content-Disposition field, of a request or of a part; None if it has none.

    Source: RFC 6266 4.3: `filename*` counts more than `filename`. WHATWG HTML, "multipart/form-data encoding
    algorithm": browsers, and curl, write a double quote in a name as %22, and a line's end as %0D%0A.
    """
    plain = None
    for name, quoted, token in _PARAMETER.findall(disposition):
        if name.lower() == "filename*":
            charset, _, text = (quoted or token).partition("'")
            encoding = "latin-1" if charset.lower() == "iso-8859-1" else "utf-8"
            return unquote_to_bytes(text.partition("'")[2]).decode(encoding, "replace")
        if name.lower() == "filename" and plain is None:
            plain = re.sub(r'\\(["\\])', r"\1", quoted) or token
            plain = plain.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
    return plain


async def ask_for_body(request: web.Request) -> None:
    """Tell a client that waits for it to go on: its head is all right."""
    if request.headers.get(hdrs.EXPECT) and request.version == HttpVersion11:
        # RFC 9110 10.1.1: only now, so that a refusal costs the client nothing.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def body_chunks(request: web.Request, idle_s: float) -> AsyncIterator[bytes]:
    """A body as it comes, and of one that is cut all that had come before.

    Raises:
        UploadStalled, UploadCut: the line's fault.
    """
    try:
        async for chunk in _chunks(request.content.readany, idle_s, request.content):
            yield chunk
    except UploadCut as cut:
        # aiohttp 3.14 gives out nothing more once the line broke, not even what lies in its buffer.
        if rest := request.content._read_nowait(-1):
            yield rest
        raise cut


def clean_filename(name: str | None) -> str:
    """The last component of whatever path the client sent, as printable text of bounded length."""
    # aiohttp decodes header bytes that are not UTF-8 to lone surrogates, which JSON can't carry.
    text = (name or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = text.replace("\\", "/").rpartition("/")[2]
    text = unicodedata.normalize("NFC", text)
    text = "".join(character for character in text if character.isprintable()).strip()
    if len(text) > MAX_FILENAME_LENGTH:
        stem, dot, ending = text.rpartition(".")
        tail = dot + ending if stem and len(ending) <= 10 else ""
        text = text[: MAX_FILENAME_LENGTH - len(tail)] + tail
    return text if text.strip(".") else _UNNAMED


def safe_media_type(claimed: str, filename: str) -> str:
    """The media type to give the source back with: never one that a browser would run on our origin."""
    claimed = claimed.strip().lower()
    if claimed.startswith(_SAFE_TYPES) and _SAFE_CHARACTERS.issuperset(claimed) and claimed.count("/") == 1:
        return claimed
    return _TYPES_BY_ENDING.get(filename.rpartition(".")[2].lower(), _OPAQUE)


async def _chunks(
    read: Callable[[], Awaitable[bytes]], idle_s: float, body: StreamReader
) -> AsyncIterator[bytes]:
    while chunk := await _read(read, idle_s, body):
        yield chunk


async def _part_chunks(
    form: MultipartReader, part: BodyPartReader, idle_s: float, body: StreamReader
) -> AsyncIterator[bytes]:
    async for chunk in _chunks(lambda: part.read_chunk(_READ_BYTES), idle_s, body):
        yield chunk
    # aiohttp takes the end of the body for the end of the part; the next boundary tells that it was whole.
    await _read(form.next, idle_s, body)


async def _read(read: Callable[[], Awaitable[_T]], idle_s: float, body: StreamReader) -> _T:
    try:
        async with asyncio.timeout(idle_s):
            return await read()
    except TimeoutError:
        raise UploadStalled(f"nothing arrived for {idle_s:g} s") from None
    except Exception as error:
        # aiohttp has many words for it. When the line breaks, the body has an exception; else the form has
        # broken a rule, for which the line is not to blame.
        if body.exception() is not None:
            raise UploadCut("the upload was cut") from error
        raise RequestInvalid(f"the form can't be read: {_reason(error, body)}") from error


def _reason(error: Exception, body: StreamReader) -> str:
    if body.is_eof() and isinstance(error, ValueError):
        return "it ends before its last boundary"
    text = error.message if isinstance(error, HttpProcessingError) else str(error)
    return " ".join(text.split())[:_MAX_REASON_CHARACTERS]


async def _first_file(request: web.Request, idle_s: float) -> tuple[MultipartReader, BodyPartReader, str]:
    body = request.content
    try:
        form = await request.multipart()
    except ValueError as error:  # no boundary
        raise RequestInvalid(f"the form can't be read: {error}") from None
    skipped = 0
    while (part := await _read(form.next, idle_s, body)) is not None:
        if isinstance(part, MultipartReader):
            raise MediaTypeUnsupported("a form inside a form")
        filename = filename_in(part.headers.get(hdrs.CONTENT_DISPOSITION, ""))
        # A browser sends a file field in which nothing was chosen too, with an empty name.
        if filename:
            return form, part, filename
        async for chunk in _chunks(part.read_chunk, idle_s, body):
            skipped += len(chunk)
            if skipped > _MAX_FIELDS_BYTES:
                raise UploadTooLarge(f"the fields before the file are more than {_MAX_FIELDS_BYTES} bytes")
    raise RequestInvalid("the form has no file in it")
