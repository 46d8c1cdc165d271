import numpy as np
import pytest

from hls.analysis import PeakMeter, coarser, is_wild, tame


def pairs(data: bytes) -> list[list[int]]:
    return np.frombuffer(data, np.int8).reshape(-1, 2).tolist()


def block(*channels: list[float]) -> np.ndarray:
    return np.array(channels, np.float32)


def test_a_pair_is_the_least_and_the_most_of_its_samples():
    meter = PeakMeter(4)
    meter.feed(block([0, 0.5, -0.25, 0, 0.125, 0, 0, 0.0625]))
    assert pairs(meter.take()) == [[-32, 64], [0, 16]]
    assert meter.take() == b""


def test_channels_are_mixed_in_equal_parts():
    meter = PeakMeter(2)
    meter.feed(block([1, 0], [-1, 0.5]))
    assert pairs(meter.take()) == [[0, 32]]


def test_full_scale_and_beyond_is_held_at_eight_bits():
    meter = PeakMeter(2)
    meter.feed(block([1.0, -1.0, 3.0, -3.0]))
    assert pairs(meter.take()) == [[-128, 127], [-128, 127]]


@pytest.mark.parametrize("split", range(1, 12))
def test_blocks_of_any_length_make_the_same_pairs(split):
    samples = np.linspace(-1, 1, 12, dtype=np.float32)
    whole, parts = PeakMeter(5), PeakMeter(5)
    whole.feed(samples.reshape(1, -1))
    parts.feed(samples[:split].reshape(1, -1))
    parts.feed(samples[split:].reshape(1, -1))
    whole.flush()
    parts.flush()
    assert parts.take() == whole.take()


def test_the_last_samples_make_a_pair_of_their_own():
    meter = PeakMeter(4)
    meter.feed(block([0.25, -0.25]))
    assert meter.take() == b""
    meter.flush()
    meter.flush()
    assert pairs(meter.take()) == [[-32, 32]]


@pytest.mark.parametrize("sample", [np.nan, np.inf, -np.inf, 65.0, -65.0, 1e30])
def test_wild_samples_are_noticed_and_tamed(sample):
    wild = block([0.5, sample], [0.5, 0.5])
    assert is_wild(wild)
    tamed = tame(wild)
    assert not is_wild(tamed)
    assert np.abs(tamed).max() <= 1
    assert tamed.dtype == np.float32
    assert tamed[0, 0] == 0.5


@pytest.mark.parametrize("quiet", [block([]), block([0.0]), block([-64.0, 64.0])])
def test_loud_is_not_wild(quiet):
    assert not is_wild(quiet)


def test_pairs_become_coarser_by_their_least_and_most():
    fine = np.array([[-1, 2], [-128, 0], [3, 4], [-5, 127], [6, 7]], np.int8).tobytes()
    assert pairs(coarser(fine, 2)) == [[-128, 2], [-5, 127], [6, 7]]
    assert pairs(coarser(fine, 5)) == [[-128, 127]]
