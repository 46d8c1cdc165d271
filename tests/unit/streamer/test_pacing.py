"""Packets go out as fast as they sound."""

from hypothesis import given
from hypothesis import strategies as st

from streamer.pacing import LATE_US, LEAD_US, LEAP_US, Pacer

FRAME_US = 20_000


def run(pacer: Pacer, places: list[int], now_us: int = 0) -> int:
    """Sends packets when they are due; returns when the last was."""
    for place in places:
        now_us += pacer.wait_us(place, now_us)
    return now_us


def test_it_runs_ahead_by_the_lead_and_then_as_fast_as_it_sounds() -> None:
    pacer = Pacer()
    assert pacer.wait_us(0, 7) == 0
    assert run(pacer, list(range(FRAME_US, LEAD_US + FRAME_US, FRAME_US)), 7) == 7
    assert (
        run(pacer, list(range(LEAD_US + FRAME_US, 10_000_000, FRAME_US)), 7)
        == 10_000_000 - FRAME_US - LEAD_US + 7
    )


def test_a_short_delay_is_made_good() -> None:
    pacer = Pacer()
    now_us = run(pacer, list(range(0, 2_000_000, FRAME_US)))
    assert pacer.wait_us(2_000_000, now_us + LATE_US) == 0
    assert run(pacer, [4_000_000], now_us + LATE_US) == 4_000_000 - LEAD_US


def test_a_long_one_is_not() -> None:
    pacer = Pacer()
    now_us = run(pacer, [0, 1_000_000, 2_000_000]) + 60_000_000
    assert pacer.wait_us(2_020_000, now_us) == 0
    assert pacer.wait_us(3_020_000, now_us) == 1_000_000


def test_a_leap_is_not_waited_for_and_going_back_neither() -> None:
    pacer = Pacer()
    now_us = run(pacer, [0, 1_000_000])
    assert pacer.wait_us(1_000_000 + LEAP_US + 1, now_us) == 0
    assert pacer.wait_us(1_500_000, now_us) == 0
    assert pacer.wait_us(2_500_000, now_us) == 1_000_000


def test_after_a_broken_line_the_lead_is_made_again() -> None:
    pacer = Pacer()
    now_us = run(pacer, [0, 1_000_000]) + 10_000_000
    pacer.restart()
    assert pacer.wait_us(1_020_000, now_us) == 0
    assert pacer.wait_us(1_020_000 + LEAD_US, now_us) == 0
    assert pacer.wait_us(1_040_000 + LEAD_US, now_us) == FRAME_US


@given(
    st.lists(st.integers(-10_000_000, 10_000_000), max_size=100),
    st.lists(st.integers(0, 10_000_000), max_size=100),
)
def test_no_wait_is_longer_than_a_leap(places: list[int], delays: list[int]) -> None:
    pacer, now_us = Pacer(), 0
    for place, delay in zip(places, delays, strict=False):
        now_us += delay
        wait_us = pacer.wait_us(place, now_us)
        assert 0 <= wait_us <= LEAP_US
        now_us += wait_us
