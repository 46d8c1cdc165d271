"""Playing a little faster, from between the samples."""

import numpy as np
import pytest

from hls.reservoir import Reservoir
from hls.stretch import Stretch


def wave(frequency: float, places: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * frequency * places / 48_000
    return np.stack((np.sin(angle), np.cos(angle)), axis=1).astype(np.float32)


def error_db(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((found - wanted) ** 2) / np.mean(wanted**2)))


@pytest.mark.parametrize("frequency", [100, 1_000, 10_000, 15_000])
@pytest.mark.parametrize("ppm", [-200, 200, 3000])
def test_a_tone_is_the_same_tone_a_little_higher(frequency, ppm):
    waiting = Reservoir()
    waiting.put(wave(frequency, np.arange(48_000)))
    stretch = Stretch()
    found = np.concatenate([stretch.take(waiting, 999, ppm) for _ in range(20)])
    wanted = wave(frequency, np.arange(len(found)) * (1 + ppm * 1e-6))
    assert error_db(found[20:], wanted[20:]) < -65
    assert found.dtype == np.float32, "the encoders take nothing else"
    assert len(waiting) == 48_000 - int(len(found) * (1 + ppm * 1e-6))


def test_without_speed_samples_are_passed_on_as_they_are():
    waiting = Reservoir()
    sound = wave(440, np.arange(5000))
    waiting.put(sound)
    stretch = Stretch()
    assert np.array_equal(stretch.take(waiting, 3000, 0.0), sound[:3000])
    assert np.array_equal(stretch.take(waiting, 2000, 0.0), sound[3000:])
    assert not stretch.take(waiting, 10, 0.0).any()


def test_speed_may_change_at_any_time():
    waiting = Reservoir()
    waiting.put(wave(1000, np.arange(48_000)))
    stretch = Stretch()
    speeds = [0.0, 0.0, 200.0, -150.0, 0.0, 3000.0, 0.0]
    found = np.concatenate([stretch.take(waiting, 1000, ppm) for ppm in speeds])
    steps = np.concatenate(([0.0], np.repeat([1 + ppm * 1e-6 for ppm in speeds], 1000)[:-1]))
    places = np.cumsum(steps)
    assert error_db(found, wave(1000, places)) < -60
    stretch.reset()
    assert stretch.take(waiting, 1, 0.0).shape == (1, 2)
