"""chat/client_outbox.py: bounded, in order, a few at a time."""

import pytest

from chat.client_outbox import MAX_OUTBOX, MAX_UNDER_WAY, Outbox, OutboxFull


def filled(count: int) -> Outbox:
    outbox = Outbox()
    for number in range(count):
        outbox.add({"type": "send", "room": "ab"[number % 2], "nonce": str(number)})
    return outbox


def test_it_has_an_end() -> None:
    outbox = filled(MAX_OUTBOX)
    with pytest.raises(OutboxFull, match="500"):
        outbox.add({"type": "send", "room": "a", "nonce": "x"})
    assert len(outbox) == MAX_OUTBOX


def test_a_few_go_at_a_time_in_order() -> None:
    outbox = filled(40)
    assert [frame["nonce"] for frame in outbox.take(lambda room: True, 0)] == [
        str(number) for number in range(MAX_UNDER_WAY)
    ]
    assert outbox.take(lambda room: True, 0) == []
    settled = outbox.settle("0")
    assert settled is not None and settled["nonce"] == "0"
    assert [frame["nonce"] for frame in outbox.take(lambda room: True, 0)] == [str(MAX_UNDER_WAY)]


def test_only_rooms_that_are_open_take_part() -> None:
    outbox = filled(6)
    assert [frame["nonce"] for frame in outbox.take(lambda room: room == "b", 0)] == ["1", "3", "5"]


def test_what_is_unsent_goes_again() -> None:
    outbox = filled(3)
    outbox.take(lambda room: True, 0)
    outbox.unsend("1")
    assert [frame["nonce"] for frame in outbox.take(lambda room: True, 5)] == ["1"]
    outbox.unsend()
    assert len(outbox.take(lambda room: True, 10)) == 3


def test_nonces_that_are_not_there_are_nothing() -> None:
    outbox = filled(1)
    assert (outbox.get(None), outbox.get("x"), outbox.settle(None), outbox.settle("x")) == (None,) * 4
    assert outbox.get("0") is not None


def test_doubtful_is_what_was_tried_too_long_ago() -> None:
    outbox = filled(4)
    outbox.take(lambda room: room == "a", 0)
    assert outbox.doubtful("a", 290) == []
    assert outbox.doubtful("a", 291) == ["0", "2"]
    assert outbox.doubtful("b", 291) == []
