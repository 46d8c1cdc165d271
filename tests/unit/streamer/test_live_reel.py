"""Recordings as their records list them, and where in them a moment is."""

import pytest

from hls.live import GRID, LiveRendition, PartCut
from hls.live_scan import Scanned, ScannedPart
from hls.model import Rendition, Segment
from streamer.live.reel import Reel, laid, pad, take_up, zoomed
from streamer.live.tape import Found
from streamer.live.timeline import Timeline
from streamer.track import State, TrackRecord
from streamer.waveform import Peaks

PART = GRID.part_ticks
AAC = LiveRendition("aac128", "mp4a.40.2", 128_000, 1024, 2048, b"init", b"")
LOW = LiveRendition("aac64", "mp4a.40.2", 64_000, 1024, 2048, b"in", b"")
MP3 = LiveRendition("mp3", "mp3", 128_000, 1152, 1105, b"", b"")


def record() -> TrackRecord:
    return TrackRecord(
        id="t1",
        filename="radio.mp4",
        media_type="audio/mp4",
        created_at=0,
        updated_at=0,
        state=State.LIVE,
        room="radio",
    )


def part(number: int, name: str = "aac128", *, begins: bool | None = None) -> PartCut:
    begins = number % 12 == 0 if begins is None else begins
    return PartCut(name, number, 0, PART, b"\0\0\0\x08styp" + b"x" * 2 if begins else b"x" * 10)


def test_a_segment_is_listed_when_it_is_whole() -> None:
    reel = Reel(record())
    assert reel.begin((AAC, LOW, MP3)) == {"aac128": b"init", "aac64": b"in"}
    for number in range(12):
        reel.lay(laid(part(number)))
        assert len(reel.record.renditions["aac128"].segments) == (number == 11)
    assert reel.record.renditions["aac128"].segments == [Segment(4, 120, 12 * PART)]
    assert reel.record.packaged_ticks == 12 * PART and reel.sizes == {"aac128.mp4": 124, "aac64.mp4": 2}
    reel.lay(laid(part(12)))
    reel.lay(laid(part(24)))
    assert reel.record.renditions["aac128"].segments[1] == Segment(124, 10, PART), "cut short by a restart"
    reel.close()
    assert reel.record.packaged_ticks == 14 * PART
    reel.close("aac64")


def test_what_not_all_renditions_have_is_dropped() -> None:
    reel = Reel(record())
    reel.begin((AAC, LOW))
    for number in range(24):
        reel.lay(laid(part(number)))
        if number < 12:
            reel.lay(laid(part(number, "aac64")))
    reel.level()
    counts = [len(one.segments) for one in reel.record.renditions.values()]
    assert counts == [1, 1] and reel.record.packaged_ticks == 12 * PART
    Reel(record()).level()


@pytest.mark.parametrize(("low", "counts"), [(14, [2, 2]), (13, [1, 1]), (2, [0, 0])])
def test_of_the_segment_that_grows_is_kept_what_all_have(low: int, counts: list[int]) -> None:
    reel = Reel(record())
    reel.begin((AAC, LOW))
    for number in range(14):
        reel.lay(laid(part(number)))
        if number < low:
            reel.lay(laid(part(number, "aac64")))
    assert reel.even == (low == 14)
    reel.level()
    assert [len(one.segments) for one in reel.record.renditions.values()] == counts
    ends = {one.duration_ticks for one in reel.record.renditions.values()}
    assert (
        ends == {reel.record.packaged_ticks} and reel.record.packaged_ticks == [0, 12, 14][counts[0]] * PART
    )


def test_a_rendition_that_is_a_whole_segment_behind_is_not_taken_for_level() -> None:
    reel = Reel(record())
    reel.begin((AAC, LOW))
    for number in range(25):
        reel.lay(laid(part(number)))
        if number < 13:
            reel.lay(laid(part(number, "aac64")))
    reel.level()
    assert {one.duration_ticks for one in reel.record.renditions.values()} == {12 * PART}


@pytest.mark.parametrize(
    ("ticks", "kept"),
    [(0, 1), (1, 1), (12 * PART, 1), (12 * PART + 1, 2), (24 * PART, 2), (99 * PART, 3)],
)
def test_silence_at_the_end_is_dropped(ticks: int, kept: int) -> None:
    reel = Reel(record())
    reel.begin((AAC,))
    for number in range(36):
        reel.lay(laid(part(number)))
    reel.trim(ticks)
    assert len(reel.record.renditions["aac128"].segments) == kept
    assert reel.record.packaged_ticks == kept * 12 * PART
    Reel(record()).trim(0)


def test_what_is_left_is_taken_up() -> None:
    lost = record()
    lost.renditions["aac128"] = Rendition("aac128", "mp4a.40.2", 48_000, 2, 4, [])
    parts = (
        ScannedPart(0, 4, 100, 0, PART + 2048, True),
        ScannedPart(1, 104, 50, PART + 2048, PART, False),
        ScannedPart(12, 154, 60, 2 * PART + 2048, PART, True),
    )
    take_up(lost, Found({"aac128": Scanned(4, 2048, parts)}, 12, b"\1\2\3"))
    assert lost.renditions["aac128"].segments == [Segment(4, 150, 2 * PART), Segment(154, 60, PART)]
    assert lost.packaged_ticks == 3 * PART and lost.received_bytes == 214
    assert lost.peaks is not None and bytes(lost.peaks.zooms[0].data) == b"\1\2"
    nothing = record()
    take_up(nothing, Found({}, -1, b""))
    assert nothing.packaged_ticks == 0


def test_a_waveform_goes_on_where_the_sound_does() -> None:
    peaks = Peaks(48_000, 512, b"\1\2" * 10)
    assert pad(peaks, 512 * 10) == b"" and pad(None, 99_999) == b""
    assert pad(peaks, 512 * 11 + 1) == bytes(4) and len(peaks.zooms[0]) == 12


def test_a_waveform_gets_its_zooms() -> None:
    assert [len(zoom) for zoom in zoomed(None).zooms] == [0]
    whole = zoomed(Peaks(48_000, 512, b"\xff\1" * 5000))
    assert [(len(zoom), zoom.samples_per_pixel) for zoom in whole.zooms] == [
        *((5000, 512), (1250, 2048), (313, 8192)),
    ]


def test_places_in_a_show_that_was_interrupted() -> None:
    timeline = Timeline()
    assert timeline.ticks == 0 and timeline.lives == 0
    timeline.begin(1_000_000)
    timeline.extend(480_000)
    timeline.begin(60_000_000)
    timeline.extend(240_000)
    assert (timeline.ticks, timeline.lives, timeline.ends_at_us) == (720_000, 2, 65_000_000)
    places = {0: 0, 1_000_000: 0, 6_000_000: 5000, 30_000_000: 10_000, 61_000_000: 11_000, 99_000_000: 15_000}
    assert {moment: timeline.place_ms(moment) for moment in places} == places
