"""A room: who is in, what they are told first, and what they are told of each other."""

import json
from typing import Any

from chat.broker import Entry, Page, Position
from chat.events import encode_event
from chat.events_people import Presence
from chat.fields import Author
from chat.limits import ChatLimits
from chat.recovery import Wait
from chat.room import Admitted, Advance, Full, Room

ANN, BOB, EVE = Author("1", "ann"), Author("2", "bob"), Author("3", "eve")
LIMITS = ChatLimits(history_messages=3, resume_messages=5, max_members_per_room=3, presence_names=2)


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(seq, b'{"seq":%d}' % seq) for seq in range(first, last + 1)]


def open_room(last: int = 0) -> Room[str]:
    room: Room[str] = Room("lobby", LIMITS)
    room.load(Page("e", last, entries(max(1, last - 2), last)), None)
    return room


def told(admitted: object) -> list[dict[str, Any]]:
    assert isinstance(admitted, Admitted)
    return [json.loads(encode_event(event)) for event in admitted.events]


def joined(last: int, members: int, messages: list[int], *, recovered: bool = False) -> dict[str, Any]:
    return {
        "type": "joined",
        "room": "lobby",
        "epoch": "e",
        "seq": last,
        "members": members,
        "recovered": recovered,
        "pins": [],
        "messages": [{"seq": seq} for seq in messages],
        "read": 0,
        "role": "guest",
        "may": [],
    }


def test_whoever_joins_is_told_where_the_room_is() -> None:
    room = open_room(4)
    assert told(room.join("a", ANN, None)) == [joined(4, 1, [2, 3, 4])]
    assert told(room.join("b", BOB, Position("e", 3))) == [joined(4, 2, [4], recovered=True)]
    assert room.members == {"a": ANN, "b": BOB}


def test_whoever_joins_is_told_what_is_pinned() -> None:
    room = open_room(4)
    room.pins.load([Entry(1, b'{"id":"x"}')])
    assert told(room.join("a", ANN, None)) == [joined(4, 1, [2, 3, 4]) | {"pins": [{"id": "x"}]}]


def test_everyone_is_who_is_in_and_who_is_on_the_way() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    room.join("a", ANN, None)
    assert room.everyone == ["a"] and not room.members
    room.load(Page("e", 0, []), None)
    room.admit()
    assert room.everyone == ["a"] == list(room.members)


def test_a_gap_comes_before_joined() -> None:
    gap = {"type": "gap", "room": "lobby", "from_seq": 3, "to_seq": 7}
    assert told(open_room(10).join("a", ANN, Position("e", 2))) == [gap, joined(10, 1, [8, 9, 10])]


def test_one_person_on_two_connections_counts_once() -> None:
    room = open_room()
    room.join("a1", ANN, None)
    assert told(room.join("a2", ANN, None)) == [joined(0, 1, [])]
    room.leave("a1")
    assert told(room.join("b", BOB, None)) == [joined(0, 2, [])]


def test_joining_again_catches_up() -> None:
    room = open_room(4)
    room.join("a", ANN, None)
    assert told(room.join("a", ANN, Position("e", 2))) == [joined(4, 1, [3, 4], recovered=True)]
    assert list(room.members) == ["a"]


def test_a_cold_room_admits_when_its_log_was_read() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    assert room.join("a", ANN, None) == Wait(None, 3)
    assert room.receive("e", entries(3, 3)) == Advance((), Wait(None, 3))
    assert not room.members
    assert not room.vacant
    assert room.load(Page("e", 2, entries(1, 2)), None) == Advance((), None)
    (admitted,), wait = room.admit()
    assert wait is None
    assert admitted.member == "a"
    assert told(admitted) == [joined(3, 1, [1, 2, 3])]


def test_who_needs_more_than_the_first_page_waits_for_another() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    room.join("a", ANN, Position("e", 4))
    room.join("b", BOB, None)
    room.load(Page("e", 9, entries(7, 9)), None)
    admitted, wait = room.admit()
    assert [newcomer.member for newcomer in admitted] == ["b"]
    assert wait == Wait(4, 5)
    room.load(Page("e", 9, entries(5, 9)), 4)
    (late,), wait = room.admit()
    assert told(late) == [joined(9, 2, [5, 6, 7, 8, 9], recovered=True)]
    assert wait is None


def test_two_who_wait_share_a_read() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    room.load(Page("e", 9, entries(7, 9)), None)
    assert room.join("a", ANN, Position("e", 4)) == Wait(4, 5)
    assert room.join("b", BOB, Position("e", 5)) == Wait(4, 5)
    assert room.admit() == ([], Wait(4, 5))


def test_entries_pass_to_everyone() -> None:
    room = open_room(2)
    room.join("a", ANN, None)
    assert room.receive("e", entries(3, 4)) == Advance(entries(3, 4), None)
    assert room.receive("e", entries(6, 6)) == Advance([], Wait(4, 5))
    assert room.load(Page("e", 6, entries(5, 6)), 4) == Advance(entries(5, 6), None)


def test_when_touch_is_lost_everyone_comes_in_again_with_a_gap() -> None:
    room = open_room(2)
    room.join("a", ANN, None)
    room.join("b", BOB, None)
    assert room.receive("new", entries(1, 1)) == Advance((), Wait(None, 3))
    assert list(room.listeners) == [], "who has lost touch is given nothing before the gap"
    assert isinstance(room.join("c", EVE, None), Wait)
    room.leave("c")
    room.load(Page("new", 1, entries(1, 1)), None)
    admitted, wait = room.admit()
    assert wait is None
    gap = {"type": "gap", "room": "lobby", "from_seq": 0, "to_seq": 0}
    assert [told(newcomer) for newcomer in admitted] == [[gap, joined(1, 2, [1]) | {"epoch": "new"}]] * 2
    assert list(room.listeners) == ["a", "b"]
    assert room.roster.take_presence() == Presence("lobby", 2, [ANN, BOB], [])


