"""The door's pace: who is let in, and that those who come back when they were told find it open."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.admission import MAX_RETRY_S, Gate, spread_ms


def test_a_burst_is_let_in_and_the_next_are_sent_off_one_after_the_other() -> None:
    gate = Gate(10, 3)
    assert [gate.take(100.0) for _ in range(3)] == [0, 0, 0]
    assert [gate.take(100.0) for _ in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_who_comes_without_being_told_takes_a_place_and_the_rest_wait_longer() -> None:
    gate = Gate(10, 1)
    assert [gate.take(100.0) for _ in range(3)] == pytest.approx([0, 0.1, 0.2])
    assert gate.take(100.1) == 0
    assert gate.take(100.1) == pytest.approx(0.2), "after those who were told before"


def test_what_was_promised_long_ago_is_forgotten() -> None:
    gate = Gate(10, 1)
    for _ in range(50):
        gate.take(100.0)
    assert gate.take(200.0) == 0
    assert gate.take(200.0) == pytest.approx(0.1)


def test_nobody_is_sent_off_for_longer_than_the_bound() -> None:
    gate = Gate(10, 1)
    waits = [gate.take(100.0) for _ in range(1000)]
    assert max(waits) <= MAX_RETRY_S
    assert waits.count(0) == 1
    assert sorted(waits)[1] == pytest.approx(0.1)
    assert Gate(0.01, 1).take(100.0) == 0
    slow = Gate(0.01, 1)
    slow.take(100.0)
    assert slow.take(100.0) == pytest.approx(100.0), "one token takes longer than the bound"


@given(crowd=st.integers(1, 2000), per_s=st.integers(100, 1000), burst=st.integers(1, 300))
def test_a_crowd_that_keeps_to_what_it_is_told_is_in_at_the_pace_of_the_door(
    crowd: int, per_s: int, burst: int
) -> None:
    gate = Gate(per_s, burst)
    coming = [(1000.0, number) for number in range(crowd)]
    last_s = attempts = 0.0
    while coming:
        now_s, number = heapq.heappop(coming)
        attempts += 1
        if wait_s := gate.take(now_s):
            heapq.heappush(coming, (now_s + wait_s, number))
        else:
            last_s = now_s
    assert last_s - 1000 <= max(0, crowd - burst) / per_s + 0.01
    assert attempts <= 2 * crowd, "nobody is sent off twice"


@pytest.mark.parametrize(
    ("clients", "chance", "ms"),
    [
        (1, 0, 0),
        (1, 2**32 - 1, 999),
        (500, 2**31, 500),
        (5000, 0, 0),
        (5000, 2**31, 5000),
        (5000, 2**32 - 1, 9999),
    ],
)
def test_those_sent_away_come_back_spread_over_the_time_that_they_take(
    clients: int, chance: int, ms: int
) -> None:
    assert spread_ms(clients, 500, chance) == ms
