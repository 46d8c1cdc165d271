"""One recording on its way in, over any number of connections: every byte once, in order, or not at all.

Its bytes are counted from its beginning. A piece says which byte it begins with, so that a client may send
again what it does not know to have come: what came before is passed over. What would leave a hole is refused,
because no container survives one.
"""

import struct

from msgspec import Struct

RECORDING = 2
"""First byte of a binary frame with a piece of a recording."""

_HEAD = struct.Struct(">BBHQ")
HEAD_BYTES = _HEAD.size


class Piece(Struct, frozen=True):
    """A binary frame from who broadcasts.

    Attributes:
        stream: as `onair` calls it, 0 to 65535.
        at: which byte of the recording `data` begins with, 0 to 2^64 - 1.
    """

    stream: int
    at: int
    data: bytes


class NotRecording(Exception):
    """A binary frame that is not a piece of a recording; the message says why."""


class Gap(Exception):
    """A piece begins beyond what has come. The message has both places."""


class TooFast(Exception):
    """More came than may wait to be acknowledged. The message has both numbers."""


def encode_piece(piece: Piece) -> bytes:
    """The payload of a binary WebSocket frame."""
    return _HEAD.pack(RECORDING, 0, piece.stream, piece.at) + piece.data


def decode_piece(payload: bytes) -> Piece:
    """Read the payload of a binary WebSocket frame; its flags are for later versions.

    Raises:
        NotRecording: it is of another kind, or shorter than its header.
    """
    if len(payload) < HEAD_BYTES:
        raise NotRecording(f"{len(payload)} bytes, and the header of a recording's piece has {HEAD_BYTES}")
    kind, _, stream, at = _HEAD.unpack_from(payload)
    if kind != RECORDING:
        raise NotRecording(f"kind {kind}, not {RECORDING}")
    return Piece(stream, at, payload[HEAD_BYTES:])


class Uplink:
    """What has come of a recording, and what of it was acknowledged.

    Attributes:
        upto: bytes that have come, and were given on.
        acknowledged: ... and that the client need not keep.
    """

    __slots__ = ("_window_bytes", "acknowledged", "upto")

    def __init__(self, window_bytes: int) -> None:
        """Args: `window_bytes`: beyond what was acknowledged, >= 1."""
        self.upto = 0
        self.acknowledged = 0
        self._window_bytes = window_bytes

    def receive(self, at: int, data: bytes) -> bytes:
        """Take a piece.

        Returns:
            What of it is new, to be given on; maybe nothing.

        Raises:
            Gap, TooFast: nothing of it was taken.
        """
        if at > self.upto:
            raise Gap(f"a piece begins with byte {at} of the recording, and {self.upto} have come")
        end = at + len(data)
        if end > self.acknowledged + self._window_bytes:
            beyond = f"{self.acknowledged} bytes were acknowledged"
            raise TooFast(f"a piece goes up to byte {end}, {beyond}, and {self._window_bytes} more may come")
        new = data[self.upto - at :]
        self.upto += len(new)
        return new

    def acknowledge(self) -> int | None:
        """What to tell the client that has come; None if it knows."""
        if self.acknowledged == self.upto:
            return None
        self.acknowledged = self.upto
        return self.upto