def test_when_a_hole_is_too_wide_everyone_is_given_a_gap() -> None:
    room = open_room(2)
    room.join("a", ANN, None)
    room.receive("e", entries(20, 20))
    assert room.load(Page("e", 20, entries(16, 20)), 2) == Advance((), None)
    (admitted,), _ = room.admit()
    gap = {"type": "gap", "room": "lobby", "from_seq": 3, "to_seq": 17}
    assert told(admitted) == [gap, joined(20, 1, [18, 19, 20])]


def test_who_loses_touch_twice_goes_on_from_the_first_time() -> None:
    room = open_room(2)
    room.join("a", ANN, None)
    assert room.load(Page("e", 6, entries(4, 6)), None) == Advance((), Wait(1, 5))
    assert room.receive("old", entries(9, 9)) == Advance((), Wait(None, 3))  # a straggler of another life
    room.load(Page("e", 6, entries(2, 6)), 1)
    (admitted,), _ = room.admit()
    assert told(admitted) == [joined(6, 1, [3, 4, 5, 6], recovered=True)]


def test_a_room_holds_so_many() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    room.join("waiting", ANN, None)
    room.join("also waiting", ANN, None)
    room.join("third", BOB, None)
    assert room.join("fourth", EVE, None) == Full(3)
    assert room.join("third", BOB, None) == Wait(None, 3), "who is in or waits may ask again"
    room.load(Page("e", 0, ()), None)
    room.admit()
    assert room.join("fourth", EVE, None) == Full(3)
    room.leave("third")
    assert isinstance(room.join("fourth", EVE, None), Admitted)


def test_leaving_is_forgetting() -> None:
    room: Room[str] = Room("lobby", LIMITS)
    room.join("a", ANN, None)
    room.leave("a")
    room.leave("a")
    assert room.vacant
    room.load(Page("e", 0, ()), None)
    assert room.admit() == ([], None)


def test_giving_up_puts_everyone_out_who_waits() -> None:
    room = open_room(9)
    room.join("in", ANN, None)
    room.join("again", BOB, None)
    room.join("again", BOB, Position("e", 4))
    room.join("new", EVE, Position("e", 4))
    assert room.give_up() == ["again", "new"]
    assert room.members == {"in": ANN}


def test_presence_is_the_difference_since_the_last_one() -> None:
    room = open_room()
    assert room.roster.take_presence() is None
    room.join("a", ANN, None)
    room.join("b", BOB, None)
    assert room.roster.take_presence() == Presence("lobby", 2, [ANN, BOB], [])
    room.leave("a")
    room.join("e", EVE, None)
    assert room.roster.take_presence() == Presence("lobby", 2, [EVE], [ANN])
    assert room.roster.take_presence() is None


def test_who_comes_and_goes_in_between_is_not_mentioned() -> None:
    room = open_room()
    room.join("b", BOB, None)
    room.roster.take_presence()
    room.join("a", ANN, None)
    room.leave("a")
    room.leave("b")
    room.join("b again", BOB, None)
    assert room.roster.take_presence() is None


def test_who_was_shown_a_count_in_between_is_told_what_it_is() -> None:
    room = open_room()
    room.join("a", ANN, None)
    room.roster.take_presence()
    room.join("b", BOB, None)
    joined = told(room.join("a", ANN, None))[-1]  # who has come in with "direct" joins once more
    assert joined["members"] == 2
    room.leave("b")
    assert room.roster.moved
    assert room.roster.take_presence() == Presence("lobby", 1, [], [])
    assert room.roster.take_presence() is None


def test_the_last_of_several_connections_is_the_one_that_leaves() -> None:
    room = open_room()
    room.join("a1", ANN, None)
    room.join("a2", ANN, None)
    room.roster.take_presence()
    room.leave("a1")
    assert room.roster.take_presence() is None
    room.leave("a2")
    assert room.roster.take_presence() == Presence("lobby", 0, [], [ANN])


def test_presence_names_some_and_counts_all() -> None:
    room: Room[int] = Room("lobby", ChatLimits(presence_names=2))
    room.load(Page("e", 0, ()), None)
    people = [Author(str(number), f"p{number}") for number in range(5)]
    for number, person in enumerate(people):
        room.join(number, person, None)
    assert room.roster.take_presence() == Presence("lobby", 5, people[:2], [])
    for number in range(4):
        room.leave(number)
    assert room.roster.take_presence() == Presence("lobby", 1, [], people[:2])


def test_who_is_away_on_every_connection_is_away() -> None:
    room = open_room()
    room.join("a1", ANN, None)
    room.join("a2", ANN, None)
    room.roster.take_presence()
    for member in ("a1", "a1", "nobody"):
        room.turn(member, away=True)
    assert room.roster.take_presence() is None
    room.leave("a2")
    assert room.roster.take_presence() == Presence("lobby", 1, [], [], [ANN])
    room.turn("a1", away=False)
    assert room.roster.take_presence() == Presence("lobby", 1, [], [], [], [ANN])
    room.turn("a1", away=True)
    room.leave("a1")
    assert len(room.roster) == 0
