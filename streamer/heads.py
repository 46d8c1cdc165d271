"""Request heads: bytes in, a typed `Head` or refusal out. llhttp parses, we close what it leaves open.

llhttp in httptools 0.9 refuses by itself (tests/unit/streamer/test_heads.py holds it to that): bare LF, bare
CR, obsolete folding, NUL and other controls, space before a colon, a field without a colon, repeated, empty,
signed, listed or overflowing Content-Length, Content-Length with Transfer-Encoding, and any last coding but
`chunked`. It accepts, and we refuse: more than one space in the request line, HTTP/0.9 and HTTP/2.0 request
lines, target forms that a method can't have, a fragment, `Transfer-Encoding: gzip, chunked`, any
Transfer-Encoding on HTTP/1.0, and a missing, repeated or malformed Host. `SOURCE /path ICE/1.0` is taken as
HTTP/1.0: so Icecast's oldest clients begin. They, and DarkIce, may end the lines of SOURCE with a bare LF, as
RFC 9112 2.2 allows: nothing follows on such a connection that somebody in between could take for a request.
"""

import re
from typing import Final
from urllib.parse import unquote

import httptools
import msgspec
from msgspec.structs import replace

from streamer.head_fields import LIVE_PREFIXES, listener_of, takes_gzip, tokens
from streamer.refusal import Refused

# aiohttp's own limit for a line is 8,190; a line it would refuse never reaches it.
MAX_LINE_BYTES: Final = 8000

# RFC 9112 2.2: "a server ... SHOULD ignore at least one empty line (CRLF) received prior to the
# request-line": one. RFC 9112 3.2: origin-form, absolute-form, and asterisk-form for OPTIONS. No fragment, no
# octet outside ASCII.
_REQUEST_LINE = re.compile(
    rb"(?:\r\n)?([A-Z-]++) (?:(/[!\"$-~]*+)|https?://[^/?# ]++([/?][!\"$-~]*+)?+|(\*)) HTTP/1\.([01])\r\n",
    re.IGNORECASE,
)
_SOURCE = b"SOURCE "
_BARE_LF = re.compile(rb"(?<!\r)\n")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
# Icecast 1's way for a source to introduce itself: the only line that may name another protocol.
_ICE_LINE = re.compile(rb"(SOURCE) (/[!\"$-~]*+)()() ICE/1\.(0)\r\n")
_LIVE_LINE = re.compile(rb"GET (/(?:hls/live|l)/[!\"$-~]*+) HTTP/1\.1\r\n")
_OTHER_VERSION = re.compile(rb"(?:\r\n)?[!-~]++ [!-~]++ HTTP/(?!1\.[01]\r)\d\.\d\r\n")
_UNKNOWN_METHOD = re.compile(rb"(?:\r\n)?[!#$%&'*+.^_`|~0-9A-Za-z-]++ ")
# RFC 9112 3.2: "... or whose Host header field value is invalid": uri-host [ ":" port ], RFC 3986 3.2.2.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")

