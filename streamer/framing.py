"""Where a request body ends. The front door follows every body it passes on, so that both sides agree.

Both followers have one door: `take(data, start)` returns the offset after the bytes that belong to the body,
and `done` says whether the next byte is a new head. The data is never copied.
"""

import re
from typing import Final, Protocol

from streamer.refusal import Refused

# RFC 9112 7.1.1: "A recipient MUST ignore unrecognized chunk extensions. A server ought to limit the total
# length of chunk extensions". A line with its extensions stays below this, and a body may not carry more than
# the budget.
MAX_CHUNK_LINE_BYTES: Final = 256
MAX_EXTENSION_BYTES: Final = 16_384
MAX_TRAILER_BYTES: Final = 4_096

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
# RFC 9112 7.1: 1*HEXDIG, then extensions without the "bad whitespace" that exists for parsing and is a way to
# smuggle.
_CHUNK_LINE = re.compile(
    rb"0*+([0-9A-Fa-f]{0,15})((?:;"
    + _TOKEN
    + rb"(?:=(?:"
    + _TOKEN
    + rb"|\"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~])*+\"))?)*+)\r\n"
)
_TRAILER_LINE = re.compile(_TOKEN + rb":[\t -~\x80-\xff]*+\r\n")
# RFC 9110 6.5.1: fields that frame, route or authenticate a message are never taken from trailers.
_FORBIDDEN_TRAILER = re.compile(
    rb"(?:content-length|transfer-encoding|host|trailer|connection|upgrade|authorization)\s*:", re.I
)


class Body(Protocol):
    """A body on its way through."""

    done: bool

    def take(self, data: bytes, start: int) -> int:
        """Follows the body through `data[start:]`.

        Returns: the offset after its last byte in `data`, which is `len(data)` unless `done` is now True.

        Raises:
            Refused: 400 for a framing violation, 413 for too large a body; nothing of `data` may be used.
        """
        ...


class LengthBody:
    """A body whose length was declared, >= 1 byte."""

    __slots__ = ("_missing_bytes", "done")

    def __init__(self, size_bytes: int) -> None:
        self._missing_bytes = size_bytes
        self.done = False

    def take(self, data: bytes, start: int) -> int:
        end = min(len(data), start + self._missing_bytes)
        self._missing_bytes -= end - start
        self.done = not self._missing_bytes
        return end


class ChunkedBody:
    """A body in the chunked coding, read strictly: RFC 9112 7.1, without what it merely tolerates.

    Args:
        max_body_bytes: of decoded data.
    """

    __slots__ = (
        "_extension_bytes",
        "_in_trailer",
        "_line",
        "_missing_bytes",
        "_room_bytes",
        "_trailer_bytes",
        "done",
    )

    def __init__(self, max_body_bytes: int) -> None:
        self._room_bytes = max_body_bytes
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self._in_trailer = False
        self._line = bytearray()  # of a chunk header or trailer that isn't complete
        self._missing_bytes = 0  # of the chunk's data and the CRLF after it
        self.done = False

    def take(self, data: bytes, start: int) -> int:
        position, end = start, len(data)
        while position < end and not self.done:
            if self._missing_bytes:
                position = self._take_data(data, position)
            else:
                position = self._take_line(data, position)
        return position

    def _take_data(self, data: bytes, position: int) -> int:
        end = min(len(data), position + self._missing_bytes)
        missing = self._missing_bytes - (end - position)
        for offset in range(max(position, end + missing - 2), end):
            if data[offset] != b"\r\n"[offset - (end + missing - 2)]:
                raise Refused(400, "a chunk is not followed by CRLF")
        self._missing_bytes = missing
        payload_end = min(end, end + missing - 2)
        if payload_end > position:
            self._receive_data(data, position, payload_end)
        return end

    def _receive_data(self, data: bytes, start: int, end: int) -> None:
        """`data[start:end]` is what the body carries, for those to take who want it decoded."""

    def _take_line(self, data: bytes, position: int) -> int:
        limit = MAX_TRAILER_BYTES if self._in_trailer else MAX_CHUNK_LINE_BYTES
        newline = data.find(b"\n", position, position + limit)
        end = len(data) if newline < 0 else newline + 1
        if len(self._line) + end - position > limit:
            raise Refused(400, f"a chunk header or trailer is longer than {limit} bytes")
        self._line += data[position:end]
        if newline >= 0:
            line = bytes(self._line)
            self._line.clear()
            if self._in_trailer:
                self._receive_trailer(line)
            else:
                self._receive_header(line)
        return end

    def _receive_header(self, line: bytes) -> None:
        header = _CHUNK_LINE.fullmatch(line)
        if header is None or line[0] not in b"0123456789abcdefABCDEF":
            raise Refused(400, "a malformed chunk header")
        self._extension_bytes += len(header[2])
        if self._extension_bytes > MAX_EXTENSION_BYTES:
            raise Refused(400, f"more than {MAX_EXTENSION_BYTES} bytes of chunk extensions")
        size = int(header[1] or b"0", 16)
        if size > self._room_bytes:
            raise Refused(413, "the chunked body is larger than this server takes")
        self._room_bytes -= size
        self._in_trailer = size == 0
        self._missing_bytes = size + 2 if size else 0

    def _receive_trailer(self, line: bytes) -> None:
        if line == b"\r\n":
            self.done = True
            return
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MAX_TRAILER_BYTES:
            raise Refused(400, f"more than {MAX_TRAILER_BYTES} bytes of trailers")
        if _TRAILER_LINE.fullmatch(line) is None or _FORBIDDEN_TRAILER.match(line):
            raise Refused(400, "a malformed or forbidden trailer field")
