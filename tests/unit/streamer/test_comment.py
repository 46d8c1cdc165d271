"""A comment as it is sent, and where a page ends."""

import re
from typing import Any

import msgspec
import pytest

from streamer.auth import Identity
from streamer.comment import CURSOR_PATTERN, Comment, Commenter, NewComment, cursor_after, read_cursor
from streamer.comments import Speaker, network_of

ID = "01m7abcdefghjkmnpqrstvwxyz"


def read(**said: Any) -> NewComment:
    return msgspec.json.decode(msgspec.json.encode(said), type=NewComment)


def test_what_is_kept() -> None:
    assert read(at_ms=5, body=" hi ", name=" ann  b ") == NewComment(5, "hi", "ann b")
    assert read(at_ms=0, body="x" * 1000, name=None, more=1) == NewComment(0, "x" * 1000)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"body": "x"}, "required field `at_ms`"),
        ({"at_ms": -1, "body": "x"}, ">= 0"),
        ({"at_ms": 1 << 53, "body": "x"}, "<= 9007199254740991"),
        ({"at_ms": 1.5, "body": "x"}, "Expected `int`"),
        ({"at_ms": 1, "body": " "}, "body is blank, not 1 to 1000 characters"),
        ({"at_ms": 1, "body": "x" * 1001}, "body has 1001 characters, not 1 to 1000"),
        ({"at_ms": 1, "body": "\0"}, "U\\+0000"),
        ({"at_ms": 1, "body": "x", "name": "\u202e"}, "U\\+202E"),
    ],
)
def test_what_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        read(**said)


def test_a_cursor_is_read_as_it_was_written() -> None:
    comment = Comment(ID, ID, 90_061_500, "x", Commenter(None, "guest"), 1)
    cursor = cursor_after(comment)
    assert re.search(CURSOR_PATTERN, cursor)
    assert read_cursor(cursor) == (90_061_500, ID)


@pytest.mark.parametrize(
    "text", ["", "-", f"-{ID}", f"x-{ID}", f"1{ID}", f"1-{ID}x", f"{'9' * 17}-{ID}", f" 1-{ID}"]
)
def test_other_cursors_are_refused(text: str) -> None:
    assert not re.search(CURSOR_PATTERN, text)


def test_who_has_no_token_has_written_nothing_that_could_be_told_apart() -> None:
    mine, nobodys = (Comment(ID, ID, 0, "x", Commenter(id, "a"), 1) for id in ("u1", None))
    assert Speaker(Identity("u1", "ann"), None).wrote(mine)
    assert not Speaker(Identity("u2", "ann"), None).wrote(mine)
    assert not Speaker(Identity("u1", "ann"), None).wrote(nobodys)
    assert not Speaker(None, None).wrote(nobodys)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_addresses_are_counted_by_what_one_household_has(address: str, network: str) -> None:
    assert network_of(address) == network
