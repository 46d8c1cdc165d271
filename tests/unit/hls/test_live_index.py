"""The multivariant playlist of a live stream."""

from hls.grid import Grid
from hls.live_index import Bandwidth, Variant, live_multivariant
from hls.window import LiveSegment, Part

GRID = Grid(timescale=1000, part_ticks=500, parts_per_segment=4, keep_segments=4)


def segment(*sizes: int) -> LiveSegment:
    return LiveSegment(0, 0, 0, False, [Part(size, 500) for size in sizes], complete=True)


def test_the_whole_text() -> None:
    variants = [Variant("a.m3u8", "mp4a.40.2", 140_000, 130_000), Variant("b.m3u8", "fLaC", 900_000, 700_000)]
    assert live_multivariant(GRID, variants) == (
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=-1.5\n"
        '#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=130000,CODECS="mp4a.40.2"\na.m3u8\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=700000,CODECS="fLaC"\nb.m3u8\n'
    )


def measured(*segments: LiveSegment) -> Bandwidth:
    bandwidth = Bandwidth(GRID)
    for one in segments:
        for part in one.parts:
            bandwidth.add_part(part)
        bandwidth.add_segment(one)
    return bandwidth


def test_before_a_segment_the_peak_is_somewhat_over_the_average() -> None:
    bandwidth = Bandwidth(GRID)
    bandwidth.add_part(Part(1000, 500))
    assert (bandwidth.peak, bandwidth.average) == (17_600, 16_000)


def test_the_peak_is_of_the_heaviest_segment_and_never_falls() -> None:
    bandwidth = measured(
        segment(1000, 1000, 1000, 1000), segment(3000, 1000, 1000, 1000), segment(1, 1, 1, 1)
    )
    assert bandwidth.peak == 24_000
    assert bandwidth.average == -(-10_004 * 8 // 6)


def test_rfc8216bis_4_4_6_2_a_segment_of_less_than_half_the_target_is_no_peak() -> None:
    bandwidth = measured(segment(1000, 1000, 1000, 1000), segment(9000))
    assert bandwidth.peak == max(16_000, bandwidth.average)


def test_what_one_has_measured_another_goes_on_from() -> None:
    one = measured(segment(1000, 1200))
    other = Bandwidth(GRID, one.measured)
    assert (other.peak, other.average) == (one.peak, one.average)
    for each in (one, other):
        each.add_part(Part(5000, GRID.part_ticks))
    assert (other.peak, other.average) == (one.peak, one.average)
