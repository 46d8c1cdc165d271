"""Recordings whose end may be missing."""

import pytest

from hls import fmp4
from hls.live_scan import Scanned, scan
from hls.model import AccessUnit, Segment
from hls.segmenter import Fragment

FRAME, DELAY = 1024, 2048
INIT = fmp4.init_segment(
    sample_entry=fmp4.aac_sample_entry(b"\x11\x90", 48_000, 2, 128_000),
    timescale=48_000,
    delay_ticks=DELAY,
)
STYP = fmp4.box(b"styp", b"cmfs", b"\0\0\0\0", b"cmfs")


def part(
    number: int, decode_ticks: int, frames: int = 15, *, begins: bool = False, last: int = FRAME
) -> bytes:
    units = [AccessUnit(b"unit%d" % index, FRAME) for index in range(frames - 1)]
    units.append(AccessUnit(b"last", last))
    return (STYP if begins else b"") + fmp4.fragment(Fragment(number + 1, decode_ticks, units, 0))


def read_of(data: bytes) -> Scanned:
    return scan(lambda offset, size: data[offset : offset + size], len(data))


def recording() -> list[bytes]:
    """Two parts of a first segment, the first with the delay; a second segment of one short part."""
    return [
        INIT,
        part(0, 0, 17, begins=True),
        part(1, 17 * FRAME),
        part(12, 32 * FRAME, 2, begins=True, last=100),
    ]


def test_a_whole_file() -> None:
    pieces = recording()
    found = read_of(b"".join(pieces))
    assert (found.init_size_bytes, found.delay_ticks) == (len(INIT), DELAY)
    assert [(one.number, one.decode_ticks, one.duration_ticks, one.begins) for one in found.parts] == [
        (0, 0, 17 * FRAME, True),
        (1, 17 * FRAME, 15 * FRAME, False),
        (12, 32 * FRAME, FRAME + 100, True),
    ]
    assert found.size_bytes == sum(map(len, pieces))
    assert found.presented_ticks == 33 * FRAME + 100 - DELAY
    first, second = len(pieces[1]) + len(pieces[2]), len(pieces[3])
    assert found.segments() == [
        Segment(len(INIT), first, 30 * FRAME),
        Segment(len(INIT) + first, second, FRAME + 100),
    ]


def test_without_the_parts_behind_one() -> None:
    found = read_of(b"".join(recording())).until(1)
    assert [one.number for one in found.parts] == [0, 1] and len(found.segments()) == 1
    assert found.until(-1).size_bytes == len(INIT) and found.until(-1).presented_ticks == 0


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_an_end_that_is_missing_costs_the_last_part(cut: int) -> None:
    pieces = recording()
    data = b"".join(pieces)
    found = read_of(data[:-cut])
    whole, size = [], len(INIT)
    for number, piece in zip((0, 1, 12), pieces[1:], strict=True):
        if size + len(piece) > len(data) - cut:
            break
        size += len(piece)
        whole.append(number)
    assert [one.number for one in found.parts] == whole and found.size_bytes == size


@pytest.mark.parametrize("size", [0, 4, 20, len(INIT) - 1])
def test_without_an_init_segment_there_is_nothing(size: int) -> None:
    assert read_of(INIT[:size]) == Scanned(0, 0, ())


def test_what_is_none_of_ours_ends_it() -> None:
    first = part(0, 0, begins=True)
    for other in (
        fmp4.box(b"free"),
        STYP + fmp4.box(b"free"),
        fmp4.box(b"moof"),
        fmp4.box(b"moof") + fmp4.box(b"free"),
        fmp4.box(b"moof") + fmp4.box(b"mdat"),
        fmp4.box(b"moof", b"\0\0\0\0mfhd") + fmp4.box(b"mdat"),
        part(2, 15 * FRAME),
        part(1, 14 * FRAME),
        part(0, 15 * FRAME, begins=True),
        b"\0\0\0\4moof",
    ):
        found = read_of(INIT + first + other)
        assert [one.number for one in found.parts] == [0], other[:8]


def test_an_init_segment_without_an_edit_has_no_delay() -> None:
    init = fmp4.init_segment(
        sample_entry=fmp4.aac_sample_entry(b"\x11\x90", 48_000, 2, 128_000), timescale=48_000, delay_ticks=0
    )
    assert read_of(init) == Scanned(len(init), 0, ())
