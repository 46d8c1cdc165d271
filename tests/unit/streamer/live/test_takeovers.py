"""How often a stream key may change hands."""

import pytest

from streamer.live.takeovers import Contested, Takeovers


def test_a_few_times_is_a_change_of_programs_and_more_is_a_fight() -> None:
    takeovers = Takeovers(3, 60)
    for now in (0, 5, 10):
        takeovers.count("a", now)
    with pytest.raises(Contested, match="changed hands 3 times within 60 s, and may 3 times"):
        takeovers.count("a", 15)
    takeovers.count("b", 15)


def test_who_tries_for_ever_never_gets_in() -> None:
    takeovers = Takeovers(3, 60)
    for now in (0, 5, 10):
        takeovers.count("a", now)
    for now in range(15, 3_600, 5):
        with pytest.raises(Contested):
            takeovers.count("a", now)


def test_after_the_time_it_is_forgotten() -> None:
    takeovers = Takeovers(1, 60)
    takeovers.count("a", 0)
    takeovers.count("a", 60)
    with pytest.raises(Contested):
        takeovers.count("a", 61)
    with pytest.raises(Contested, match="1 times"):
        takeovers.count("a", 120.9)
    takeovers.count("a", 181)


def test_no_more_is_kept_than_must_be() -> None:
    takeovers = Takeovers(2, 60)
    for now in range(1_000):
        takeovers.count(f"key {now}", now)
    assert len(takeovers._of) <= 61
