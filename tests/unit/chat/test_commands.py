"""Commands and events as they are on the wire."""

import json
from typing import Any

import pytest
from msgspec import Raw

from chat.commands import Hello, Join, Leave, Ping, Send, Unwatch, Watch
from chat.events import (
    Ack,
    Comment,
    Drain,
    Error,
    Event,
    Gap,
    Joined,
    Left,
    Message,
    Pong,
    Track,
    Uncomment,
    Unwatched,
    Watching,
    Welcome,
    encode_event,
)
from chat.events_people import Presence
from chat.fields import Author

ANN = Author("u1", "ann")


@pytest.mark.parametrize(
    ("event", "frame"),
    [
        (
            Welcome("u1", "ann", 5, "t"),
            {"type": "welcome", "id": "u1", "name": "ann", "now": 5, "token": "t"},
        ),
        (
            Joined("lobby", "e", 7, 2, True, [Raw(b'{"type":"message"}')]),
            {
                "type": "joined",
                "room": "lobby",
                "epoch": "e",
                "seq": 7,
                "members": 2,
                "recovered": True,
                "messages": [{"type": "message"}],
                "pins": [],
                "read": 0,
                "role": "guest",
                "may": [],
            },
        ),
        (Gap("lobby", 3, 9), {"type": "gap", "room": "lobby", "from_seq": 3, "to_seq": 9}),
        (Ack("lobby", "n", 4, "m"), {"type": "ack", "room": "lobby", "nonce": "n", "seq": 4, "id": "m"}),
        (
            Message("lobby", 4, "m", "n", ANN, "hi", 1000),
            {
                "type": "message",
                "room": "lobby",
                "seq": 4,
                "id": "m",
                "nonce": "n",
                "author": {"id": "u1", "name": "ann"},
                "body": "hi",
                "at": 1000,
            },
        ),
        (Left("lobby"), {"type": "left", "room": "lobby"}),
        (Comment(Raw(b'{"id":"c"}')), {"type": "comment", "comment": {"id": "c"}}),
        (Uncomment("t", "c"), {"type": "uncomment", "track": "t", "id": "c"}),
        (
            Presence("lobby", 1, [ANN], []),
            {
                "type": "presence",
                "room": "lobby",
                "count": 1,
                "joined": [{"id": "u1", "name": "ann"}],
                "left": [],
                "away": [],
                "back": [],
            },
        ),
        (Pong(12), {"type": "pong", "now": 12}),
        (Watching(None), {"type": "watching", "track": None}),
        (Unwatched("t"), {"type": "unwatched", "track": "t"}),
        (Track(Raw(b'{"id":"t"}')), {"type": "track", "track": {"id": "t"}}),
        (Drain(1500), {"type": "drain", "reconnect_ms": 1500}),
        (Error("malformed", "no"), {"type": "error", "code": "malformed", "message": "no"}),
        (
            Error("rate_limited", "no", nonce="n", room="r", retry_ms=5),
            {
                "type": "error",
                "code": "rate_limited",
                "message": "no",
                "nonce": "n",
                "room": "r",
                "retry_ms": 5,
            },
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_an_event_is_this_frame(event: Event, frame: dict[str, Any]) -> None:
    assert json.loads(encode_event(event)) == frame


def test_commands_clean_what_they_carry() -> None:
    assert Hello(name="  Ann  ").name == "Ann"
    assert Hello(token="t").name is None
    assert Send("lobby", "n", " hi\n ").body == "hi"
    assert Send("lobby", "n", "a\tb\r\nc").body == "a\tb\r\nc"
    assert (Join("r", "e", 1).epoch, Leave("r").room, Watch(None).track, Unwatch("t").track) == (
        "e",
        "r",
        None,
        "t",
    )
    assert Ping() == Ping()
