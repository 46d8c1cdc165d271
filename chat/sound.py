"""Binary frames: access units on their way to those who listen. `docs/protocol.md` has the header."""

import struct
from collections.abc import Sequence

from msgspec import Struct

SOUND = 1
"""First byte of every binary frame so far; what begins otherwise is to be ignored."""

DISCONTINUOUS = 1
"""Flag: the first unit does not continue the frame before it."""

CONCEALED = 2
"""Flag: silence in place of a source that is away."""

MAX_UNITS = 255
MAX_UNIT_BYTES = 65_535
_HEAD = struct.Struct(">BBHQB")
HEAD_BYTES = _HEAD.size


class SoundFrame(Struct, frozen=True):
    """Access units that follow one another.

    Attributes:
        stream: as `listening` calls it, 0 to 65535.
        at_us: media time of the first sample, microseconds since the Unix epoch, 0 to 2^64 - 1.
        units: 1 to 255, of 1 to 65535 bytes each.
        flags: 0 to 255, of the flags above.
    """

    stream: int
    at_us: int
    units: Sequence[bytes]
    flags: int = 0


class NotSound(Exception):
    """A binary frame that is not one of sound; the message says why."""


def encode_sound(frame: SoundFrame) -> bytes:
    """The payload of a binary WebSocket frame."""
    units = frame.units
    assert 1 <= len(units) <= MAX_UNITS, f"{len(units)} units, not 1 to {MAX_UNITS}"
    head = _HEAD.pack(SOUND, frame.flags, frame.stream, frame.at_us, len(units))
    return b"".join((head, struct.pack(f">{len(units)}H", *map(len, units)), *units))


def decode_sound(data: bytes) -> SoundFrame:
    """Read the payload of a binary WebSocket frame.

    Raises:
        NotSound: it is of another kind, or its length is not what its header says.
    """
    if len(data) < HEAD_BYTES:
        raise NotSound(f"{len(data)} bytes, and the header has {HEAD_BYTES}")
    kind, flags, stream, at_us, count = _HEAD.unpack_from(data)
    if kind != SOUND:
        raise NotSound(f"kind {kind}, not {SOUND}")
    position = HEAD_BYTES + 2 * count
    if not count or len(data) < position:
        raise NotSound(f"{len(data)} bytes, and {count} sizes of units")
    sizes = struct.unpack_from(f">{count}H", data, HEAD_BYTES)
    if len(data) != position + sum(sizes):
        raise NotSound(f"{len(data)} bytes, and the header tells of {position + sum(sizes)}")
    units = []
    for size in sizes:
        units.append(data[position : position + size])
        position += size
    return SoundFrame(stream, at_us, tuple(units), flags)