#: The fields that decide how media is answered; the front door keeps no others.
CONDITIONS = frozenset(
    {b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)
_PRIVATE = frozenset({b"authorization", b"cookie", b"proxy-authorization"})


class HeadLimits(msgspec.Struct, frozen=True):
    """Bounds of one request head, all > 0; `max_body_bytes` holds for a declared Content-Length."""

    max_head_bytes: int = 16_384
    max_header_count: int = 100
    max_body_bytes: int = 4 << 30


class Head(msgspec.Struct, frozen=True):
    """A request head that keeps every rule.

    Attributes:
        method: as sent; methods are case-sensitive.
        path: percent-decoded, without the query; "*" for OPTIONS of the whole server.
        query: as it came, without the question mark.
        http10: an HTTP/1.0 request.
        keep_alive: the client wants the connection to stay open.
        body_bytes: Content-Length, 0 without a body, None when the body is chunked.
        upgrades: asks for an upgrade to websocket.
        private: carries credentials.
        conditions: the fields in `CONDITIONS` that were sent, lower-case names, repeated ones joined by ", ".
        takes_gzip: the answer may be compressed.
        listener: of a request for live media, who it is as far as the head says; else empty. Either `sid=`
            and a CMCD session, or X-Forwarded-For, a line end and User-Agent.
    """

    method: str
    path: str
    http10: bool
    keep_alive: bool
    body_bytes: int | None
    upgrades: bool
    private: bool
    conditions: dict[str, str]
    query: str = ""
    takes_gzip: bool = False
    listener: str = ""

    @property
    def personal(self) -> bool:
        """A request for live media that says who asks, so that nobody else sends the same bytes."""
        return bool(self.listener) and not self.listener.startswith("\n")


def again(data: bytes, fields: bytes, head: Head) -> Head | None:
    """The head in `data`, if it is that of another GET for live media, and differs in its target alone.

    Then all else has been judged before. Any other is to be read.

    Args:
        fields: of `head`, as they came, up to and with the empty line.
    """
    end = len(data) - len(fields)
    line = _LIVE_LINE.fullmatch(data, 0, end) if data.endswith(fields) and end <= MAX_LINE_BYTES else None
    if line is None:
        return None
    path, query = _split(line[1])
    if "CMCD=" in query:
        return None  # it may say somebody else
    return replace(head, path=path, query=query)


class HeadReader:
    """Reads one head from bytes in pieces of any size, in time linear to the head. Each head needs a new one.

    A violation that llhttp knows is refused with the piece that shows it, not when the head is complete.
    """

    __slots__ = ("_buffer", "_limits", "_parser", "_sink", "end", "raw")

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._sink = _Sink()
        self._parser = httptools.HttpRequestParser(self._sink)
        #: Where the head ended in the data of the last `feed`.
        self.end = 0
        #: The head as it was received, once complete; of SOURCE with CRLF at the end of each line.
        self.raw = b""

    def feed(self, data: bytes, start: int = 0) -> Head | None:
        """Takes bytes from `data[start:]` up to the end of the head.

        Returns:
            The head (then `end` and `raw` are set), or None when it isn't complete yet.

        Raises:
            Refused: the peer broke a rule; 400, 413, 414, 431, 501 or 505.
        """
        limit = self._limits.max_head_bytes
        if not self._buffer and not data.startswith(_SOURCE, start):
            stop = data.find(b"\r\n\r\n", start, start + limit)
            if stop >= 0:
                return self._complete(data[start : stop + 4], data[start : stop + 4], stop + 4)
        held = len(self._buffer)
        window = data[start : start + limit - held]
        self._buffer += window
        if self._buffer.startswith(_SOURCE):
            return self._feed_source(held, start)
        stop = self._buffer.find(b"\r\n\r\n", max(0, held - 3))
        if stop >= 0:
            size = stop + 4
            return self._complete(bytes(self._buffer[:size]), window[: size - held], start + size - held)
        if len(self._buffer) == limit:
            raise self._too_large()
        self._parse(window, self._buffer)
        return None

    def _feed_source(self, held: int, start: int) -> Head | None:
        """As `feed`, for what is parsed when it is complete, with the line ends that it should have."""
        empty = _EMPTY_LINE.search(self._buffer, max(0, held - 2))
        if empty is None:
            if len(self._buffer) == self._limits.max_head_bytes:
                raise self._too_large()
            return None
        self._parser = httptools.HttpRequestParser(self._sink)  # the other one may have seen how it begins
        raw = _BARE_LF.sub(b"\r\n", self._buffer[: empty.end()])
        return self._complete(raw, raw, start + empty.end() - held)

    def _complete(self, raw: bytes, piece: bytes, end: int) -> Head:
        # RFC 9112 2.2: an empty line before the request line is ignored, and nobody else has to know of it.
        self.raw = raw.removeprefix(b"\r\n")
        self.end = end
        self._parse(piece, raw)
        return _judge(self.raw, self._sink, self._limits)

    def _parse(self, piece: bytes, received: bytes | bytearray) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            raise _violation(received, str(error)) from None
        if len(self._sink.fields) > self._limits.max_header_count:
            raise Refused(431, f"more than {self._limits.max_header_count} header fields")

    def _too_large(self) -> Refused:
        if self._buffer.find(b"\n", 2) < 0:
            return Refused(414, f"the request line is longer than {MAX_LINE_BYTES} bytes")
        return Refused(431, f"the request head is larger than {self._limits.max_head_bytes} bytes")


class _Sink:
    """What llhttp found in one head."""

    __slots__ = ("complete", "fields")

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        # RFC 9112 5: a field line's value excludes the whitespace around it; llhttp leaves that after it.
        self.fields.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        self.complete = True


def _violation(received: bytes | bytearray, error: str) -> Refused:
    """The refusal of bytes that llhttp won't take, as precise as the request line is well formed."""
    if _OTHER_VERSION.match(received):
        return Refused(505, "the HTTP version is neither 1.0 nor 1.1")
    if "method" in error and _UNKNOWN_METHOD.match(received):
        return Refused(501, "the method is not known here")
    return Refused(400, f"not a valid HTTP request: {error}")


def _judge(raw: bytes, sink: _Sink, limits: HeadLimits) -> Head:
    """Applies the rules that llhttp leaves open to a complete head."""
    line = _REQUEST_LINE.match(raw) or _ICE_LINE.match(raw)
    if line is None:
        raise _violation(raw, "malformed request line")
    if not sink.complete:
        raise Refused(400, "not a valid HTTP request: the head ends too early")
    if line.end() > MAX_LINE_BYTES:
        raise Refused(414, f"the request line is longer than {MAX_LINE_BYTES} bytes")
    method, origin_form, rest, asterisk, minor = line.groups()
    if asterisk and method != b"OPTIONS":
        raise Refused(400, "only OPTIONS may ask for *")
    http10 = minor == b"0"
    fields = _collect(sink.fields)
    _judge_host(fields.get(b"host"), http10)
    body_bytes = _judge_framing(fields, http10, limits.max_body_bytes)
    options = tokens(fields.get(b"connection"))
    path, query = _split(asterisk or origin_form or rest or b"/")
    return Head(
        method=method.decode(),
        path=path,
        http10=http10,
        keep_alive=b"keep-alive" in options and b"close" not in options
        if http10
        else b"close" not in options,
        body_bytes=body_bytes,
        upgrades=b"upgrade" in options and b"websocket" in tokens(fields.get(b"upgrade")),
        private=not _PRIVATE.isdisjoint(fields),
        conditions={
            name.decode(): fields[name].decode("latin-1") for name in CONDITIONS.intersection(fields)
        },
        query=query,
        takes_gzip=takes_gzip(fields.get(b"accept-encoding")),
        listener=listener_of(fields, query) if path.startswith(LIVE_PREFIXES) else "",
    )


def _collect(received: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Fields by lower-case name. RFC 9110 5.3: repeated ones are a list; a list of Hosts is no valid Host."""
    fields: dict[bytes, bytes] = {}
    for name, value in received:
        if len(name) + len(value) > MAX_LINE_BYTES:
            raise Refused(431, f"a header field is longer than {MAX_LINE_BYTES} bytes")
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields


def _judge_host(host: bytes | None, http10: bool) -> None:
    # RFC 9112 3.2: "A server MUST respond with a 400 ... to any HTTP/1.1 request message that lacks a Host
    # header field and to any request message that contains more than one Host header field line or ... an
    # invalid field value."
    if host is None:
        if not http10:
            raise Refused(400, "an HTTP/1.1 request needs a Host")
    elif _HOST.fullmatch(host) is None:
        raise Refused(400, "more than one Host, or an invalid one")


def _judge_framing(fields: dict[bytes, bytes], http10: bool, max_body_bytes: int) -> int | None:
    coding = fields.get(b"transfer-encoding")
    length = fields.get(b"content-length")
    if coding is not None:
        # RFC 9112 6.1: Transfer-Encoding in HTTP/1.0 means that "the message framing is faulty"; with
        # Content-Length it is an attempt at smuggling. We know one coding and refuse to guess at others.
        if http10 or length is not None or coding.lower() != b"chunked":
            raise Refused(
                400, "Transfer-Encoding must be exactly chunked, in HTTP/1.1, without Content-Length"
            )
        return None
    if length is None:
        return 0
    if not length.isdigit() or len(length) > 19:
        raise Refused(400, "Content-Length must be one decimal number")
    if int(length) > max_body_bytes:
        raise Refused(413, f"Content-Length {int(length)} is over the limit of {max_body_bytes} bytes")
    return int(length)


def _split(target: bytes) -> tuple[str, str]:
    path, _, query = target.decode("ascii").partition("?")
    return (unquote(path) if "%" in path else path) or "/", query
