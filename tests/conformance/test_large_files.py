"""Recordings beyond 4 GiB, where offsets and sizes no longer fit into 32 bits. Their files have holes."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hls.ffmpeg.recording import open_recording
from hls.report import Finished
from tests.support.audio import make_tone
from tests.support.worker import package, worker_pool

GAP_BYTES = 5 << 30
W64_SUFFIX = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # of all its chunks' names but the first
PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
CHANNELS, RATE, SAMPLE_BYTES = 24, 768_000, 8  # the widest sound that is let in: 147 MB a second


def with_gaps(path: Path, data: bytes, at: int, *heads: bytes) -> Path:
    """Write `data`, with chunks of nothing in between that have these heads and are 5 GiB together."""
    with path.open("wb") as file:
        file.write(data[:at])
        for head in heads:
            file.write(head)
            file.seek(GAP_BYTES // len(heads) - len(head), os.SEEK_CUR)
        file.write(data[at:])
    assert path.stat().st_blocks * 512 < 1 << 24
    return path


def rf64(tone: Path, path: Path) -> Path:
    data = tone.read_bytes()
    head = b"JUNK" + struct.pack("<I", GAP_BYTES // 2 - 8)
    return with_gaps(path, data, data.index(b"data", 50), head, head)


def w64(tone: Path, path: Path) -> Path:
    data = tone.read_bytes()
    head = b"junk" + W64_SUFFIX + struct.pack("<Q", GAP_BYTES)
    return with_gaps(path, data, data.index(b"data" + W64_SUFFIX), head)


def m4a(tone: Path, path: Path) -> Path:
    data = tone.read_bytes()
    index = data.index(b"moov") - 4
    head = struct.pack(">I4sQ", 1, b"free", GAP_BYTES)
    moved = data[:index] + b"".join(moved_boxes(data[index:]))
    return with_gaps(path, moved, data.index(b"mdat") - 4, head)


def moved_boxes(data: bytes) -> Iterator[bytes]:
    """The boxes of an index, with the places of its samples 5 GiB further on, in 64 bits."""
    while data:
        size, kind = struct.unpack_from(">I4s", data)
        body, data = data[8:size], data[size:]
        if kind in PARENTS:
            body = b"".join(moved_boxes(body))
        if kind == b"stco":
            kind, places = b"co64", struct.unpack_from(f">{(len(body) - 8) // 4}I", body, 8)
            body = body[:8] + struct.pack(f">{len(places)}Q", *(GAP_BYTES + place for place in places))
        yield struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.mark.parametrize(
    ("ending", "options", "moved"),
    [("wav", ("-rf64", "always"), rf64), ("w64", (), w64), ("m4a", ("-b:a", "192k"), m4a)],
)
async def test_sound_that_lies_behind_it(tmp_path, ending, options, moved):
    tone = make_tone(tmp_path / f"tone.{ending}", seconds=6, options=options)
    large = moved(tone, tmp_path / f"large.{ending}")
    async with worker_pool(("aac64",)) as pool:
        for source in (tone, large):
            reports = await package(pool, source, tmp_path / source.stem)
            assert reports[-1] == Finished(6_000)
    made, expected = (
        {file.name: file.read_bytes() for file in (tmp_path / stem).iterdir()} for stem in ("large", "tone")
    )
    assert made == expected


class Holed:
    """A file with a hole in it, for FFmpeg to read: a real one would have it wait for gigabytes of zeros."""

    def __init__(self, head: bytes, hole_bytes: int, tail: bytes) -> None:
        self._head, self._tail = head, tail
        self._tail_at = len(head) + hole_bytes
        self._place = 0
        self._zeros = bytes(1 << 20)

    def read(self, size: int) -> bytes:
        place = self._place
        if place < len(self._head):
            data = self._head[place : place + size]
        elif place < self._tail_at:
            data = self._zeros[: min(size, self._tail_at - place)]
        else:
            data = self._tail[place - self._tail_at :][:size]
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._tail_at + len(self._tail)}
        self._place = start[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place


def test_sound_that_is_longer_is_read_to_its_last_sample():
    """Half a minute of it, for it is wide enough."""
    frame = CHANNELS * SAMPLE_BYTES
    samples = (4 << 30) // frame + 100_001
    size = samples * frame
    sizes = struct.pack("<QQQI", size + 100, size, samples, 0)
    form = struct.pack("<HHIIHH", 3, CHANNELS, RATE, RATE * frame, frame, SAMPLE_BYTES * 8)
    head = b"RF64\xff\xff\xff\xffWAVE" + b"ds64\x1c\0\0\0" + sizes
    head += b"fmt \x10\0\0\0" + form + b"data\xff\xff\xff\xff"
    read, last = 0, None
    # It reads and seeks, which is all of a source that is asked for here.
    with open_recording(Holed(head, size - 8, struct.pack("<d", 0.5))) as recording:  # type: ignore[arg-type]
        for decoded in recording.frames():
            read, last = read + decoded.samples, decoded
    assert read == samples
    assert last is not None and np.array_equal(last.to_ndarray()[0, -2:], [0, 0.5])
