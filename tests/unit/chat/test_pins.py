"""What is pinned, as entries of the log come."""

import json
from typing import Any

from chat.broker import Draft, Entry
from chat.entries import blank, encode_entry
from chat.fields import Author
from chat.pins import Pins

ANN = Author("1", "ann")


def entry(seq: int, kind: str, id: str, body: str | None = None, **more: Any) -> Entry:
    return encode_entry(Draft("lobby", f"n{seq}", ANN, id, seq, kind, body, more), seq)


HELD = {
    "one": entry(1, "message", "one", "first", mentions=["2"]),
    "two": entry(2, "message", "two", "second"),
}


def shown(pins: Pins) -> list[dict[str, Any]]:
    return [json.loads(bytes(frame)) for frame in pins.frames()]


def bodies(pins: Pins) -> list[str]:
    return [message["body"] for message in shown(pins)]


def pinned() -> Pins:
    pins = Pins()
    for seq, id in ((3, "two"), (4, "one")):
        assert pins.apply(entry(seq, "pinned", id, of=1), HELD.get)
    return pins


def test_what_is_pinned_is_shown_in_the_order_of_pins() -> None:
    pins = pinned()
    assert bodies(pins) == ["second", "first"]
    assert all(message["pinned"] for message in shown(pins))
    assert not pins.apply(entry(3, "pinned", "two", of=2), HELD.get), "that was known"
    assert bodies(pins) == ["second", "first"]


def test_what_is_not_in_memory_has_to_be_read() -> None:
    pins = pinned()
    assert pins.apply(entry(5, "pinned", "old", of=1), HELD.get)
    assert bodies(pins) == ["second", "first"]
    pins.load([entry(1, "message", "old", "long ago")])
    assert bodies(pins) == ["long ago"]


def test_unpinned_and_deleted_messages_are_gone() -> None:
    pins = pinned()
    assert not pins.apply(entry(5, "unpinned", "two", of=2), HELD.get)
    assert bodies(pins) == ["first"]
    assert not pins.apply(entry(6, "deleted", "one", of=1), HELD.get)
    assert not pins.apply(entry(7, "deleted", "one", of=1), HELD.get)
    assert shown(pins) == []


def test_what_was_deleted_is_not_pinned() -> None:
    pins = Pins()
    gone = {"one": blank(HELD["one"], 3)}
    assert not pins.apply(entry(4, "pinned", "one", of=1), gone.get)
    assert shown(pins) == []


def test_an_edit_is_in_place() -> None:
    pins = pinned()
    assert not pins.apply(entry(5, "edited", "one", "better", of=1, track={"id": "t"}), HELD.get)
    assert not pins.apply(entry(6, "edited", "other", "else", of=9), HELD.get)
    assert not pins.apply(entry(7, "edited", "two", of=2), HELD.get), "it was deleted since"
    assert not pins.apply(entry(8, "message", "three", "third"), HELD.get)
    assert bodies(pins) == ["second", "better"]
    message = shown(pins)[1]
    assert (message["edited_at"], message["track"], "mentions" in message) == (5, {"id": "t"}, False)
