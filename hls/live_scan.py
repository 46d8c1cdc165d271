"""What a recording's file holds, read from its boxes: for who was not there to the end of writing it.

The file is an init segment and parts, as `hls.live_cutter` makes them: `styp` where a segment begins, `moof`,
`mdat`. Its end may be missing.

Source: ISO/IEC 14496-12, 8.6.6 (`elst`), 8.8.5 (`mfhd`), 8.8.7 (`tfhd`), 8.8.8 (`trun`), 8.8.12 (`tfdt`).
"""

import struct
from collections.abc import Callable, Iterator

from msgspec import Struct

from hls.model import Segment

Read = Callable[[int, int], bytes]
"""Offset and size in bytes; fewer are returned only where the file ends."""

_HEAD = struct.Struct(">I4s")
_MAX_HEAD_BYTES = 1 << 20
"""Of an init segment, and of a `moof`: ours have a few hundred."""
_HAS_DURATIONS = 0x000100


class ScannedPart(Struct, frozen=True):
    """A whole part.

    Attributes:
        number: of the part in its show.
        size_bytes: `styp` included.
        decode_ticks: of its first access unit.
        duration_ticks: that all its access units decode to.
        begins: a segment begins with it.
    """

    number: int
    offset_bytes: int
    size_bytes: int
    decode_ticks: int
    duration_ticks: int
    begins: bool


class Scanned(Struct, frozen=True):
    """What is whole of a file.

    Attributes:
        init_size_bytes: 0 if not even that is.
        delay_ticks: that are decoded and not presented, at its beginning.
        parts: in order; each begins, in bytes, in number and in decode time, where the one before ends, but
            for the number of one that begins a segment.
    """

    init_size_bytes: int
    delay_ticks: int
    parts: tuple[ScannedPart, ...]

    @property
    def size_bytes(self) -> int:
        """Behind the last whole part."""
        return self.parts[-1].offset_bytes + self.parts[-1].size_bytes if self.parts else self.init_size_bytes

    @property
    def presented_ticks(self) -> int:
        """What all parts present."""
        return max(0, sum(part.duration_ticks for part in self.parts) - self.delay_ticks)

    def until(self, number: int) -> "Scanned":
        """The same without the parts behind one."""
        kept = tuple(part for part in self.parts if part.number <= number)
        return Scanned(self.init_size_bytes, self.delay_ticks, kept)

    def segments(self) -> list[Segment]:
        """What a playlist lists: the parts of each segment together, without the delay."""
        found: list[Segment] = []
        skip = self.delay_ticks
        for part in self.parts:
            ticks = max(0, part.duration_ticks - skip)
            skip -= part.duration_ticks - ticks
            if part.begins or not found:
                found.append(Segment(part.offset_bytes, part.size_bytes, ticks))
            else:
                last = found[-1]
                size = last.size_bytes + part.size_bytes
                found[-1] = Segment(last.offset_bytes, size, last.duration_ticks + ticks)
        return found


def scan(read: Read, size_bytes: int) -> Scanned:
    """Read a file as far as it is whole, and what one expects."""
    init_bytes = 0
    for kind in (b"ftyp", b"moov"):
        found = _box(read, init_bytes, size_bytes)
        if found is None or found[0] != kind or found[1] > _MAX_HEAD_BYTES:
            return Scanned(0, 0, ())
        init_bytes += found[1]
    return Scanned(init_bytes, _delay(read(0, init_bytes)), tuple(_parts(read, init_bytes, size_bytes)))


def _parts(read: Read, at: int, end: int) -> Iterator[ScannedPart]:
    before: ScannedPart | None = None
    while (part := _part(read, at, end)) is not None:
        if before is not None:
            number, clock = before.number + 1, before.decode_ticks + before.duration_ticks
            if part.decode_ticks != clock or (part.number < number if part.begins else part.number != number):
                return
        yield part
        before, at = part, part.offset_bytes + part.size_bytes


def _part(read: Read, start: int, end: int) -> ScannedPart | None:
    at = start
    found = _box(read, at, end)
    begins = found is not None and found[0] == b"styp"
    if begins:
        assert found is not None
        at += found[1]
        found = _box(read, at, end)
    if found is None or found[0] != b"moof" or found[1] > _MAX_HEAD_BYTES:
        return None
    moof = read(at, found[1])
    at += found[1]
    media = _box(read, at, end)
    if media is None or media[0] != b"mdat":
        return None
    try:
        number, decode_ticks, duration_ticks = _times(memoryview(moof))
    except (struct.error, ValueError):
        return None
    return ScannedPart(number - 1, start, at + media[1] - start, decode_ticks, duration_ticks, begins)


def _box(read: Read, at: int, end: int) -> tuple[bytes, int] | None:
    """Kind and size of a box that is whole."""
    head = read(at, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size, kind = _HEAD.unpack(head)
    return (kind, size) if size >= _HEAD.size and at + size <= end else None


def _times(moof: memoryview) -> tuple[int, int, int]:
    """Sequence number, decode time and duration. Raises ValueError, struct.error."""
    (number,) = struct.unpack_from(">I", _child(moof, b"mfhd"), 12)
    traf = _child(moof, b"traf")
    (decode_ticks,) = struct.unpack_from(">Q", _child(traf, b"tfdt"), 12)
    run = _child(traf, b"trun")
    flags, count = struct.unpack_from(">II", run, 8)
    if flags & _HAS_DURATIONS:
        return number, decode_ticks, sum(struct.unpack_from(f">{2 * count}I", run, 20)[::2])
    (usual,) = struct.unpack_from(">I", _child(traf, b"tfhd"), 16)
    return number, decode_ticks, count * usual


def _delay(init: bytes) -> int:
    """The media time of the only edit; 0 without one."""
    at = init.find(b"elst")
    if at < 0:
        return 0
    (media_time,) = struct.unpack_from(">i", init, at + 16)
    return max(0, int(media_time))


def _child(parent: memoryview, kind: bytes) -> memoryview:
    at = _HEAD.size
    while at + _HEAD.size <= len(parent):
        size, found = _HEAD.unpack_from(parent, at)
        if size < _HEAD.size:
            break
        if found == kind:
            return parent[at : at + size]
        at += size
    raise ValueError(f"there is no {kind.decode()} in it")
