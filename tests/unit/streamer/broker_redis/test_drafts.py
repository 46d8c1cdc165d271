"""Drafts that wait for Redis."""

from chat.broker import Draft, Entry, NotStored, Outcome, Stored
from chat.fields import Author
from streamer.broker_redis.drafts import MAX_BATCH, Drafts

ANN = Author("1", "ann")


def draft(nonce: str, room: str = "lobby") -> Draft:
    return Draft(room, nonce, ANN, f"id-{nonce}", 1, body="hi")


class Desk:
    """Drafts, and what was said of them."""

    def __init__(self, max_drafts: int = 10_000, max_bytes: int = 1 << 30) -> None:
        self.drafts = Drafts(max_drafts, max_bytes)
        self.outcomes: dict[str, list[Outcome]] = {}

    def add(self, nonce: str, room: str = "lobby", deadline_s: float = 10.0) -> bool:
        return self.drafts.add(draft(nonce, room), self.outcomes.setdefault(nonce, []).append, deadline_s)

    def taken(self) -> dict[str, list[str]]:
        batches = self.drafts.take(lambda room: room != "closed")
        return {room: [waiting.draft.nonce for waiting in batch] for room, batch in batches.items()}


def test_what_is_not_settled_is_taken_again_in_order() -> None:
    desk = Desk()
    for nonce in "abc":
        desk.add(nonce)
    assert desk.taken() == {"lobby": ["a", "b", "c"]}
    desk.add("d")
    [batch] = desk.drafts.take(lambda room: True).values()
    desk.drafts.settle(batch[1], Stored(1, "id-b"))
    assert desk.taken() == {"lobby": ["a", "c", "d"]}
    assert desk.outcomes["b"] == [Stored(1, "id-b")]


def test_a_draft_is_settled_once() -> None:
    desk = Desk()
    desk.add("a")
    [[waiting]] = desk.drafts.take(lambda room: True).values()
    assert desk.drafts.find(waiting.token) is waiting
    desk.drafts.settle(waiting, NotStored("late"))
    desk.drafts.settle(waiting, Stored(1, "id-a"))
    assert desk.outcomes["a"] == [NotStored("late")]
    assert desk.drafts.find(waiting.token) is None
    assert (len(desk.drafts), desk.drafts.size_bytes) == (0, 0)


def test_who_is_not_ready_waits() -> None:
    desk = Desk()
    desk.add("a", "closed")
    desk.add("b", "open")
    assert desk.taken() == {"open": ["b"]}
    assert [waiting.draft.nonce for waiting in desk.drafts.of_room("closed")] == ["a"]


def test_a_turn_has_a_bound_and_rooms_take_turns() -> None:
    desk = Desk()
    for number in range(MAX_BATCH + 5):
        desk.add(f"a{number}", "loud")
    desk.add("b", "quiet")
    assert {room: len(batch) for room, batch in desk.taken().items()} == {"loud": MAX_BATCH, "quiet": 1}


def test_too_many_are_refused() -> None:
    desk = Desk(max_drafts=2)
    assert [desk.add(nonce) for nonce in "abc"] == [True, True, False]
    desk = Desk(max_bytes=1)
    assert [desk.add(nonce) for nonce in "ab"] == [True, False]


def test_those_whose_time_is_up_are_found() -> None:
    desk = Desk()
    desk.add("a", deadline_s=1.0)
    desk.add("b", deadline_s=2.0)
    assert [waiting.draft.nonce for waiting in desk.drafts.overdue(1.5)] == ["a"]


def test_the_last_one_is_told() -> None:
    desk = Desk()
    told: list[bool] = []
    desk.drafts.emptied = lambda: told.append(True)
    desk.add("a")
    desk.add("b")
    [batch] = desk.drafts.take(lambda room: True).values()
    for waiting in batch:
        desk.drafts.settle(waiting, NotStored("no"))
    assert told == [True]


def test_a_draft_is_known_again_in_what_was_read() -> None:
    desk = Desk()
    for nonce in "abc":
        desk.add(nonce)
    [[first, second, third]] = desk.drafts.take(lambda room: True).values()
    read = [first.entry(4), Entry(5, b'{"seq":5,"of":"somebody else"}'), second.entry(6), third.entry(7)]
    assert desk.drafts.among("lobby", read) == [], "they were not sent"
    first.sent = second.sent = True
    assert desk.drafts.among("lobby", read) == [(first, 4), (second, 6)]
    assert desk.drafts.among("elsewhere", read) == []
    desk.drafts.settle(first, Stored(4, "id-a"))
    assert desk.drafts.among("lobby", read) == [(second, 6)]
