"""What a resource answers to GET and HEAD: conditions, ranges, response head. Pure; both ways in use it."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

import msgspec

from streamer.ranges import Span, Unsatisfiable, locate
from streamer.refusal import problem
from streamer.resource import Denial, Found, Resource

#: Players on other sites may read media: it is public by its URL, and answers never depend on cookies.
_CORS = (
    b"Access-Control-Allow-Origin: *\r\n"
    b"Access-Control-Expose-Headers: Content-Range, Content-Length, Accept-Ranges, ETag, Date\r\n"
)
_ENTITY_TAG = re.compile(r'[ \t,]*+(W/)?+("[!#-~\x80-\xff]*+")[ \t]*+(?:,|\Z)')
_MAX_DATE_CHARACTERS = 64

Piece = bytes | Span


class Answer(msgspec.Struct, frozen=True):
    """A response, but for the fields that belong to the connection (Date, Connection).

    Attributes:
        status: 200, 206, 304, 412 or 416; or that of a denial.
        head: status line and fields, each with its CRLF; the empty line is missing.
        pieces: the body in order: bytes, or spans of the resource's body. Empty for HEAD and 304.
        size_bytes: of all pieces together.
    """

    status: int
    head: bytes
    pieces: tuple[Piece, ...]
    size_bytes: int


def answer(resource: Found, method: str, headers: Mapping[str, str]) -> Answer:
    """Answers one request.

    Args:
        resource: the selected representation, or why there is none.
        method: "GET" or "HEAD".
        headers: lower-case field names to values, repeated fields joined by ", ".

    Source: RFC 9110 13.2.2 for the order of conditions, 14.2 for Range.
    """
    if isinstance(resource, Denial):
        return _deny(resource, method)
    status = _precondition(resource, headers) if headers else None
    if status is not None:
        return _without_body(resource, status, method)
    # RFC 9110 14.2: "A server MUST ignore a Range header field received with a request method" other than
    # GET.
    field = headers.get("range") if method == "GET" else None
    if field is not None and _range_applies(resource, headers.get("if-range")):
        located = locate(field, resource.size_bytes)
        if isinstance(located, Unsatisfiable):
            return _without_body(resource, 416, method)
        if located is not None:
            return _partial(resource, located) if len(located) == 1 else _multipart(resource, located)
    size = resource.size_bytes
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b" % (
        resource.media_type.encode("latin-1"),
        size,
        _fields(resource),
    )
    if method == "HEAD" or not size:
        return Answer(200, head, (), 0)
    return Answer(200, head, (resource.body if isinstance(resource.body, bytes) else Span(0, size),), size)


def _precondition(resource: Resource, headers: Mapping[str, str]) -> int | None:
    """The status of the first condition that ends the request, by RFC 9110 13.2.2; or None."""
    if (match := headers.get("if-match")) is not None:
        if not _matches(match, resource.etag, weak=False):
            return 412
    elif resource.last_modified is None:
        pass  # RFC 9110 13.1.4: without a date, the field is ignored
    elif (since := _date(headers.get("if-unmodified-since"))) is not None and resource.last_modified > since:
        return 412
    if (none_match := headers.get("if-none-match")) is not None:
        if _matches(none_match, resource.etag, weak=True):
            return 304
    elif resource.last_modified is None:
        pass
    elif (since := _date(headers.get("if-modified-since"))) is not None and resource.last_modified <= since:
        return 304
    return None


def _matches(field: str, etag: str, *, weak: bool) -> bool:
    """RFC 9110 8.8.3.2: strong comparison for If-Match, weak for If-None-Match. Linear."""
    if field.strip() == "*":
        return True
    position = 0
    while tag := _ENTITY_TAG.match(field, position):
        if tag[2] == etag and (weak or tag[1] is None):
            return True
        position = tag.end()
    return False


def _range_applies(resource: Resource, if_range: str | None) -> bool:
    """RFC 9110 13.1.5: a strong entity tag, or exactly the Last-Modified of a file that is never rewritten.

    The date of a body in memory is a weak validator (it may change twice in a second), and never true.
    """
    if if_range is None:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == resource.etag
    return not isinstance(resource.body, bytes) and _date(if_range) == resource.last_modified


def _date(field: str | None) -> int | None:
    """Seconds since the epoch, from any of the three formats of RFC 9110 5.6.7; None without a valid one."""
    if field is None or len(field) > _MAX_DATE_CHARACTERS:
        return None
    try:
        parsed = parsedate_to_datetime(field)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            parsed = datetime.strptime(field, "%A, %d-%b-%y %H:%M:%S GMT")
        except ValueError:
            return None
    return int(parsed.replace(tzinfo=UTC).timestamp())


def _fields(resource: Resource) -> bytes:
    """The fields that every answer with content of the resource carries."""
    etag, cache_control, encoding = _validators(resource)
    return _render_fields(etag, cache_control, resource.last_modified, resource.disposition or "", encoding)


@lru_cache(1024)
def _render_fields(
    etag: str, cache_control: str, last_modified: int | None, disposition: str, encoding: str
) -> bytes:
    modified = "" if last_modified is None else f"Last-Modified: {formatdate(last_modified, usegmt=True)}\r\n"
    return b"%b%bAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n%b%b" % (
        _render_validators(etag, cache_control, encoding),
        modified.encode(),
        b"Content-Disposition: %b\r\n" % disposition.encode("latin-1") if disposition else b"",
        b"Content-Encoding: %b\r\n" % encoding.encode("latin-1") if encoding else b"",
    )


def _render_validators(etag: str, cache_control: str, encoding: str) -> bytes:
    """RFC 9110 15.4.5: what a 304 carries of the fields that a 200 would have had.

    Only what is compressed says Vary: a cache may give the plain form to anybody, and has one less to keep.
    """
    return b"ETag: %b\r\nCache-Control: %b\r\n%b%b" % (
        etag.encode("latin-1"),
        cache_control.encode("latin-1"),
        b"Vary: Accept-Encoding\r\n" if encoding else b"",
        _CORS,
    )


def _deny(denial: Denial, method: str) -> Answer:
    body = denial.body
    # RFC 9110 15.6.4: how long the client is asked to wait.
    again = b"Retry-After: 1\r\n" if denial.status == 503 else b""
    head = (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\n%b%b"
    ) % (denial.status, HTTPStatus(denial.status).phrase.encode(), len(body), again, _CORS)
    pieces = () if method == "HEAD" else (body,)
    return Answer(denial.status, head, pieces, len(body) if pieces else 0)


def _validators(resource: Resource) -> tuple[str, str, str]:
    return resource.etag, resource.cache_control, resource.encoding or ""


def _without_body(resource: Resource, status: int, method: str) -> Answer:
    """304, 412 or 416; the errors say why, unless HEAD asked."""
    line = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    if status == 304:
        return Answer(304, line + _render_validators(*_validators(resource)), (), 0)
    if status == 416:
        size = resource.size_bytes
        body = problem(416, f"no byte of that range exists: the resource has {size} bytes")
        # RFC 9110 15.5.17: "SHOULD generate a Content-Range header field specifying the current length".
        line += b"Content-Range: bytes */%d\r\nAccept-Ranges: bytes\r\n" % size
    else:
        body = problem(412, "the resource is not in the state that the request requires")
    fields = (
        b"Content-Type: application/problem+json\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"
        % len(body)
    )
    pieces = () if method == "HEAD" else (body,)
    return Answer(status, line + fields + _CORS, pieces, len(body) if pieces else 0)


def _partial(resource: Resource, spans: tuple[Span, ...]) -> Answer:
    (span,) = spans
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n%b" % (
        resource.media_type.encode("latin-1"),
        _content_range(span, resource.size_bytes),
        span.size_bytes,
        _fields(resource),
    )
    return Answer(206, head, (_piece(resource, span),), span.size_bytes)


def _multipart(resource: Resource, spans: tuple[Span, ...]) -> Answer:
    """RFC 9110 14.6. The boundary is a digest of what is asked: nobody can have put it in the content."""
    seed = f"{resource.etag} {[(span.offset_bytes, span.size_bytes) for span in spans]}"
    boundary = hashlib.blake2b(seed.encode("latin-1"), digest_size=16).hexdigest().encode()
    media_type = resource.media_type.encode("latin-1")
    pieces: list[Piece] = []
    for span in spans:
        content_range = _content_range(span, resource.size_bytes)
        pieces.append(b"\r\n--%b\r\nContent-Type: %b\r\n%b\r\n" % (boundary, media_type, content_range))
        pieces.append(_piece(resource, span))
    pieces.append(b"\r\n--%b--\r\n" % boundary)
    size = sum(piece.size_bytes if isinstance(piece, Span) else len(piece) for piece in pieces)
    head = (
        b"HTTP/1.1 206 Partial Content\r\n"
        b"Content-Type: multipart/byteranges; boundary=%b\r\nContent-Length: %d\r\n%b"
    ) % (boundary, size, _fields(resource))
    return Answer(206, head, tuple(pieces), size)


def _content_range(span: Span, size_bytes: int) -> bytes:
    last = span.offset_bytes + span.size_bytes - 1
    return b"Content-Range: bytes %d-%d/%d\r\n" % (span.offset_bytes, last, size_bytes)


def _piece(resource: Resource, span: Span) -> Piece:
    if isinstance(resource.body, bytes):
        return resource.body[span.offset_bytes : span.offset_bytes + span.size_bytes]
    return span
