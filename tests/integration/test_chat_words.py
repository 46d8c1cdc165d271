"""What members do to what was said, over real WebSockets: edits, reactions, pins, threads, looking back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from chat.broker import Stored
from chat.limits import ChatLimits
from streamer.tables import tracks
from tests.support.chat import ChatServer, Client, chat_server, client, eventually
from tests.support.redis import Redis, running_redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture(params=["one node", "two nodes"])
async def servers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[ChatServer]]:
    """Where ann is, and where bob is."""
    if request.param == "one node":
        async with chat_server(tmp_path) as server:
            yield [server, server]
        return
    redis = request.getfixturevalue("redis")
    redis.say("FLUSHALL")
    async with chat_server(tmp_path, redis=redis) as one, chat_server(tmp_path, redis=redis) as other:
        yield [one, other]


class Pair:
    """Two people in the lobby."""

    def __init__(self, servers: list[ChatServer], ann: Client, bob: Client) -> None:
        self.ann_server, self.server = servers
        self.ann, self.bob = ann, bob
        self.ids = {name: one.seen[0]["id"] for name, one in (("ann", ann), ("bob", bob))}


@pytest.fixture
async def pair(servers: list[ChatServer]) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        people = []
        for name, server in zip(("ann", "bob"), servers, strict=True):
            someone = await stack.enter_async_context(client(server.url, name))
            await someone.join("lobby")
            people.append(someone)
        yield Pair(servers, *people)


async def do(who: Client, kind: str, id: str, nonce: str, **fields: Any) -> dict[str, Any]:
    """Ask for something to be done to a message; the ack or the error."""
    await who.say(kind, room="lobby", id=id, nonce=nonce, **fields)
    while True:
        frame = await who.hear()
        if frame["type"] in ("ack", "error") and frame.get("nonce") == nonce:
            return frame


async def history(who: Client, **fields: Any) -> dict[str, Any]:
    await who.say("history", room="lobby", **fields)
    return await who.until("history")


async def refused(who: Client, kind: str, id: str, **fields: Any) -> str:
    frame = await do(who, kind, id, f"no-{len(who.seen)}", **fields)
    assert frame["type"] == "error", frame
    assert frame["room"] == "lobby"
    return str(frame["code"])


async def test_what_is_done_to_a_message_is_seen_by_all_in_one_order(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    id = (await ann.send("lobby", "1", "frist"))["id"]
    assert (await do(ann, "edit", id, "2", body="first"))["seq"] == 2
    assert (await do(bob, "react", id, "3", emoji=":+1:"))["seq"] == 3
    assert (await do(bob, "pin", id, "4"))["seq"] == 4
    assert (await do(bob, "unreact", id, "5", emoji="+1"))["seq"] == 5
    assert (await do(bob, "unpin", id, "6"))["seq"] == 6
    assert (await do(ann, "delete", id, "7"))["seq"] == 7
    seen = [await bob.until(kind) for kind in ("deleted",)]
    kinds = [frame for frame in bob.seen if frame.get("seq") and frame["type"] not in ("joined", "ack")]
    assert [frame["type"] for frame in kinds] == [
        *("message", "edited", "reacted", "pinned", "unreacted", "unpinned", "deleted")
    ]
    assert [frame["seq"] for frame in kinds] == list(range(1, 8))
    assert all(frame["id"] == id and frame["room"] == "lobby" for frame in kinds)
    assert all(frame["of"] == 1 for frame in kinds[1:])
    assert kinds[1]["body"] == "first"
    assert kinds[2]["emoji"] == kinds[4]["emoji"] == "+1"
    assert kinds[2]["author"] == {"id": pair.ids["bob"], "name": "bob"}
    assert seen[0]["author"]["name"] == "ann"
    await ann.until("deleted")
    assert [frame for frame in ann.seen if frame["type"] in {f["type"] for f in kinds}] == kinds


async def test_a_resume_replays_what_was_done(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    joined = next(frame for frame in bob.seen if frame["type"] == "joined")
    token = bob.seen[0]["token"]
    secret = (await ann.send("lobby", "1", "secret"))["id"]
    kept = (await ann.send("lobby", "2", "kept"))["id"]
    await do(ann, "edit", secret, "3", body="secret, too")
    await do(ann, "react", kept, "4", emoji="❤️")
    await do(ann, "pin", kept, "5")
    await do(ann, "delete", secret, "6")
    expected = ["message", "message", "edited", "reacted", "pinned", "deleted"]
    for _ in ("from memory", "once more"):
        async with client(pair.server.url, None) as again:
            await again.say("hello", token=token)
            back = await again.join("lobby", epoch=joined["epoch"], seq=0)
        assert back["recovered"] is True
        assert [frame["type"] for frame in back["messages"]] == expected
        assert [frame["seq"] for frame in back["messages"]] == [1, 2, 3, 4, 5, 6]
        assert "secret" not in json.dumps(back)
        assert (back["messages"][0]["body"], "body" in back["messages"][2]) == ("", False)
        assert [(pin["id"], pin["body"]) for pin in back["pins"]] == [(kept, "kept")]


async def test_a_restart_replays_the_same(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, client(server.url) as ann:
        joined = await ann.join("lobby")
        id = (await ann.send("lobby", "1", "before"))["id"]
        await do(ann, "edit", id, "2", body="after")
        await do(ann, "react", id, "3", emoji="heart")
        await do(ann, "pin", id, "4")
    async with chat_server(tmp_path) as server, client(server.url) as bob:
        back = await bob.join("lobby", epoch=joined["epoch"], seq=0)
        assert back["recovered"] is True
        assert [frame["type"] for frame in back["messages"]] == ["message", "edited", "reacted", "pinned"]
        assert back["messages"][1]["body"] == "after"
        (pin,) = back["pins"]
        assert (pin["body"], pin["pinned"], pin["reactions"][0]["count"]) == ("after", True, 1)


async def test_what_can_not_be_done(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    id = (await ann.send("lobby", "1", "mine"))["id"]
    assert await refused(bob, "edit", id, body="yours") == "not_yours"
    assert await refused(bob, "delete", id) == "not_yours"
    assert await refused(bob, "edit", "nothing", body="x") == "message_unknown"
    for kind, more in (("react", {"emoji": "heart"}), ("pin", {}), ("delete", {})):
        assert await refused(bob, kind, "nothing", **more) == "message_unknown"
    assert await refused(bob, "react", id, emoji="no emoji") == "invalid_field"
    await bob.say("send", room="lobby", nonce="r", body="x", reply_to="nothing")
    await bob.until("error", nonce="r", code="message_unknown")
    await do(ann, "delete", id, "2")
    await bob.until("deleted")
    assert await refused(ann, "edit", id, body="x") == "message_deleted"
    assert await refused(bob, "react", id, emoji="heart") == "message_deleted"
    assert await refused(bob, "pin", id) == "message_deleted"
    await bob.say("send", room="lobby", nonce="r2", body="x", reply_to=id)
    await bob.until("error", nonce="r2", code="message_deleted")
    other = await ann.join("elsewhere")
    assert other["messages"] == []
    await ann.say("edit", room="elsewhere", id=id, nonce="e", body="x")
    await ann.until("error", nonce="e", code="message_unknown", room="elsewhere")


async def test_done_twice_is_done_once(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    id = (await ann.send("lobby", "1", "hi"))["id"]
    assert (await do(bob, "react", id, "2", emoji="heart"))["seq"] == 2
    assert (await do(bob, "react", id, "2", emoji="heart"))["seq"] == 2, "the same ack"
    assert (await do(bob, "react", id, "3", emoji=":heart:"))["seq"] == 1, "there was nothing left to do"
    assert (await do(bob, "pin", id, "4"))["seq"] == 3
    assert (await do(ann, "pin", id, "5"))["seq"] == 1
    assert (await do(ann, "unpin", id, "6"))["seq"] == 4
    assert (await do(ann, "unpin", id, "7"))["seq"] == 1
    assert (await do(ann, "unreact", id, "8", emoji="heart"))["seq"] == 1, "that was not ann's"
    assert (await do(ann, "delete", id, "9"))["seq"] == 5
    assert (await do(ann, "delete", id, "10"))["seq"] == 1
    assert (await ann.send("lobby", "11", "next"))["seq"] == 6


async def test_what_is_sent_again_is_acknowledged_again(pair: Pair) -> None:
    ann = pair.ann
    id = (await ann.send("lobby", "1", "hi"))["id"]
    reply = {"room": "lobby", "nonce": "r", "body": "x", "reply_to": id}
    await ann.say("send", **reply)
    said = await ann.until("ack", nonce="r")
    edited = await do(ann, "edit", id, "2", body="ho")
    pinned = await do(ann, "pin", id, "3")
    deleted = await do(ann, "delete", id, "4")
    assert await do(ann, "edit", id, "2", body="ho") == edited
    assert await do(ann, "pin", id, "3") == pinned
    assert await do(ann, "delete", id, "4") == deleted
    await ann.say("send", **reply)
    assert await ann.until("ack", nonce="r") == said
    assert (await ann.send("lobby", "5", "next"))["seq"] == deleted["seq"] + 1


async def test_limits_hold_however_fast_one_is(tmp_path: Path) -> None:
    limits = ChatLimits(pins_per_room=2, reactions_per_person=2, reactions_per_message=3)
    async with chat_server(tmp_path, limits=limits) as server, AsyncExitStack() as stack:
        ann, bob = [await stack.enter_async_context(client(server.url, name)) for name in ("ann", "bob")]
        for one in (ann, bob):
            await one.join("lobby")
        ids = [(await ann.send("lobby", str(n), "x"))["id"] for n in range(4)]
        for one in (ann, bob):
            for number, id in enumerate(ids):
                await one.say("pin", room="lobby", id=id, nonce=f"p{number}")
            for number in range(4):
                emoji = f"{one.seen[0]['name']}{number}"
                await one.say("react", room="lobby", id=ids[0], nonce=f"r{number}", emoji=emoji)
        for one in (ann, bob):
            await one.until("error", code="too_many_reactions", nonce="r3")
            assert any(frame.get("code") == "too_many_pins" for frame in one.seen)
        await ann.say("history", room="lobby")
        page = await ann.until("history")
        assert sum(message.get("pinned", False) for message in page["messages"]) == 2
        kinds = [reaction["emoji"] for reaction in page["messages"][0]["reactions"]]
        assert len(kinds) == 3
        assert max(sum(kind.startswith(name) for kind in kinds) for name in ("ann", "bob")) == 2


async def test_a_thread(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    root = (await ann.send("lobby", "1", "root"))["id"]
    await ann.send("lobby", "2", "beside")
    await bob.say("send", room="lobby", nonce="3", body="reply", reply_to=root)
    reply = await bob.until("message", body="reply")
    assert (reply["reply_to"], reply["thread"]) == (root, root)
    await ann.say("send", room="lobby", nonce="4", body="reply to the reply", reply_to=reply["id"])
    deeper = await ann.until("message", body="reply to the reply")
    assert (deeper["reply_to"], deeper["thread"]) == (reply["id"], root)
    page = await history(bob, thread=root)
    assert [message["body"] for message in page["messages"]] == ["root", "reply", "reply to the reply"]
    assert (page["thread"], page["messages"][0]["replies"]) == (root, 2)
    assert [message["seq"] for message in (await history(bob, thread=root, limit=1))["messages"]] == [4]


async def test_mentions_are_of_people_who_are_or_were_here(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    async with client(pair.server.url, "Zoë the 2nd") as zoe:
        await zoe.join("lobby")
        await zoe.send("lobby", "1", "bye")
        gone = zoe.seen[0]["id"]
    rooms = pair.ann_server.hub.desk.rooms
    await eventually(lambda: rooms.room("lobby").roster.names().keys() == set(pair.ids.values()))
    await ann.say("send", room="lobby", nonce="2", body='@BOB, @"zoë the 2nd", @nobody, a@ann')
    message = await bob.until("message", nonce="2")
    assert message["mentions"] == [pair.ids["bob"], gone]
    await do(ann, "edit", message["id"], "3", body="only @bob.")
    assert (await bob.until("edited"))["mentions"] == [pair.ids["bob"]]
    assert (await history(bob))["messages"][-1]["mentions"] == [pair.ids["bob"]]


async def test_who_has_blocked_somebody_is_not_mentioned_by_them(pair: Pair) -> None:
    ann, bob = pair.ann, pair.bob
    rooms = pair.ann_server.hub.desk.rooms
    await eventually(lambda: rooms.room("lobby").roster.names().keys() == set(pair.ids.values()))
    await bob.say("block", id=pair.ids["ann"])
    await bob.until("blocked")
    await ann.say("send", room="lobby", nonce="1", body="@bob, are you there?")
    assert "mentions" not in await bob.until("message", nonce="1")
    await bob.say("unblock", id=pair.ids["ann"])
    await bob.until("unblocked")
    await ann.say("send", room="lobby", nonce="2", body="@bob?")
    assert (await bob.until("message", nonce="2"))["mentions"] == [pair.ids["bob"]]


async def test_links_to_moments_of_tracks(pair: Pair) -> None:
    record = {"id": "01ab", "state": "ready", "filename": "a", "media_type": "a", "playable": True}
    numbers = {"size_bytes": 1, "created_at": 1, "updated_at": 1, "duration_ms": 90_000, "media_id": "01ab"}
    async with pair.server.engine.begin() as connection:
        await connection.execute(insert(tracks).values(**record, **numbers))

    async def sent(nonce: str, **fields: Any) -> dict[str, Any]:
        await pair.ann.say("send", room="lobby", nonce=nonce, **fields)
        while True:
            frame = await pair.ann.hear()
            if frame["type"] in ("message", "error") and frame.get("nonce") == nonce:
                return frame

    assert (await sent("1", body="https://x.example/t/01ab?t=1:23"))["track"] == {
        "id": "01ab",
        "at_ms": 83_000,
    }
    assert (await sent("2", body="/t/01ab?t=99"))["track"] == {"id": "01ab"}, "beyond its end"
    assert "track" not in await sent("3", body="/t/other")
    explicit = await sent("4", body="this", track={"id": "01ab", "at_ms": 5})
    assert explicit["track"] == {"id": "01ab", "at_ms": 5}
    assert (await sent("5", body="this", track={"id": "other"}))["code"] == "track_unknown"
    assert (await sent("6", body="this", track={"id": "01ab", "at_ms": 99_000}))["code"] == "invalid_field"
    assert (await sent("7", body="this", track={"id": "../"}))["code"] == "invalid_field"


async def test_one_reads_ones_own_writes(pair: Pair) -> None:
    ann = pair.ann
    for number in range(5):
        id = (await ann.send("lobby", f"s{number}", f"message {number}"))["id"]
        await do(ann, "edit", id, f"e{number}", body=f"edited {number}")
        page = await history(ann, limit=1)
        assert [message["body"] for message in page["messages"]] == [f"edited {number}"]
    pages = [await history(ann, limit=2)]
    while "next" in pages[-1]:
        pages.append(await history(ann, limit=2, before=pages[-1]["next"]))
    bodies = [message["body"] for page in pages[::-1] for message in page["messages"]]
    assert bodies == [f"edited {number}" for number in range(5)]
    forward = [await history(ann, limit=2, after=0)]
    while "next" in forward[-1]:
        forward.append(await history(ann, limit=2, after=forward[-1]["next"]))
    assert [message["body"] for page in forward for message in page["messages"]] == bodies
    await ann.say("history", room="lobby", before=1, after=1)
    await ann.until("error", code="invalid_field")


async def test_reactions_are_counted_and_name_oneself_first(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(reaction_people=2)) as server:
        async with AsyncExitStack() as stack:
            people = [await stack.enter_async_context(client(server.url, f"p{n}")) for n in range(4)]
            for one in people:
                await one.join("lobby")
            id = (await people[0].send("lobby", "1", "hi"))["id"]
            for one in people:
                await do(one, "react", id, "r", emoji="🎸")
            await do(people[1], "react", id, "s", emoji="heart")
            page = await history(people[3])
            first, second = page["messages"][0]["reactions"]
            assert (first["emoji"], first["count"]) == ("🎸", 4)
            assert [person["name"] for person in first["people"]] == ["p3", "p0"]
            assert (second["emoji"], second["count"], len(second["people"])) == ("heart", 1, 1)


async def test_the_search_knows_messages_as_they_stand(pair: Pair) -> None:
    ann = pair.ann

    async def found(query: str, **fields: Any) -> list[str]:
        await ann.say("search", room="lobby", query=query, **fields)
        return [message["body"] for message in (await ann.until("search"))["messages"]]

    ids = [(await ann.send("lobby", str(n), f"Björk sings {n}"))["id"] for n in range(3)]
    assert await found("bjork") == ["Björk sings 2", "Björk sings 1", "Björk sings 0"]
    assert await found("sing bjo", limit=1) == ["Björk sings 2"]
    await ann.say("search", room="lobby", query="bjork", limit=2)
    page = await ann.until("search")
    assert await found("bjork", before=page["next"]) == ["Björk sings 0"]
    await do(ann, "edit", ids[1], "e", body="Sigur Rós plays")
    await do(ann, "delete", ids[2], "d")
    assert await found("bjork") == ["Björk sings 0"]
    assert await found("ros") == ["Sigur Rós plays"]
    assert await found("sings 2") == []
    assert await found("  ") == []


async def test_pins_are_told_to_who_comes(pair: Pair) -> None:
    ann = pair.ann
    ids = [(await ann.send("lobby", str(n), f"m{n}"))["id"] for n in range(3)]
    for number in (2, 0):
        await do(ann, "pin", ids[number], f"p{number}")
    await do(ann, "edit", ids[0], "e", body="edited")

    async def pins() -> list[str]:
        async with client(pair.server.url, "late") as late:
            return [pin["body"] for pin in (await late.join("lobby"))["pins"]]

    async with asyncio.timeout(10):
        while await pins() != ["m2", "edited"]:
            pass
        await do(ann, "delete", ids[2], "d")
        while await pins() != ["edited"]:
            pass


async def test_what_happens_is_announced(pair: Pair) -> None:
    herald = pair.server.hub.desk.herald
    outcome = await herald.announce("lobby", "now_playing", {"title": "Hyperballad"}, nonce="t1")
    again = await herald.announce("lobby", "now_playing", {"title": "Hyperballad"}, nonce="t1")
    assert isinstance(outcome, Stored) and outcome == again
    event = await pair.bob.until("system")
    assert (event["event"], event["fields"]) == ("now_playing", {"title": "Hyperballad"})
    assert event["author"] == {"id": "system", "name": "Veza"}
    assert (await history(pair.bob))["messages"] == [event]
    async with client(pair.server.url, "late") as late:
        assert (await late.join("lobby"))["messages"] == [event]


async def test_a_text_that_the_operator_finds_too_long(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(body_chars=10)) as server, client(server.url) as ann:
        await ann.join("lobby")
        for nonce, body in (("1", "x" * 11), ("2", "@" + "x" * 10)):
            await ann.say("send", room="lobby", nonce=nonce, body=body)
            error = await ann.until("error", nonce=nonce)
            assert (error["code"], error["message"]) == (
                "invalid_field",
                "body has 11 characters, not 1 to 10",
            )
