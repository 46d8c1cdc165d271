"""How a source's clock is told from when its sound arrives."""

import random

import pytest

from hls.drift import Drift


def feed(drift: Drift, seconds: float, ppm: float, noise_s: float = 0.0, start: float = 0.0) -> None:
    chance = random.Random(1)
    for number in range(int(seconds)):
        at = start + number
        drift.feed(at, 5.0 - at * ppm * 1e-6 + chance.random() * noise_s)


@pytest.mark.parametrize("ppm", [-200, 50, 200])
def test_the_slope_is_seen_through_jitter(ppm):
    drift = Drift()
    feed(drift, 700, ppm, noise_s=0.005)
    assert drift.ppm == pytest.approx(ppm, abs=5)
    assert drift.seen


def test_nothing_is_said_before_half_a_minute():
    drift = Drift()
    feed(drift, 30, 200)
    assert (drift.ppm, drift.seen) == (0, False)
    feed(drift, 10, 200, start=30)
    assert drift.ppm == pytest.approx(200, abs=1)
    assert drift.seen, "before what a show holds to begin with has drifted away"


def test_chance_is_not_seen():
    drift = Drift()
    feed(drift, 700, 0, noise_s=0.05)
    assert not drift.seen


def test_a_step_is_no_slope():
    drift = Drift()
    feed(drift, 100, 100)
    feed(drift, 30, 100 - 1_000, start=100)
    assert drift.ppm == pytest.approx(100, abs=1)
