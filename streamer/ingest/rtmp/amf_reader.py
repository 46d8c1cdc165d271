"""Bytes of one AMF message, read with a bound on how many values and how deep."""

import struct

from streamer.ingest.rtmp.wire import MAX_AMF_DEPTH, MAX_AMF_VALUES, RtmpError


class AmfReader:
    """A place in a message. Every method raises RtmpError when the message ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._values = 0

    @property
    def rest(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        """The next bytes."""
        end = self._at + size
        if end > len(self._data):
            raise RtmpError(f"AMF ends {end - len(self._data)} bytes too early")
        found = self._data[self._at : end]
        self._at = end
        return found

    def peek(self) -> int:
        """The next byte, which stays; -1 at the end."""
        return self._data[self._at] if self.rest else -1

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def double(self) -> float:
        found: float = struct.unpack(">d", self.take(8))[0]
        return found

    def text(self, size: int) -> str:
        """So many bytes of UTF-8; what is none is replaced, for encoders write what their system has."""
        return self.take(size).decode("utf-8", "replace")

    def count(self, depth: int) -> None:
        """A value begins, inside `depth` others."""
        self._values += 1
        if depth > MAX_AMF_DEPTH:
            raise RtmpError(f"AMF is more than {MAX_AMF_DEPTH} levels deep")
        if self._values > MAX_AMF_VALUES:
            raise RtmpError(f"AMF has more than {MAX_AMF_VALUES} values")

    def expect(self, values: int) -> int:
        """So many values should come, each of a byte at least. Returns the number."""
        if values > min(self.rest, MAX_AMF_VALUES):
            raise RtmpError(
                f"AMF promises {values} values, more than it has bytes or more than {MAX_AMF_VALUES}"
            )
        return values
