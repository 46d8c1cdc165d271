"""Frames from clients: commands, or replies that name the value and the limit."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.commands import COMMANDS, Hello, Join, Leave, Ping, Send, Unwatch, Watch
from chat.commands_log import Edit, History, Search, Unreact
from chat.decoding import Malformed, decode_command
from chat.fields import TrackAt


def decode(**frame: Any) -> object:
    return decode_command(json.dumps(frame).encode())


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        ({"type": "hello", "name": "ann", "token": None}, Hello("ann")),
        ({"type": "hello", "name": "ann"}, Hello("ann")),
        ({"type": "hello", "token": "t"}, Hello(None, "t")),
        ({"type": "join", "room": "lobby"}, Join("lobby")),
        ({"type": "join", "room": "a:b-c_d.0", "epoch": "e", "seq": 0}, Join("a:b-c_d.0", "e", 0)),
        ({"type": "join", "room": "lobby", "epoch": None, "seq": None}, Join("lobby")),
        ({"type": "send", "room": "lobby", "nonce": "n", "body": " hi "}, Send("lobby", "n", "hi")),
        ({"type": "leave", "room": "lobby"}, Leave("lobby")),
        (
            {"type": "send", "room": "r", "nonce": "n", "body": "x", "reply_to": "m", "track": {"id": "t"}},
            Send("r", "n", "x", "m", TrackAt("t")),
        ),
        ({"type": "edit", "room": "r", "nonce": "n", "id": "m", "body": " x"}, Edit("r", "n", "m", "x")),
        (
            {"type": "unreact", "room": "r", "nonce": "n", "id": "m", "emoji": ":+1:"},
            Unreact("r", "n", "m", "+1"),
        ),
        ({"type": "history", "room": "r", "after": 5, "limit": 3}, History("r", None, 5, 3)),
        ({"type": "search", "room": "r", "query": "q", "before": 5}, Search("r", "q", 5)),
        ({"type": "ping"}, Ping()),
        ({"type": "watch", "track": None}, Watch(None)),
        ({"type": "unwatch", "track": "01ab"}, Unwatch("01ab")),
        ({"type": "ping", "some": {"newer": ["client"]}}, Ping()),
    ],
)
def test_a_command(frame: dict[str, Any], command: object) -> None:
    assert decode(**frame) == command


def test_the_limit_of_a_body_counts_without_the_space_around_it() -> None:
    body = "x" * 4000
    assert decode(type="send", room="r", nonce="n", body=f"\n {body} \n") == Send("r", "n", body)
    assert decode(type="send", room="r", nonce="n", body="🎸" * 4000) == Send("r", "n", "🎸" * 4000)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (b"", "malformed", "not JSON: Input data was truncated"),
        (b"hello", "malformed", "not JSON: JSON is malformed: invalid character (byte 0)"),
        (b'{"type":"ping"} {}', "malformed", "not JSON: JSON is malformed: trailing characters (byte 17)"),
        (b"[]", "malformed", "a frame is a JSON object, not []"),
        (b'"ping"', "malformed", 'a frame is a JSON object, not "ping"'),
        (b"[" * 9000 + b"]" * 9000, "malformed", "JSON nested too deeply"),
        (b'{"type":"ping","x":' + b"[" * 9000 + b"]" * 9000 + b"}", "malformed", "JSON nested too deeply"),
        (b"{}", "unknown_type", "type is missing, not one of " + ", ".join(COMMANDS)),
        (b'{"type":7}', "unknown_type", "type is 7, not one of " + ", ".join(COMMANDS)),
        (b'{"type":"Send"}', "unknown_type", 'type is "Send", not one of ' + ", ".join(COMMANDS)),
        (
            json.dumps({"type": "x" * 99}).encode(),
            "unknown_type",
            f'type is "{"x" * 40}"… (99 characters), not one of {", ".join(COMMANDS)}',
        ),
    ],
)
def test_no_command_at_all(text: bytes, code: str, message: str) -> None:
    verdict = decode_command(text)
    assert isinstance(verdict, Malformed)
    assert (verdict.reply.code, verdict.reply.message) == (code, message)


ROOM_RULE = "not 1 to 64 lower-case letters, digits, - _ : . but not . or .. alone"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"type": "hello"}, "name is missing: a guest needs one, or a token"),
        ({"type": "hello", "name": None}, "name is missing: a guest needs one, or a token"),
        ({"type": "hello", "name": 5}, "name is 5, not 1 to 32 visible characters, or null"),
        ({"type": "hello", "name": "x" * 33}, "name has 33 characters, not 1 to 32"),
        (
            {"type": "hello", "name": "a\u202eb"},
            "name contains U+202E, which is invisible or reorders text",
        ),
        ({"type": "hello", "token": ""}, 'token is "", not 1 to 2048 characters, or null'),
        ({"type": "join"}, "room is missing"),
        ({"type": "join", "room": ""}, f'room is "", {ROOM_RULE}'),
        ({"type": "join", "room": "Lobby"}, f'room is "Lobby", {ROOM_RULE}'),
        ({"type": "join", "room": "lobby\n"}, f'room is "lobby\\n", {ROOM_RULE}'),
        ({"type": "join", "room": "."}, f'room is ".", {ROOM_RULE}'),
        ({"type": "join", "room": ".."}, f'room is "..", {ROOM_RULE}'),
        ({"type": "join", "room": "../etc"}, f'room is "../etc", {ROOM_RULE}'),
        ({"type": "join", "room": "r" * 65}, f'room is "{"r" * 40}"… (65 characters), {ROOM_RULE}'),
        ({"type": "join", "room": ["r"]}, f'room is ["r"], {ROOM_RULE}'),
        (
            {"type": "join", "room": list(range(99))},
            f"room is [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,1…, {ROOM_RULE}",
        ),
        (
            {"type": "join", "room": "r", "epoch": "e", "seq": -1},
            "seq is -1, not an integer from 0 to 9007199254740991",
        ),
        (
            {"type": "join", "room": "r", "epoch": "e", "seq": 2**60},
            "seq is 1152921504606846976, not an integer from 0 to 9007199254740991",
        ),
        (
            {"type": "join", "room": "r", "epoch": "e" * 65, "seq": 1},
            f'epoch is "{"e" * 40}"… (65 characters), not at most 64 characters, or null',
        ),
        (
            {"type": "join", "room": "r", "seq": 1},
            "epoch is missing: epoch and seq are one position and come together",
        ),
        (
            {"type": "join", "room": "r", "epoch": "e"},
            "seq is missing: epoch and seq are one position and come together",
        ),
        (
            {"type": "send", "room": "r", "nonce": "n" * 65, "body": "x"},
            f'nonce is "{"n" * 40}"… (65 characters), not 1 to 64 visible ASCII characters',
        ),
        (
            {"type": "send", "room": "r", "nonce": "a b", "body": "x"},
            'nonce is "a b", not 1 to 64 visible ASCII characters',
        ),
        ({"type": "send", "room": "r", "nonce": "n"}, "body is missing"),
        ({"type": "send", "room": "r", "nonce": "n", "body": ""}, 'body is "", not 1 to 4000 characters'),
        ({"type": "send", "room": "r", "nonce": "n", "body": " \n "}, 'body is "", not 1 to 4000 characters'),
        (
            {"type": "send", "room": "r", "nonce": "n", "body": "x" * 4001},
            f'body is "{"x" * 40}"… (4001 characters), not 1 to 4000 characters',
        ),
        (
            {"type": "send", "room": "r", "nonce": "n", "body": "a\u0000b"},
            "body contains U+0000, a control character",
        ),
        ({"type": "send", "room": "r", "nonce": "n", "body": None}, "body is null, not 1 to 4000 characters"),
        ({"type": "watch"}, "track is missing"),
        (
            {"type": "history", "room": "r", "before": 5, "after": 1},
            "before and after are both there: a page goes one way",
        ),
        (
            {"type": "react", "room": "r", "nonce": "n", "id": "m", "emoji": "no emoji"},
            "emoji has 8 characters that are not one emoji or short code",
        ),
        ({"type": "watch", "track": "a/b"}, 'track is "a/b", not 1 to 64 letters, digits, - _, or null'),
    ],
)
def test_the_reply_names_the_value_and_the_limit(frame: dict[str, Any], message: str) -> None:
    verdict = decode(**frame)
    assert isinstance(verdict, Malformed)
    assert (verdict.reply.code, verdict.reply.message) == ("invalid_field", message)


def test_a_reply_carries_what_the_client_called_the_command() -> None:
    verdict = decode(type="send", room="r", nonce="n", body="")
    assert isinstance(verdict, Malformed)
    assert (verdict.reply.nonce, verdict.reply.room) == ("n", "r")
    verdict = decode(type="send", room=5, nonce="n" * 65, body="")
    assert isinstance(verdict, Malformed)
    assert (verdict.reply.nonce, verdict.reply.room) == (None, None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(["name", "token", "room", "epoch", "seq", "nonce", "body", "track"])


@given(st.sampled_from([*COMMANDS, "nope"]), st.dictionaries(fields, json_values))
def test_every_object_is_a_command_or_is_answered(type: str, frame: dict[str, Any]) -> None:
    verdict = decode_command(json.dumps({**frame, "type": type}).encode())
    msgspec.json.encode(verdict.reply if isinstance(verdict, Malformed) else verdict)


@given(st.binary(max_size=60))
@example(b'{"type":"join","room":"\xff"}')
@example(b'{"type":"hello","name":"\\ud800x"}')
@example(b'{"type":"hello","name":"\\udc00"}')
@example(b'{"type":"ping","type":"join"}')
def test_every_text_is_a_command_or_is_answered(text: bytes) -> None:
    verdict = decode_command(text)
    msgspec.json.encode(verdict.reply if isinstance(verdict, Malformed) else verdict)
