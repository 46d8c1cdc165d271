"""How loud a recording is, whatever became of its encoders."""

import pytest

from hls.loudness import Histogram, combine
from hls.report import LoudnessMeasured
from streamer.live.measured import Measured
from streamer.track import State, TrackRecord


def report(lufs: float, tenths: int, peak: float) -> LoudnessMeasured:
    histogram = Histogram()
    histogram.true_peak_dbtp = peak
    for _ in range(tenths):
        histogram.count(lufs, lufs)
    return LoudnessMeasured(lufs, 0.0, peak, histogram.to_bytes())


def written(measured: Measured) -> TrackRecord:
    record = TrackRecord(
        id="show",
        filename="a.mp4",
        media_type="audio/mp4",
        state=State.LIVE,
        created_at=0,
        updated_at=0,
    )
    measured.write(record)
    return record


def test_what_one_encoder_says_last_counts() -> None:
    measured = Measured()
    assert measured.histogram is None and written(measured).integrated_lufs is None
    measured.report(report(-30, 50, -9.0))
    measured.report(report(-20, 100, -3.0))
    record = written(measured)
    assert (record.integrated_lufs, record.true_peak_dbtp) == (-20, -3)
    assert record.loudness_histogram == report(-20, 100, -3.0).histogram == measured.histogram


def test_what_a_killed_encoder_had_measured_is_kept() -> None:
    measured = Measured()
    measured.report(report(-20, 100, -3.0))
    measured.renew()
    assert written(measured).integrated_lufs == pytest.approx(-20, abs=0.05)
    measured.renew()  # one that never said anything
    measured.report(report(-26, 100, -9.0))
    record = written(measured)
    both = combine([report(-20, 100, -3.0).histogram, report(-26, 100, -9.0).histogram])
    assert record.integrated_lufs == both.integrated_lufs == pytest.approx(-22.04, abs=0.05)
    assert record.true_peak_dbtp == -3
    assert combine([record.loudness_histogram or b""]) == both


def test_a_former_process_has_measured_too() -> None:
    measured = Measured(report(-20, 100, -3.0).histogram)
    measured.renew()
    measured.report(report(-20, 50, -6.0))
    assert measured.histogram == report(-20, 150, -3.0).histogram == written(measured).loudness_histogram
