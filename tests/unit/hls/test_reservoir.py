"""Sound in a row, and the marks between."""

import numpy as np

from hls.reservoir import Reservoir


def sound(*values: float) -> np.ndarray:
    return np.array([[value, -value] for value in values], np.float32)


def test_sound_comes_out_as_it_went_in():
    waiting = Reservoir()
    waiting.put(sound(1, 2, 3))
    waiting.put(sound())
    waiting.put(sound(4, 5))
    assert len(waiting) == 5
    assert waiting.take(2).tolist() == sound(1, 2).tolist()
    assert waiting.take(2).tolist() == sound(3, 4).tolist()
    assert waiting.take(9).tolist() == sound(5).tolist()
    assert waiting.take(9).shape == (0, 2)
    assert len(waiting) == 0


def test_a_mark_is_passed_with_the_first_sample_behind_it():
    waiting = Reservoir()
    waiting.mark(1)
    waiting.put(sound(1, 2, 3))
    waiting.mark(2)
    waiting.take(2)
    assert waiting.passed() == [(2, 1)]
    waiting.take(1)
    assert waiting.passed() == []
    waiting.put(sound(4, 5))
    waiting.take(2)
    assert waiting.passed() == [(2, 2)]


def test_who_peeks_takes_nothing():
    waiting = Reservoir()
    waiting.put(sound(1, 2))
    waiting.put(sound(3, 4))
    assert waiting.peek(3).tolist() == sound(1, 2, 3).tolist()
    assert waiting.peek(5).tolist() == sound(1, 2, 3, 4, 0).tolist()
    assert len(waiting) == 4


def test_a_cut_keeps_the_oldest_and_fades_them():
    waiting = Reservoir()
    waiting.put(sound(4, 4, 4))
    waiting.mark(1)
    waiting.put(sound(5, 5))
    waiting.cut(2, 2)
    assert len(waiting) == 2
    waiting.put(sound(9))
    assert waiting.take(9).tolist() == sound(4, 0, 9).tolist()
    assert waiting.passed() == [(1, 1)]
    waiting.cut(5, 5)
    assert len(waiting) == 0
