import numpy as np

from hls.meter import Meter
from hls.report import AnyReport, PeaksCut


def test_peaks_are_told_every_few_seconds_and_the_rest_at_the_end():
    told: list[AnyReport] = []
    meter = Meter(44_100, told.append)
    for _ in range(171):
        meter.feed(np.full((2, 1024), 0.25, np.float32))
    assert told == [PeaksCut(44_100, 512, b"")], "whoever plays the first segment finds a waveform"
    meter.feed(np.full((2, 1024), 0.25, np.float32))
    assert told[1:] == [PeaksCut(44_100, 512, b"\x20\x20" * 344)]
    meter.feed(np.full((2, 100), 0.5, np.float32))
    meter.finish()
    assert told[2:] == [PeaksCut(44_100, 512, b"\x40\x40")]


def test_of_nothing_no_peak_is_told():
    told: list[AnyReport] = []
    Meter(48_000, told.append).finish()
    assert told == [PeaksCut(48_000, 512, b"")]


def test_coarser_zooms_are_told_at_the_end_down_to_one_of_a_pages_width():
    told: list[AnyReport] = []
    meter = Meter(48_000, told.append)
    for step in range(40):
        meter.feed(np.full((1, 512 * 128), step / 64, np.float32))
    meter.finish()
    by_scale = {report.samples_per_peak: report.data for report in told if isinstance(report, PeaksCut)}
    assert list(by_scale) == [512, 2048, 8192]
    assert [len(by_scale[scale]) // 2 for scale in (2048, 8192)] == [1280, 320]
    assert by_scale[8192] == b"".join(bytes([2 * step] * 2) * 8 for step in range(40))
