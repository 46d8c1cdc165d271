"""Gaps that are filled, faded into and out of."""

import numpy as np

from hls.bridge import SLACK_TICKS, Bridge
from hls.mender import Mender

RATE, TICK, HOLD, FULL = 48_000, 5120, 480, 144_000


def tone(samples: int, start: int = 0) -> np.ndarray:
    angle = 2 * np.pi * 440 * np.arange(start, start + samples) / RATE
    return np.stack((np.sin(angle), np.cos(angle)), axis=1).astype(np.float32) * np.float32(0.5)


def mender() -> Mender:
    return Mender(Bridge(RATE, hold_ticks=HOLD, full_ticks=FULL), full_ticks=FULL)


def largest_step(sound: np.ndarray) -> float:
    return float(np.abs(np.diff(sound, axis=0)).max())


TONE_STEP = 0.5 * 2 * np.pi * 440 / RATE * 1.05


def test_sound_passes_as_it_is():
    mending = mender()
    mending.put(0.0, tone(3 * TICK))
    found = np.concatenate([mending.take(at * 0.1, TICK) for at in range(2)])
    assert np.array_equal(found, tone(2 * TICK))
    assert mending.given == 2 * TICK
    assert len(mending) == TICK
    assert not mending.full
    mending.put(0.2, tone(FULL))
    assert mending.full


def test_sound_goes_on_where_enough_waits_and_there_is_no_gap():
    mending = mender()
    mending.put(0.0, tone(TICK + SLACK_TICKS))
    assert mending.goes_on(TICK)
    assert not mending.goes_on(TICK + 1)
    mending.take(0.1, 2 * TICK)
    mending.put(0.2, tone(2 * TICK))
    assert not mending.goes_on(TICK), "the gap is over when a tick says so"
    mending.take(0.3, TICK)
    assert mending.goes_on(TICK // 2)


def test_a_gap_is_an_echo_and_then_silence_without_a_click():
    mending = mender()
    mending.put(0.0, tone(TICK + 2000))
    pieces = [mending.take(at * TICK / RATE, TICK) for at in range(4)]
    mending.put(0.4, tone(3 * TICK, start=777))
    pieces += [mending.take(at * TICK / RATE, TICK) for at in range(4, 6)]
    found = np.concatenate(pieces)
    assert largest_step(found) < 1.6 * TONE_STEP
    heard = TICK + 2000 - SLACK_TICKS
    assert np.array_equal(found[:heard], tone(heard))
    assert np.abs(found[heard : heard + 480]).max() > 0.4
    assert not found[heard + 2880 : 4 * TICK].any()
    assert np.abs(found[-2000:]).max() > 0.45


def test_a_short_gap_goes_over_into_what_comes():
    mending = mender()
    mending.put(0.0, tone(TICK + 3000))
    pieces = [mending.take(at * TICK / RATE, TICK) for at in range(2)]
    mending.put(0.21, tone(9000, start=TICK + 3000))
    pieces += [mending.take(2 * TICK / RATE, TICK)]
    assert largest_step(np.concatenate(pieces)) < 1.6 * TONE_STEP


def test_marks_are_where_their_sound_is_heard():
    mending = mender()
    mending.mark(1)
    mending.put(0.0, tone(1000))
    mending.mark(2)
    mending.put(0.0, tone(TICK))
    mending.mark(3)
    mending.take(0.0, TICK)
    assert mending.marks() == [(0, 1), (1000, 2)]
    assert mending.marks() == []
    mending.take(0.1, TICK)
    gap = mending.given
    mending.put(0.2, tone(2000))
    mending.take(0.21, TICK)
    ((at, number),) = mending.marks()
    assert number == 3
    assert gap < at < mending.given


def test_late_sound_is_left_out_and_its_marks_are_heard_at_once():
    mending = mender()
    for at in range(100):
        mending.put(at * 0.02, tone(960))
        if at % 5 == 4:
            mending.take(at * 0.02, 4700)
    now = 2.0
    for _ in range(20):
        mending.take(now, TICK)
        now += TICK / RATE
    mending.mark(8)
    for _ in range(100):
        mending.put(now, tone(960))
    pieces = []
    for _ in range(10):
        pieces.append(mending.take(now, TICK))
        now += TICK / RATE
        for _ in range(5):
            mending.put(now, tone(1024))
    assert [number for _, number in mending.marks()] == [8]
    assert len(mending) < 15_000
    assert largest_step(np.concatenate(pieces)) < 2 * 0.5, "there is one cut, but it is faded"


def test_a_cut_in_the_middle_is_a_cross_fade():
    """More than a second of late sound that comes behind the gap."""
    bridge = Bridge(RATE, hold_ticks=HOLD, full_ticks=FULL)
    mending = Mender(bridge, full_ticks=FULL)
    mending.put(0.0, tone(TICK + 2 * HOLD))
    pieces = [mending.take(at * TICK / RATE, TICK) for at in range(20)]
    mending.put(2.2, tone(TICK + 2 * HOLD))
    pieces.append(mending.take(20 * TICK / RATE, TICK))
    mending.put(2.3, tone(60_000, start=TICK + 2 * HOLD))
    pieces.append(mending.take(21 * TICK / RATE, TICK))
    assert bridge.dropped_ticks > 40_000
    assert largest_step(np.concatenate(pieces)) < 1.6 * TONE_STEP


def test_one_source_goes_over_into_another():
    mending = mender()
    mending.put(0.0, tone(4 * TICK))
    found = [mending.take(0.0, TICK)]
    mending.switch()
    assert len(mending) == HOLD
    mending.put(0.1, tone(100, start=5))
    mending.put(0.1, tone(3 * TICK, start=105))
    found += [mending.take(0.1, TICK), mending.take(0.2, TICK)]
    sound = np.concatenate(found)
    assert largest_step(sound) < 1.6 * TONE_STEP
    assert np.abs(sound[TICK + HOLD - 3 : TICK + HOLD + 3]).max() < 0.01


def test_what_a_lost_source_left_is_heard_before_the_next():
    mending = mender()
    mending.put(0.0, tone(2 * TICK))
    mending.lose()
    mending.switch()
    assert len(mending) == 2 * TICK


def test_a_first_source_is_not_faded():
    mending = mender()
    mending.switch()
    mending.put(0.0, tone(2 * TICK))
    assert np.array_equal(mending.take(0.0, TICK), tone(TICK))


def test_the_rest_is_heard_at_the_end():
    mending = mender()
    mending.put(0.0, tone(700))
    assert np.array_equal(mending.rest(500), tone(500))
    assert np.array_equal(mending.rest(500), tone(200, start=500))
    assert mending.rest(500).shape == (0, 2)
