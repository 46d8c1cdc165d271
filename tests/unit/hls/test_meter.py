import numpy as np

from hls.meter import Meter
from hls.report import AnyReport, PeaksCut


def test_peaks_are_told_every_few_seconds_and_the_rest_at_the_end():
    told: list[AnyReport] = []
    meter = Meter(44_100, told.append)
    for _ in range(171):
        meter.feed(np.full((2, 1024), 0.25, np.float32))
    assert told == []
    meter.feed(np.full((2, 1024), 0.25, np.float32))
    assert told == [PeaksCut(44_100, 512, b"\x20\x20" * 344)]
    meter.feed(np.full((2, 100), 0.5, np.float32))
    meter.finish()
    assert told[1:] == [PeaksCut(44_100, 512, b"\x40\x40")]


def test_nothing_is_told_of_nothing():
    told: list[AnyReport] = []
    Meter(48_000, told.append).finish()
    assert told == []
