"""streamer/transcript.py: what happens in a room, as lines for a terminal."""

import time
from typing import Any

import pytest

from streamer.transcript import Transcript, paint, safe

AT = int(time.mktime(time.strptime(time.strftime("%Y-%m-%d 12:30"), "%Y-%m-%d %H:%M"))) * 1000
BOB = {"id": "b", "name": "bob"}
_HEAD = "12:30 bob "


def printed(transcript: Transcript, **event: Any) -> list[str]:
    return [paint(line, False) for line in transcript.lines({"room": "r", **event})]


def message(body: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "room": "r",
        "seq": 1,
        "id": "m1",
        "author": BOB,
        "body": body,
        "at": AT,
    } | more


@pytest.fixture
def transcript() -> Transcript:
    return Transcript("r")


def test_a_room_begins_with_who_is_there_and_what_was_said(transcript: Transcript) -> None:
    assert printed(transcript, type="joined", members=1, messages=[message("hi\nthere")]) == [
        "── r: 1 person here",
        f"{_HEAD}hi",
        "      there",
    ]
    assert printed(transcript, type="joined", members=2, messages=[]) == []
    (line,) = printed(transcript, type="status", state="offline", reason="")
    assert line == "!     the line is down (no answer); what you write is kept, and sent when it is back"
    assert printed(transcript, type="status", state="offline") == []
    assert printed(transcript, type="status", state="online") == []
    assert printed(transcript, type="joined", members=2, messages=[]) == ["── back in r: 2 people here"]
    assert printed(transcript, type="status", state="refused", reason="no") == [
        "!     the server closed the line: no"
    ]
    assert printed(transcript, type="gap", from_seq=3, to_seq=5) == [
        "!     3 in between can't be had any more"
    ]
    assert printed(transcript, type="gap", from_seq=0, to_seq=-1) == []


def test_people_come_and_go_but_not_oneself(transcript: Transcript) -> None:
    transcript.lines({"type": "welcome", "id": "a"})
    me, carol = {"id": "a", "name": "ann"}, {"id": "c", "name": "carol"}
    assert printed(transcript, type="presence", joined=[BOB, me, carol], left=[me]) == [
        "      → bob, carol came"
    ]
    assert printed(transcript, type="presence", joined=[], left=[BOB]) == ["      ← bob left"]


def test_entries_speak_of_the_message_they_belong_to(transcript: Transcript) -> None:
    printed(transcript, **message("first words"))
    of_it = {"id": "m1", "author": {"id": "c", "name": "carol"}, "at": AT}
    assert printed(transcript, type="reacted", emoji="♥", **of_it) == ["      carol ♥: bob: first words"]
    assert printed(transcript, type="edited", body="better", **of_it) == ["      ✎ carol: better"]
    assert printed(transcript, type="pinned", **of_it) == ["      carol pinned: bob: better"]
    assert printed(transcript, type="unpinned", **of_it) == ["      carol unpinned: bob: better"]
    assert printed(transcript, type="deleted", **of_it) == ["      carol deleted: bob: better"]
    assert printed(transcript, **message("x" * 100, id="m2", reply_to="m1")) == [
        "      ┌ bob: better",
        f"{_HEAD}{'x' * 100}",
    ]
    assert printed(transcript, **message("y", id="m3", reply_to={"id": "m2"}))[0].endswith("x…")
    assert (
        printed(transcript, **message("z", id="m4", reply_to="long ago"))[0] == "      ┌ an earlier message"
    )
    assert printed(transcript, type="unreacted", **of_it) == []


def test_a_message_brings_what_became_of_it(transcript: Transcript) -> None:
    edited = message("b", edited_at=AT, reactions=[{"emoji": "♥", "count": 2}])
    assert printed(transcript, **edited) == [f"{_HEAD}b (edited)", "      ♥ 2"]
    assert printed(transcript, **message("", deleted_at=AT)) == [f"{_HEAD}(deleted)"]


def test_notices_and_faults_are_told(transcript: Transcript) -> None:
    system = {"type": "system", "event": "now_playing", "seq": 1}
    assert printed(transcript, **system, fields={"title": "x"}) == ["      · now playing: x"]
    assert printed(transcript, **system, fields={"track": {"title": "y"}}) == ["      · now playing: y"]
    assert printed(transcript, **system, fields={"track": "id"}) == ["      · now playing:"]
    assert printed(transcript, **(system | {"event": "muted"}), fields={"text": "bob is muted"}) == [
        "      · bob is muted"
    ]
    assert printed(transcript, **(system | {"event": "sealed"})) == ["      · sealed"]
    assert printed(transcript, type="notice", text="one\ntwo") == ["      one", "      two"]
    assert printed(transcript, type="link", up=True) == ["      the server has its memory back"]
    assert printed(transcript, type="link", up=False)[0].startswith("!     the server has lost touch")
    failed = {"type": "failed", "command": {"type": "send", "body": "b"}, "frame": {"message": "why"}}
    assert printed(transcript, **failed) == ["!     not done: why: b"]
    assert printed(transcript, type="error", message="no") == ["!     no"]
    assert printed(transcript, type="pong", now=0) == []
    assert transcript.lines({"type": "notice", "room": "elsewhere", "text": "x"}) == []


def test_another_day_is_named(transcript: Transcript) -> None:
    day, line = printed(transcript, **message("x", at=AT - 3 * 86_400_000))
    assert day.startswith("── ") and line.endswith("bob x")


def test_a_mention_is_loud_and_a_person_has_one_colour(transcript: Transcript) -> None:
    transcript.lines({"type": "welcome", "id": "a"})
    (line,) = transcript.lines(message("hey ann", mentions=["a"]))
    assert line[-1] == ("loud", "hey ann")
    assert "\x1b[7mhey ann\x1b[0m" in paint(line, True)
    (other,) = transcript.lines(message("hey", id="m2"))
    assert paint(line, True).split("bob")[0] == paint(other, True).split("bob")[0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcödé 日本 👩‍🎤", "plain ünïcödé 日本 👩‍🎤"),
        ("a\tb", "a    b"),
        ("\x1b[31mred\x1b]0;title\x07", "·[31mred·]0;title·"),
        ("\x9b31m\x08\r\u202egnp.exe\u2028", "·31m···gnp.exe·"),
    ],
)
def test_what_people_write_moves_no_cursor(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_only_so_many_messages_are_remembered(transcript: Transcript) -> None:
    for number in range(1100):
        transcript.lines(message(f"body {number}", id=f"m{number}"))
    assert printed(transcript, type="deleted", id="m0", author=BOB)[0].endswith("an earlier message")
    assert printed(transcript, type="deleted", id="m1099", author=BOB)[0].endswith("body 1099")
