"""Events as everyone sees them, around their number."""

import json

from chat.broker import Draft, Entry
from chat.entries import blank, deletion, encode_entry, is_message, says, split_entry
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


def message(id: str, body: str, seq: int = 1, **more: object) -> Entry:
    return encode_entry(Draft("lobby", "n", ANN, id, 5, body=body, more=more), seq)


def test_a_deletion_says_what_and_when() -> None:
    deleted = encode_entry(Draft("lobby", "n", ANN, "id", 7, "deleted", more={"of": 1}), 2)
    assert deletion(deleted) == ("id", 7)
    assert deletion(message("id", '{"type":"deleted"')) is None


def test_what_says_the_words_of_a_message() -> None:
    edited = encode_entry(Draft("lobby", "n", ANN, "id", 7, "edited", "new", {"of": 1}), 2)
    reacted = encode_entry(Draft("lobby", "n", ANN, "id", 7, "reacted", more={"emoji": "x", "of": 1}), 3)
    assert [says(entry, "id") for entry in (message("id", "a"), edited, reacted)] == [True, True, False]
    assert [is_message(entry, "id") for entry in (message("id", "a"), edited)] == [True, False]
    assert not says(message("other", 'it has "id" in it'), "id")


def test_nothing_is_left_of_what_was_deleted_but_its_place() -> None:
    entry = message("id", "secret", 4, reply_to="one", thread="one", mentions=["2"], track={"id": "t"})
    blanked = blank(entry, 9)
    assert blanked.seq == 4
    assert json.loads(blanked.payload) == {
        "type": "message",
        "room": "lobby",
        "seq": 4,
        "id": "id",
        "nonce": "n",
        "author": {"id": "1", "name": "ann"},
        "body": "",
        "reply_to": "one",
        "thread": "one",
        "deleted_at": 9,
        "at": 5,
    }
    edited = encode_entry(Draft("lobby", "n", ANN, "id", 7, "edited", "secret", {"of": 4, "mentions": []}), 5)
    left = json.loads(blank(edited, 9).payload)
    assert left["of"] == 4
    assert not {"body", "mentions", "deleted_at"} & left.keys()
    assert blank(blanked, 9) == blanked
