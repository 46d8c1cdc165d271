"""Passes to rooms that are not open."""

import pytest

from streamer.live.passes import Passes

PASSES = Passes(b"secret")


def token(room: str, exp: int) -> str:
    return PASSES.sign(room, exp).removeprefix("/l/")


def test_a_pass_is_good_for_one_room_until_it_expires() -> None:
    good = token("lobby", 1000)
    assert PASSES.verify(good, "lobby", 999.9)
    assert not PASSES.verify(good, "lobby", 1000)
    assert not PASSES.verify(good, "other", 999)
    assert not Passes(b"another").verify(good, "lobby", 999)


@pytest.mark.parametrize("change", ["1001.", "01000.", "1000", ".", "x.", "-1.", "1000.0", ""])
def test_one_that_was_changed_is_not(change: str) -> None:
    signature = token("lobby", 1000).partition(".")[2]
    assert not PASSES.verify(change + signature, "lobby", 0)
    assert not PASSES.verify(change, "lobby", 0)


def test_a_room_and_a_time_can_not_be_taken_for_another() -> None:
    assert token("0 lobby", 100).partition(".")[2] != token("lobby", 1000).partition(".")[2]
