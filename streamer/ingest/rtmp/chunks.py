"""The chunk stream: messages are cut into chunks, so that a long one does not hold up the others.

Source: RTMP 1.0, section 5.3 and 5.4; FFmpeg's rtmppkt.c and librtmp where they do otherwise.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from streamer.ingest.rtmp import wire
from streamer.ingest.rtmp.wire import RtmpError

SET_CHUNK_SIZE: Final = 1
ABORT: Final = 2
ACKNOWLEDGEMENT: Final = 3
USER_CONTROL: Final = 4
WINDOW_ACK_SIZE: Final = 5
SET_PEER_BANDWIDTH: Final = 6
AUDIO: Final = 8
VIDEO: Final = 9
DATA_AMF3: Final = 15
COMMAND_AMF3: Final = 17
DATA_AMF0: Final = 18
COMMAND_AMF0: Final = 20
AGGREGATE: Final = 22

DEFAULT_CHUNK_BYTES: Final = 128
_EXTENDED: Final = 0xFFFFFF
_HEADER_BYTES: Final = (11, 7, 3, 0)
_MAX_HEADER_BYTES: Final = 3 + 11 + 4
_WRAP: Final = 1 << 32

_MAX_BYTES: Final = {AUDIO: wire.MAX_AUDIO_BYTES, AGGREGATE: wire.MAX_AGGREGATE_BYTES}


class Message(NamedTuple):
    """A whole message. `timestamp_ms` is modulo 2**32. Of video only `size` is known: `payload` is empty."""

    type: int
    stream: int
    timestamp_ms: int
    payload: bytes
    size: int


class _ChunkStream:
    """One of the sequences that chunks belong to, and the message that is coming in on it."""

    __slots__ = (
        "delta_ms",
        "extended",
        "has_header",
        "missing",
        "payload",
        "size",
        "stream",
        "time_ms",
        "type",
    )

    def __init__(self) -> None:
        self.has_header = False
        self.time_ms = 0
        self.delta_ms = 0
        self.extended: int | None = None  # the timestamp field of the last header that had one of four bytes
        self.size = 0
        self.type = 0
        self.stream = 0
        self.payload: bytearray | None = None  # of the message that has begun; None for one that is skipped
        self.missing = 0  # bytes of that message; 0 between messages


class ChunkReader:
    """Chunks in, messages out.

    Bounds: `wire.MAX_CHUNK_STREAMS` streams, `wire.MAX_PARTIAL_BYTES` of messages that are not whole, and
    a header that is not. Video is counted and thrown away as it comes.
    """

    def __init__(self) -> None:
        self.chunk_bytes = DEFAULT_CHUNK_BYTES
        #: Whether the client has shown a good key: until then it may send less.
        self.admitted = False
        self._streams: dict[int, _ChunkStream] = {}
        self._buffer = b""
        self._current: _ChunkStream | None = None  # whose chunk is coming in
        self._left = 0  # bytes of that chunk
        self._partial_bytes = 0

    @property
    def kept_bytes(self) -> int:
        """Of messages that are not whole, and of the header that is not."""
        return self._partial_bytes + len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Messages as they become whole. To be read to the end; control messages of the chunk stream itself
        are carried out before the next chunk is read, and handed on as well.

        Raises:
            RtmpError: not a chunk stream, or more of it than is followed.
        """
        data = self._buffer + data if self._buffer else data
        self._buffer = b""
        at, end = 0, len(data)
        while at < end:
            stream = self._current
            if stream is None:
                header_bytes = self._begin(data, at)
                if not header_bytes:
                    self._buffer = data[at:]
                    return
                at += header_bytes
                stream = self._current
                assert stream is not None
            taken = min(self._left, end - at)
            self._take(stream, data, at, taken)
            at += taken
            if self._left == 0:
                self._current = None
                if stream.missing == 0:
                    yield self._whole(stream)

    def abort(self, number: int) -> None:
        """The rest of a message won't come."""
        stream = self._streams.get(number)
        if stream is not None:
            self._drop(stream)

    def _take(self, stream: _ChunkStream, data: bytes, at: int, size: int) -> None:
        self._left -= size
        stream.missing -= size
        if stream.payload is not None:
            stream.payload += data[at : at + size]
            self._partial_bytes += size
            limit = wire.MAX_PARTIAL_BYTES if self.admitted else wire.MAX_STRANGE_BYTES
            if self._partial_bytes > limit:
                raise RtmpError(f"more than {limit} bytes of messages are not whole")

    def _whole(self, stream: _ChunkStream) -> Message:
        payload = bytes(stream.payload or b"")
        self._drop(stream)
        message = Message(stream.type, stream.stream, stream.time_ms, payload, stream.size)
        if message.type == SET_CHUNK_SIZE:
            size = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
            if len(payload) < 4 or size < wire.MIN_CHUNK_BYTES:
                raise RtmpError(f"a chunk size of {size} is less than {wire.MIN_CHUNK_BYTES} bytes")
            self.chunk_bytes = size
        elif message.type == ABORT and len(payload) >= 4:
            self.abort(int.from_bytes(payload[:4], "big"))
        return message

    def _drop(self, stream: _ChunkStream) -> None:
        if stream.payload is not None:
            self._partial_bytes -= len(stream.payload)
        stream.payload = None
        stream.missing = 0

    def _begin(self, data: bytes, at: int) -> int:
        """Reads a chunk's header. Returns how long it is, 0 if it is not all there."""
        rest = len(data) - at
        kind, number, basic_bytes = data[at] >> 6, data[at] & 0x3F, 1
        if number < 2:
            basic_bytes = 2 + number
            if rest < basic_bytes:
                return 0
            number = 64 + int.from_bytes(data[at + 1 : at + basic_bytes], "little")
        header_bytes = basic_bytes + _HEADER_BYTES[kind]
        if rest < header_bytes:
            return 0
        stream = self._streams.get(number)
        # RTMP 1.0, 5.3.1.2: only type 0 says everything. librtmp begins its control stream with a type 1.
        if kind > 1 and (stream is None or not stream.has_header):
            raise RtmpError(f"a chunk of type {kind} is the first of chunk stream {number}")
        if stream is None:
            stream = self._open(number)
        if kind == 3:
            extra_bytes = self._repeated(stream, data, at + header_bytes)
        else:
            extra_bytes = self._header(stream, kind, data, at + basic_bytes)
        if extra_bytes < 0:
            return 0
        self._start(stream, kind, number)
        return header_bytes + extra_bytes

    def _open(self, number: int) -> _ChunkStream:
        if len(self._streams) >= wire.MAX_CHUNK_STREAMS:
            raise RtmpError(f"more than {wire.MAX_CHUNK_STREAMS} chunk streams")
        stream = self._streams[number] = _ChunkStream()
        return stream

    def _header(self, stream: _ChunkStream, kind: int, data: bytes, at: int) -> int:
        """Reads a header. Returns how long its extended timestamp is, -1 if that is not all there."""
        field, extra_bytes = int.from_bytes(data[at : at + 3], "big"), 0
        extended = field == _EXTENDED
        if extended:
            end = at + _HEADER_BYTES[kind]
            if len(data) < end + 4:
                return -1
            field, extra_bytes = int.from_bytes(data[end : end + 4], "big"), 4
        self._drop(stream)  # a message that was not whole never will be
        stream.extended = field if extended else None
        stream.delta_ms = field
        if kind < 2:
            stream.size = int.from_bytes(data[at + 3 : at + 6], "big")
            stream.type = data[at + 6]
        if kind == 0:
            stream.stream = int.from_bytes(data[at + 7 : at + 11], "little")
            stream.time_ms = 0
        stream.has_header = True
        return extra_bytes

    def _repeated(self, stream: _ChunkStream, data: bytes, at: int) -> int:
        """How long the extended timestamp of a type 3 chunk is; -1 if that can't be seen yet.

        RTMP 1.0, 5.3.1.3: "This field is present in Type 3 chunks when the most recent Type 0, 1, or 2 chunk
        for the same chunk stream ID indicated the presence of an extended timestamp." Some encoders leave it
        out: then other bytes than those of the timestamp are there.
        """
        if stream.extended is None:
            return 0
        there = data[at : at + 4]
        for time_ms in (stream.extended, stream.time_ms):  # what was said, or what a delta came to
            expected = time_ms.to_bytes(4, "big")
            if expected.startswith(there):
                return 4 if there == expected else -1
        return 0

    def _start(self, stream: _ChunkStream, kind: int, number: int) -> None:
        """A chunk begins, and with it a message if none is under way."""
        if stream.missing == 0:
            stream.time_ms = (stream.time_ms + stream.delta_ms) % _WRAP
            stream.payload = None
            if stream.type != VIDEO:
                limit = wire.MAX_DATA_BYTES
                if self.admitted:
                    limit = _MAX_BYTES.get(stream.type, limit)
                if stream.size > limit:
                    raise RtmpError(
                        f"a message of type {stream.type} has {stream.size} bytes, more than {limit}"
                    )
                stream.payload = bytearray()
            stream.missing = stream.size
        self._current = stream
        self._left = min(self.chunk_bytes, stream.missing)


class ChunkWriter:
    """Messages in, chunks out: each with a whole header, as a server that says little can afford."""

    def __init__(self) -> None:
        self.chunk_bytes = DEFAULT_CHUNK_BYTES

    def write(self, channel: int, message: Message) -> bytes:
        """One message on chunk stream `channel`, from 2 to 63."""
        extended = message.timestamp_ms >= _EXTENDED
        time = message.timestamp_ms.to_bytes(4, "big")
        field = b"\xff\xff\xff" if extended else time[1:]
        payload = message.payload
        out = bytearray((channel,))
        out += field + len(payload).to_bytes(3, "big") + bytes((message.type,))
        out += message.stream.to_bytes(4, "little") + (time if extended else b"")
        again = bytes((3 << 6 | channel,)) + (time if extended else b"")
        for at in range(0, len(payload), self.chunk_bytes):
            if at:
                out += again
            out += payload[at : at + self.chunk_bytes]
        return bytes(out)
