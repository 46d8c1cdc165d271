from decimal import Decimal

import pytest

from hls import playlist
from hls.model import Rendition, Segment
from tests.support.m3u8 import read_media, read_multivariant

FULL = 172 * 1024


def rendition(*durations: int, sizes: tuple[int, ...] | None = None, **changes) -> Rendition:
    segments = []
    offset = 700
    for duration, size in zip(durations, sizes or (64_000,) * len(durations), strict=True):
        segments.append(Segment(offset, size, duration))
        offset += size
    fields = {"timescale": 44_100, "complete": False} | changes
    return Rendition("aac128", "mp4a.40.2", channels=2, init_size_bytes=700, segments=segments, **fields)


def test_growing_media_playlist():
    assert playlist.media(rendition(FULL - 1024, FULL), "aac128.mp4") == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-PLAYLIST-TYPE:EVENT\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-START:TIME-OFFSET=0\n"
        '#EXT-X-MAP:URI="aac128.mp4",BYTERANGE="700@0"\n'
        "#EXTINF:3.970612,\n"
        "#EXT-X-BYTERANGE:64000@700\n"
        "aac128.mp4\n"
        "#EXTINF:3.993832,\n"
        "#EXT-X-BYTERANGE:64000@64700\n"
        "aac128.mp4\n"
    )


def test_complete_media_playlist():
    assert playlist.media(rendition(22_050, complete=True), "x/aac128.mp4") == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:4\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="x/aac128.mp4",BYTERANGE="700@0"\n'
        "#EXTINF:0.500000,\n"
        "#EXT-X-BYTERANGE:64000@700\n"
        "x/aac128.mp4\n"
        "#EXT-X-ENDLIST\n"
    )


def test_an_independent_reader_finds_the_model_again():
    model = rendition(FULL - 1024, FULL, FULL, 1, complete=True)
    read = read_media(playlist.media(model, "aac128.mp4"))
    assert [(piece.offset, piece.size) for piece in read.pieces] == [
        (segment.offset_bytes, segment.size_bytes) for segment in model.segments
    ]
    assert (read.map_offset, read.map_size, read.ended) == (0, model.init_size_bytes, True)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_durations_add_up_however_many_there_are(rate):
    model = rendition(FULL - 1024, *[FULL] * 9_000, 12_345, timescale=rate, complete=True)
    read = read_media(playlist.media(model, "a"))
    exact = Decimal(model.duration_ticks) / rate
    assert abs(sum(piece.duration_s for piece in read.pieces) - exact) <= Decimal("0.0000005")


def test_rendering_again_adds_only_what_is_new():
    model = rendition(FULL, FULL)
    renderer = playlist.MediaPlaylist(model, "a")
    for _ in range(2):
        assert renderer.render() == playlist.media(model, "a")
    model.append(Segment(128_700, 10, 12))
    assert renderer.render() == playlist.media(model, "a")
    model.complete = True
    assert renderer.render() == playlist.media(model, "a")


def test_what_was_listed_stays_as_it_was_while_it_grows():
    model = rendition(FULL)
    before = playlist.media(model, "a")
    model.append(Segment(64_700, 10, 12))
    assert playlist.media(model, "a").startswith(before)


def test_multivariant():
    model = rendition(44_100 * 4, 44_100 * 4, sizes=(64_000, 66_000))
    assert playlist.multivariant([model], lambda one: f"{one.name}.m3u8") == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=132000,AVERAGE-BANDWIDTH=130000,CODECS="mp4a.40.2"\n'
        "aac128.m3u8\n"
    )


def test_a_rendition_without_a_segment_is_not_offered_yet():
    read = read_multivariant(playlist.multivariant([rendition(), rendition(FULL)], lambda one: "a.m3u8"))
    assert [variant.uri for variant in read.variants] == ["a.m3u8"]


def test_6_2_4_beside_a_complete_rendition_none_is_offered_that_still_grows():
    growing, complete = rendition(FULL), rendition(FULL, FULL, complete=True)
    complete.name = "aac"
    read = read_multivariant(playlist.multivariant([complete, growing], lambda one: one.name))
    assert [variant.uri for variant in read.variants] == ["aac"]
    growing.complete = True
    read = read_multivariant(playlist.multivariant([complete, growing], lambda one: one.name))
    assert [variant.uri for variant in read.variants] == ["aac", "aac128"]


def test_bandwidth_rounds_up():
    assert playlist.average_bandwidth(rendition(44_100 * 3, sizes=(1,))) == 3


def test_peak_is_of_the_heaviest_stretch_near_the_target_duration():
    # Half a second of heavy sound is no peak by itself, only in company of half the target duration.
    model = rendition(22_050, 88_200, 44_100 * 4, sizes=(50_000, 25_000, 40_000))
    assert playlist.peak_bandwidth(model) == 75_000 * 8 * 10 // 25


def test_peak_of_a_very_short_rendition_is_its_average():
    model = rendition(44_100, sizes=(10_000,))
    assert playlist.peak_bandwidth(model) == playlist.average_bandwidth(model) == 80_000


def test_peak_leaves_out_stretches_that_are_too_long():
    model = rendition(44_100 * 4, 44_100 * 4, sizes=(10_000, 20_000))
    assert playlist.peak_bandwidth(model) == 40_000


def test_nothing_is_divided_by_the_duration_of_nothing():
    assert playlist.average_bandwidth(rendition(0, sizes=(10,))) == 80 * 44_100
