"""Frames between the server and a live worker, both ways: one letter, a length, and so many bytes."""

import struct
from collections.abc import Iterator

HEAD = struct.Struct(">cI")
MAX_FRAME_BYTES = 1 << 20

# To a worker.
DATA = b"d"
"""Bytes of the source, or samples."""
MARK = b"m"
"""What came before it is behind the mark, whose number is four bytes."""
SWITCHED = b"s"
"""What follows is another source."""
LOST = b"l"
"""Nothing follows until there is a source again."""
END = b"e"
"""Nothing follows."""

# From a worker.
SOUND = b"p"
"""Samples."""
REPORT = b"r"
"""A message in msgpack."""

_NUMBER = struct.Struct(">I")


class FrameInvalid(ValueError):
    """The other end says something that is no frame."""


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """A frame, at most MAX_FRAME_BYTES of payload."""
    assert len(payload) <= MAX_FRAME_BYTES, f"{len(payload)} bytes in one frame"
    return HEAD.pack(kind, len(payload)) + payload


def marked(number: int) -> bytes:
    """The frame of a mark."""
    return frame(MARK, _NUMBER.pack(number))


def number_of(payload: bytes) -> int:
    """The number of a mark. Raises FrameInvalid."""
    if len(payload) != _NUMBER.size:
        raise FrameInvalid(f"the number of a mark has {_NUMBER.size} bytes, not {len(payload)}")
    return int.from_bytes(payload, "big")


class Frames:
    """Takes bytes as they come, gives whole frames. Holds less than one frame and what was fed last."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Kind and payload of every frame that is whole by now.

        Raises:
            FrameInvalid: one is longer than MAX_FRAME_BYTES.
        """
        self._held += data
        start = 0
        try:
            while start + HEAD.size <= len(self._held):
                kind, size = HEAD.unpack_from(self._held, start)
                if size > MAX_FRAME_BYTES:
                    raise FrameInvalid(f"{size} bytes are more than {MAX_FRAME_BYTES}")
                end = start + HEAD.size + size
                if end > len(self._held):
                    return
                payload = bytes(self._held[start + HEAD.size : end])
                start = end
                yield kind, payload
        finally:
            del self._held[:start]
