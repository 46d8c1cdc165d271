"""Looks inside the files of a track: is it what was written? Blocks; runs in threads."""

import contextlib
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from hls.model import Rendition, Segment
from streamer.fingerprint import fingerprint
from streamer.waveform import Peaks

_HEAD = struct.Struct(">I4s")
_INIT = [b"ftyp", b"moov"]
_FRAGMENT = [b"moof", b"mdat"]
_BEGINNING = b"styp"  # of a segment of a show, which is several fragments
_AFTER = frozenset({b"mfra", b"sidx", b"free", b"skip"})  # an index for players that read files
_MAX_MOOF_BYTES = 1 << 20

Read = Callable[[int, int], bytes]
"""Offset and size in bytes; fewer are returned only where the file ends."""


class NotAsCut(Exception):
    """A file is not what its table of segments says. In words."""


def source_fault(path: Path, sha256: str | None) -> tuple[str, str | None]:
    """The hash of a source, and what is wrong with it."""
    found = fingerprint(path)
    if sha256 is None or found == sha256:
        return found, None
    return found, f"its SHA-256 is {found[:12]}..., it came with {sha256[:12]}..."


def peaks_fault(data: bytes) -> str | None:
    """What is wrong with a waveform."""
    try:
        Peaks.from_binary(data)
    except ValueError as error:
        return str(error)
    return None


def tail_fault(read: Read, size_bytes: int, end_bytes: int) -> str | None:
    """What is wrong with bytes behind the last segment; an index may be there."""
    at = end_bytes
    try:
        while at < size_bytes:
            kind, size = _box(read, at, size_bytes)
            if kind not in _AFTER:
                raise NotAsCut(f"a box {kind!r}")
            at += size
    except NotAsCut as error:
        return f"{size_bytes - end_bytes} bytes behind its last segment are none of ours: {error}"
    return None


def rendition_fault(read: Read, size_bytes: int, rendition: Rendition) -> str | None:
    """Whether a file's boxes are where its table of segments says, and follow each other in time."""
    try:
        if (kinds := _kinds(read, 0, rendition.init_size_bytes)) != _INIT:
            raise NotAsCut(f"its head is {kinds}")
        clock = 0
        for number, segment in enumerate(rendition.segments):
            clock = _pass(read, segment, number, clock)
    except (NotAsCut, struct.error) as error:
        return f"not as it was cut: {error}"
    return tail_fault(read, size_bytes, rendition.size_bytes)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Read]:
    """Reads of a file. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        yield lambda offset, size: os.pread(file.fileno(), size, offset)


def _box(read: Read, at: int, end: int) -> tuple[bytes, int]:
    head = read(at, _HEAD.size)
    if len(head) < _HEAD.size:
        raise NotAsCut(f"the file ends within a box at {at}")
    size, kind = _HEAD.unpack(head)
    if size < _HEAD.size or at + size > end:
        raise NotAsCut(f"a box of {size} bytes at {at}, where {end - at} are left")
    return kind, size


def _kinds(read: Read, at: int, end: int) -> list[bytes]:
    kinds = []
    while at < end:
        kind, size = _box(read, at, end)
        kinds.append(kind)
        at += size
    return kinds


def _pass(read: Read, segment: Segment, number: int, clock: int) -> int:
    """Decode time behind a segment. Raises NotAsCut."""
    at, end = segment.offset_bytes, segment.offset_bytes + segment.size_bytes
    boxes = []
    while at < end:
        kind, size = _box(read, at, end)
        boxes.append((kind, at))
        at += size
    fragments = boxes[1:] if boxes and boxes[0][0] == _BEGINNING else boxes
    kinds = [kind for kind, _ in fragments]
    if not kinds or kinds != _FRAGMENT * (len(kinds) // 2):
        raise NotAsCut(f"segment {number} is {[kind for kind, _ in boxes]}")
    for _, offset in fragments[::2]:
        clock = _continue(read, offset, number, clock)
    return clock


def _continue(read: Read, offset: int, number: int, clock: int) -> int:
    """Decode time behind a fragment, which has to begin at `clock`."""
    _, size = _box(read, offset, offset + _MAX_MOOF_BYTES)
    moof = memoryview(read(offset, size))
    traf = _child(moof, b"traf")
    (begins,) = struct.unpack_from(">Q", _child(traf, b"tfdt"), 12)
    if begins != clock:
        raise NotAsCut(f"segment {number} begins at {begins} ticks instead of {clock}")
    run = _child(traf, b"trun")
    flags, count = struct.unpack_from(">II", run, 8)
    if flags & 0x100:  # sample-duration-present: duration and size of each
        return clock + int(sum(struct.unpack_from(f">{2 * count}I", run, 20)[::2]))
    (usual,) = struct.unpack_from(">I", _child(traf, b"tfhd"), 16)
    return clock + int(count * usual)


def _child(parent: memoryview, kind: bytes) -> memoryview:
    at = 8
    while at + 8 <= len(parent):
        size, found = _HEAD.unpack_from(parent, at)
        if size < 8:
            break
        if found == kind:
            return parent[at : at + size]
        at += size
    raise NotAsCut(f"there is no {kind.decode()} in a fragment")
