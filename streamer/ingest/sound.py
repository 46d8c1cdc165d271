"""The body of a source's request, taken out of its framing. Pure."""

from typing import Final, Protocol

from streamer.framing import ChunkedBody
from streamer.ingest.request import SourceRequest

# A show may last as long as it likes; its parts are bounded where they are kept.
_ENDLESS_BYTES: Final = 1 << 59


class Sound(Protocol):
    """Bytes of a connection in, sound out."""

    done: bool
    """All of it is here; what comes behind it is nothing."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the sound out of what has arrived; nothing is kept.

        Raises:
            Refused: the framing is wrong.
        """
        ...


def sound_of(request: SourceRequest) -> Sound:
    """What reads the sound that comes behind a head."""
    if request.framing == "chunked":
        return _Chunks()
    return _Counted(request.body_bytes if request.framing == "length" else None)


class _Counted:
    """`size_bytes` bytes as they are; None: as long as there are some."""

    __slots__ = ("_missing_bytes", "done")

    def __init__(self, size_bytes: int | None) -> None:
        self._missing_bytes = size_bytes
        self.done = size_bytes == 0

    def feed(self, data: bytes) -> list[bytes]:
        if self._missing_bytes is not None:
            data = data[: self._missing_bytes]
            self._missing_bytes -= len(data)
            self.done = not self._missing_bytes
        return [data] if data else []


class _Chunks(ChunkedBody):
    """The data of chunks."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        super().__init__(_ENDLESS_BYTES)
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        self._pieces = []
        self.take(data, 0)
        return self._pieces

    def _receive_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])
