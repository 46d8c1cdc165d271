"""Peaks, clipping, silence and mono of a show."""

import numpy as np
import pytest

from hls.levels import LevelMeter, Levels

RATE = 1000


def of(left: list[float], right: list[float] | None = None) -> np.ndarray:
    return np.array([left, right or [0.3] * len(left)], np.float32).T


def test_peaks_are_since_the_last_time():
    meter = LevelMeter(RATE)
    meter.feed(of([0.5, -1.0], [0.1, 0.0]))
    meter.feed(of([0.2], [0.0]))
    meter.feed(of([]))
    assert meter.take().peak_dbfs == (0.0, -20.0)
    meter.feed(of([0.1], [0.0]))
    assert meter.take().peak_dbfs == (-20.0, None)
    assert LevelMeter(RATE).take() == Levels((None, None), 0, 0, False)


@pytest.mark.parametrize("cut", range(1, 12))
def test_runs_of_three_are_clipped_however_they_are_split(cut):
    left = [0.0, 1.0, 1.0, 0.2, 1.0, -1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    right = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, -1.0, -1.0, 0.0]
    meter = LevelMeter(RATE)
    meter.feed(of(left[:cut], right[:cut]))
    meter.feed(of(left[cut:], right[cut:]))
    assert meter.take().clipped == 3
    assert meter.take().clipped == 0


def test_a_run_that_goes_on_is_one():
    meter = LevelMeter(RATE)
    for _ in range(5):
        meter.feed(of([1.0] * 4))
    assert meter.take().clipped == 1
    meter.feed(of([0.0, 1.0, 1.0]))
    assert meter.take().clipped == 0


def test_silence_is_counted_from_its_end():
    meter = LevelMeter(RATE)
    meter.feed(of([0.0] * 500, [0.0] * 500))
    meter.feed(of([0.0] * 500, [0.0001] * 500))
    assert meter.take().silent_ms == 1000
    meter.feed(of([0.0, 0.1, 0.0, 0.0], [0.0] * 4))
    assert meter.take().silent_ms == 2


def test_mono_takes_a_second():
    meter = LevelMeter(RATE)
    meter.feed(of([0.3] * 900))
    assert not meter.take().mono
    meter.feed(of([0.3] * 100))
    assert meter.take().mono
    meter.feed(of([0.3, 0.2]))
    assert not meter.take().mono


def test_silence_is_not_mono():
    meter = LevelMeter(RATE)
    meter.feed(of([0.0] * 2000, [0.0] * 2000))
    assert not meter.take().mono
