import math
import random

import pytest

from hls.loudness import Histogram, Loudness, combine, momentary, told


def counted(*blocks: tuple[float, int], peak: float | None = None) -> bytes:
    """A histogram of so many blocks of one loudness each."""
    histogram = Histogram()
    histogram.true_peak_dbtp = peak
    for lufs, times in blocks:
        for _ in range(times):
            histogram.count(lufs, lufs)
    return histogram.to_bytes()


def test_loudness_is_read_from_what_ffmpeg_tells():
    said = {"lavfi.r128.I": "-13.199", "lavfi.r128.LRA": "1.760", "lavfi.r128.true_peak": "1.013"}
    assert told(said) == Loudness(-13.2, 1.76, 0.11)


@pytest.mark.parametrize(
    ("integrated", "peak", "expected"),
    [
        ("-70.000", "0.000", Loudness(None, None, None)),  # silence
        ("-70.000", "0.500", Loudness(None, None, -6.02)),  # less than 400 ms
        ("nan", "nan", Loudness(None, None, None)),
        ("-inf", "inf", Loudness(None, None, None)),
    ],
)
def test_what_silence_does_not_have_is_none(integrated, peak, expected):
    said = {"lavfi.r128.I": integrated, "lavfi.r128.LRA": "0.000", "lavfi.r128.true_peak": peak}
    assert told(said) == expected


def test_nothing_told_is_nothing_known():
    assert told({}) == Loudness(None, None, None)


def test_one_loudness_throughout_is_that_loudness_and_has_no_range():
    whole = combine([counted((-23.02, 100), peak=-3.0)])
    assert whole == Loudness(pytest.approx(-23.0, abs=0.03), 0.0, -3.0)


def test_an_album_is_as_loud_as_its_mean_power():
    # Ten times the power for half of the time: 5.5 of 10, not the mean of -20 and -10.
    whole = combine([counted((-20.02, 500), peak=-8.0), counted((-10.02, 500), peak=-1.0)])
    assert whole.integrated_lufs == pytest.approx(-10 + 10 * math.log10(0.55), abs=0.03)
    assert whole.range_lu == pytest.approx(10, abs=0.05)
    assert whole.true_peak_dbtp == -1.0


def test_what_the_album_makes_quiet_is_gated_though_its_track_alone_would_not_be():
    quiet = counted((-40.02, 1000))
    assert combine([quiet]).integrated_lufs == pytest.approx(-40, abs=0.03)
    assert combine([quiet, counted((-14.02, 1000))]).integrated_lufs == pytest.approx(-14, abs=0.03)


def test_the_order_does_not_matter():
    parts = [counted((-20, 3), (-31, 9)), counted((-14.1, 7), peak=-1.0), counted((-50, 2), peak=0.5)]
    assert combine(parts) == combine(reversed(parts))


@pytest.mark.parametrize("lufs", [-70.01, -120.7, math.nan, -math.inf])
def test_silence_counts_nothing(lufs):
    assert counted((lufs, 5)) == Histogram().to_bytes()


@pytest.mark.parametrize("lufs", [200.0, math.inf])
def test_what_is_absurdly_loud_needs_no_more_room(lufs):
    assert len(counted((lufs, 5), (-70, 5))) < 10_000


def test_no_tracks_and_silent_tracks_have_no_loudness():
    assert combine([]) == combine([Histogram().to_bytes()] * 2) == Loudness(None, None, None)


def test_a_histogram_is_small_whatever_the_length():
    chance = random.Random(1)
    histogram = Histogram()
    for _ in range(36_000):
        histogram.count(chance.gauss(-18, 5), chance.gauss(-18, 3))
    assert len(histogram.to_bytes()) < 4_000
    assert combine([histogram.to_bytes()]) == histogram.loudness()


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x92\x00\x90\x92\x00\x90", b'{"a":1}'])
def test_what_is_no_histogram_is_named_so(data):
    with pytest.raises(ValueError, match="no histogram of loudness"):
        combine([data])


def test_less_than_three_seconds_have_a_loudness_and_no_range():
    histogram = Histogram()
    histogram.count(-20.02, -120.7)
    assert histogram.loudness() == Loudness(pytest.approx(-20, abs=0.03), 0.0, None)


def test_momentary_loudness_is_told_where_it_can_be_heard():
    assert momentary({"lavfi.r128.M": "-18.254", "lavfi.r128.S": "-120.7"}) == (-18.25, None)
    assert momentary({}) == (None, None)
