"""How much faster sound is played when more is held than need be; counts alone."""

from hls.surplus import Surplus

RATE = 48_000


def surplus(*left: tuple[float, int]) -> Surplus:
    """So much was left, in seconds, for so many windows of ten seconds, one after the other."""
    told, now = Surplus(RATE), 0.0
    for left_s, windows in left:
        closed = 0
        while closed < windows:
            closed += told.measure(now, left_s * RATE)
            now += 5.0
    return told


def test_nothing_is_shed_before_three_quiet_minutes_are_over():
    assert surplus((1.0, 17)).ppm == 0
    assert surplus((1.0, 18)).ppm == 3000


def test_the_less_is_too_much_the_more_slowly_it_goes():
    assert surplus((0.06, 18)).ppm == 480
    assert surplus((0.05, 18)).ppm == 0, "of little, nothing is shed"
    assert surplus((0.06, 18), (0.02, 2)).ppm == 100, "but what was begun goes on"
    assert surplus((0.06, 18), (0.01, 2)).ppm == 0


def test_too_little_for_a_minute_is_made_more():
    assert surplus((0.001, 5)).ppm == 0
    assert surplus((0.001, 6)).ppm == -100
    assert surplus((0.001, 6), (0.008, 2)).ppm == -100
    assert surplus((0.001, 6), (0.013, 2)).ppm == 0


def test_the_least_of_a_window_counts():
    told = Surplus(RATE)
    for number in range(360):
        told.measure(number * 0.5, (0.02 if number % 20 == 7 else 1.0) * RATE)
    assert told.ppm == 0


def test_a_gap_begins_the_minutes_anew():
    told = surplus((1.0, 18))
    told.calm()
    assert told.ppm == 0
    assert not any(told.measure(200.0 + number, RATE) for number in range(10))
    assert told.measure(210.0, RATE)
    assert told.ppm == 0
