"""Events as everyone sees them, around their number."""

import json

from chat.broker import Draft
from chat.entries import encode_entry, split_entry
from chat.fields import Author

ANN = Author("1", "ann")


def test_a_message_is_json_with_its_number_inside() -> None:
    draft = Draft("lobby", "n", ANN, "id", 5, body='say "hi"', more={"reply_to": "older"})
    entry = encode_entry(draft, 12)
    assert entry.seq == 12
    assert json.loads(entry.payload) == {
        "type": "message",
        "room": "lobby",
        "seq": 12,
        "id": "id",
        "nonce": "n",
        "author": {"id": "1", "name": "ann"},
        "body": 'say "hi"',
        "reply_to": "older",
        "at": 5,
    }


def test_what_has_no_text_has_no_body() -> None:
    draft = Draft("lobby", "n", ANN, "id", 5, "reacted", more={"emoji": "\U0001f44d"})
    head, tail = split_entry(draft)
    event = json.loads(head + b"1" + tail)
    assert event["type"] == "reacted"
    assert event["emoji"] == "\U0001f44d"
    assert "body" not in event
