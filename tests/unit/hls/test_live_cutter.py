"""Frames of a live rendition, cut into chunks and parts."""

import pytest

from hls.live import CHUNK_TICKS, GRID, ChunkCut, PartCut
from hls.live_cutter import LiveCutter
from hls.live_ladder import NAMES, plan
from tests.support.boxes import parse

PLANS = {p.name: p for p in plan(NAMES)}


def cutter(name: str, first_part: int = 0, first_ticks: int = 0) -> LiveCutter:
    return LiveCutter(
        PLANS[name], GRID, CHUNK_TICKS, rolls=name != "flac", first_part=first_part, first_ticks=first_ticks
    )


def frames(count: int, start: int = 0) -> list[bytes]:
    return [b"frame %d" % number for number in range(start, start + count)]


def feed(cutting: LiveCutter, units: list[bytes]) -> list[ChunkCut | PartCut]:
    return [cut for unit in units for cut in cutting.feed(unit)]


def chunks(cuts: list[ChunkCut | PartCut]) -> list[tuple[int, int]]:
    return [(cut.at_ticks, len(cut.units)) for cut in cuts if isinstance(cut, ChunkCut)]


def parts(cuts: list[ChunkCut | PartCut]) -> list[PartCut]:
    return [cut for cut in cuts if isinstance(cut, PartCut)]


def decode_ticks(part: PartCut) -> int:
    at = part.data.index(b"tfdt") + 8
    return int.from_bytes(part.data[at : at + 8], "big")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aac128", [(-2048, 7), (5120, 5), (10240, 5), (15360, 5), (20480, 5), (25600, 5)]),
        ("flac", [(0, 5), (5120, 5), (10240, 5), (15360, 5), (20480, 5), (25600, 5)]),
        ("opus96", [(-960, 5), (3840, 6), (9600, 6), (15360, 4), (19200, 6), (24960, 6)]),
    ],
)
def test_two_parts_and_their_chunks(name, expected):
    p = PLANS[name]
    extra, a_part = p.delay_ticks // p.frame_ticks, GRID.part_ticks // p.frame_ticks
    cuts = feed(cutter(name), frames(extra + 2 * a_part))
    assert chunks(cuts) == expected
    first, second = parts(cuts)
    assert (first.number, first.at_ticks, first.duration_ticks) == (0, 0, 15_360)
    assert (second.number, second.at_ticks, second.duration_ticks) == (1, 15_360, 15_360)
    assert [decode_ticks(first), decode_ticks(second)] == [0, 15_360 + p.delay_ticks]
    assert isinstance(cuts[-2], ChunkCut), "the chunk of a part comes before the part"
    units = [unit for cut in cuts if isinstance(cut, ChunkCut) for unit in cut.units]
    assert units == frames(extra + 2 * a_part)


def test_the_first_part_of_each_segment_says_so():
    every = parts(feed(cutter("flac"), frames(15 * 25)))
    assert [part.number for part in every if part.data[4:8] == b"styp"] == [0, 12, 24]
    assert {box.kind for box in parse(every[0].data)} == {"styp", "moof", "mdat"}
    assert all(part.data[4:8] == b"moof" for part in every if part.number % 12)


def test_a_show_goes_on_in_the_same_file():
    cuts = feed(cutter("aac128", first_part=31, first_ticks=31 * 15_360 - 100), frames(2 + 30))
    assert chunks(cuts)[0] == (0, 5), "the encoder's delay is left out: it lies in the parts before"
    first, second = parts(cuts)
    assert (first.number, first.at_ticks) == (31, 0)
    assert (second.number, second.at_ticks) == (32, 15_360)
    assert first.data[4:8] == b"styp"
    assert second.data[4:8] == b"moof"
    assert decode_ticks(first) == 31 * 15_360 - 100 + 2048
    assert decode_ticks(second) == 32 * 15_360 - 100 + 2048


def test_the_end_is_exact():
    cutting = cutter("aac64")
    cuts = feed(cutting, frames(17 + 3))
    rest = list(cutting.finish(frames(3, 20), 15_360 + 3 * 1024 + 500))
    assert [type(cut) for cut in rest] == [ChunkCut, PartCut]
    last = parts(rest)[0]
    assert (last.number, last.at_ticks, last.duration_ticks) == (1, 15_360, 3 * 1024 + 500)
    assert chunks(rest) == [(15_360, 4)]
    assert b"frame 21" not in last.data, "what lies behind the end is left out"
    assert len(parts(cuts)) == 1


def test_an_end_on_the_grid_leaves_nothing():
    cutting = cutter("flac")
    assert len(parts(feed(cutting, frames(15)))) == 1
    assert list(cutting.finish([b"more"], 15_360)) == []


def test_an_end_behind_the_chunk_of_a_part_repeats_none_of_it():
    cutting = cutter("flac")
    assert chunks(feed(cutting, frames(5))) == [(0, 5)]
    rest = list(cutting.finish([], 5120))
    assert chunks(rest) == []
    assert parts(rest)[0].duration_ticks == 5120


def test_mp3_has_chunks_alone():
    cutting = cutter("mp3")
    assert feed(cutting, frames(5)) == []
    assert chunks(list(cutting.tick())) == [(-1105, 5)]
    assert list(cutting.tick()) == []
    assert chunks(list(cutting.finish(frames(1, 5), 6000))) == [(4655, 1)]
