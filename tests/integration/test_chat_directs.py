"""What is a person's own, on every device and node: read markers, direct rooms, blocks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.lane import DatabaseFailed
from streamer.persons import Persons
from tests.support.chat import SECRET, ChatServer, Client, chat_server, client, eventually
from tests.support.whispers import Air

QUICK = ChatLimits(people_write_s=0.1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path, limits=QUICK) as running:
        yield running


@asynccontextmanager
async def person(server: ChatServer, name: str) -> AsyncIterator[Client]:
    """Somebody whom the operator knows, so that every connection is the same person."""
    token = Tokens(SECRET).issue(name, now_s=0, ttl_s=1 << 40)
    async with client(server.url, None) as someone:
        await someone.say("hello", token=token)
        await someone.expect("welcome")
        yield someone


def id_of(someone: Client) -> str:
    id: str = someone.seen[0]["id"]
    return id


async def meet(one: Client, other: Client) -> str:
    await one.say("direct", to=id_of(other))
    room: str = (await one.until("joined"))["room"]
    return room


async def listed(someone: Client) -> list[dict[str, Any]]:
    await someone.say("directs")
    found: list[dict[str, Any]] = (await someone.until("directs"))["directs"]
    return found


# --- read markers


async def test_what_was_read_is_known_on_every_device(server: ChatServer) -> None:
    async with person(server, "ann") as phone, person(server, "ann") as desk, person(server, "bob") as bob:
        assert (await phone.join("lobby"))["read"] == 0
        await desk.join("lobby")
        await bob.join("lobby")
        for number in range(5):
            await phone.send("lobby", str(number), "x")
        await phone.say("read", room="lobby", seq=3)
        await phone.until("read", room="lobby", seq=3)
        await desk.until("read", room="lobby", seq=3)
        await phone.say("read", room="lobby", seq=2)
        await phone.until("read", seq=3)
        await phone.say("read", room="lobby", seq=1000)
        await phone.until("read", seq=5)
        assert (await desk.join("lobby"))["read"] == 5
        assert (await bob.join("lobby"))["read"] == 0
        assert [frame["seq"] for frame in desk.seen if frame["type"] == "read"] == [3, 5]
        await bob.say("ping")
        await bob.until("pong")
        assert "read" not in {frame["type"] for frame in bob.seen}, "that is nobody else's business"


async def test_what_was_read_outlives_the_server_for_guests_too(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, client(server.url, "gus") as gus:
        token = gus.seen[0]["token"]
        await gus.join("lobby")
        await gus.send("lobby", "1", "x")
        await gus.say("read", room="lobby", seq=1)
        await gus.until("read")
    async with chat_server(tmp_path) as server, client(server.url, None) as gus:
        await gus.say("hello", token=token)
        joined = await gus.join("lobby")
        assert (joined["read"], joined["seq"]) == (1, 1)


async def test_who_comes_back_at_once_has_read_what_they_had_read(tmp_path: Path) -> None:
    limits = ChatLimits(people_write_s=3600)
    async with chat_server(tmp_path, limits=limits) as server:
        async with person(server, "ann") as ann:
            await ann.join("lobby")
            await ann.send("lobby", "1", "x")
            await ann.say("read", room="lobby", seq=1)
            await ann.until("read")
        await eventually(lambda: not server.hub.stats.connections_open)
        async with person(server, "ann") as ann:
            assert (await ann.join("lobby"))["read"] == 1


async def test_what_was_read_is_told_to_other_nodes(tmp_path: Path) -> None:
    air = Air()
    async with (
        chat_server(tmp_path / "1", limits=QUICK, make_broker=air.broker) as first,
        chat_server(tmp_path / "2", limits=QUICK, make_broker=air.broker) as second,
        person(first, "ann") as phone,
        person(second, "ann") as desk,
    ):
        await phone.join("lobby")
        await desk.join("lobby")
        await phone.send("lobby", "1", "x")
        await phone.say("read", room="lobby", seq=1)
        await desk.until("read", room="lobby", seq=1)


async def test_many_who_come_at_once_are_looked_up_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chat_server(tmp_path, limits=QUICK) as server, AsyncExitStack() as stack:
        asked: list[int] = []
        look_up = Persons.markers

        async def count(self: Persons, ids: list[str]) -> Any:
            asked.append(len(ids))
            return await look_up(self, ids)

        monkeypatch.setattr(Persons, "markers", count)
        people = [await stack.enter_async_context(client(server.url, None)) for _ in range(40)]
        tokens = Tokens(SECRET)
        for number, someone in enumerate(people):
            token = tokens.issue(f"p{number}", now_s=0, ttl_s=1 << 40)
            await someone.say("hello", token=token)
            await someone.say("join", room="lobby")
        await asyncio.gather(*(someone.until("joined", read=0) for someone in people))
        assert sum(asked) == 40


async def test_a_database_that_fails_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseFailed("disk I/O error")

    async with chat_server(tmp_path, limits=QUICK) as server:
        with monkeypatch.context() as patch:
            for name in ("markers", "note", "directs", "name"):
                patch.setattr(Persons, name, fail)
            async with person(server, "ann") as ann:
                assert (await ann.join("lobby"))["read"] == 0
                await ann.send("lobby", "1", "x")
                await ann.say("read", room="lobby", seq=1)
                await ann.until("read", seq=1)
                await ann.say("directs")
                await ann.until("error", code="unavailable")
                await ann.say("direct", to="somebody")
                await ann.until("error", code="unavailable")
        await eventually(lambda: not server.hub.people.callers.unwritten)
        async with person(server, "ann") as ann:
            assert (await ann.join("lobby"))["read"] == 1, "it was written when it could be"


# --- direct rooms


async def test_two_people_have_one_room_of_their_own(server: ChatServer) -> None:
    async with person(server, "ann") as ann, person(server, "bob") as bob, person(server, "bob") as phone:
        room = await meet(ann, bob)
        assert room.startswith("direct:")
        assert len(room) == len("direct:") + 40
        for device in (bob, phone):
            invited = await device.until("invited")
            assert invited == {"type": "invited", "room": room, "by": {"id": id_of(ann), "name": "ann"}}
        await bob.join(room)
        await ann.send(room, "1", "psst")
        assert (await bob.until("message"))["body"] == "psst"
        assert await meet(phone, ann) == room, "it is the same from both sides"


async def test_nobody_else_comes_in(server: ChatServer) -> None:
    async with person(server, "ann") as ann, person(server, "bob") as bob, person(server, "eve") as eve:
        room = await meet(ann, bob)
        await eve.say("join", room=room)
        await eve.say("join", room="direct:" + "0" * 40)
        await eve.expect("error", code="direct_refused", room=room)
        await eve.expect("error", code="direct_refused")
        for command in ("members", "typing"):
            await eve.say(command, room=room)
            await eve.expect("error", code="not_joined")
        await eve.say("send", room=room, nonce="1", body="hi")
        await eve.expect("error", code="not_joined")


async def test_direct_rooms_are_found_again(server: ChatServer) -> None:
    async with person(server, "ann") as ann, person(server, "bob") as bob, person(server, "eve") as eve:
        with_bob = await meet(ann, bob)
        with_eve = await meet(ann, eve)
        await ann.send(with_bob, "1", "one")
        await ann.send(with_bob, "2", "two")
        await ann.say("read", room=with_bob, seq=1)
        await ann.until("read")
        rooms = await listed(ann)
        assert [(row["room"], row["other"]["name"], row["seq"]) for row in rooms] == [
            (with_bob, "bob", 2),
            (with_eve, "eve", 0),
        ]
        assert [row["room"] for row in await listed(bob)] == [with_bob]
        await eventually(lambda: not server.hub.people.callers.unwritten)
        while [row["read"] for row in await listed(ann)] != [1, 0]:
            pass


async def test_only_people_who_were_here_can_be_met(server: ChatServer) -> None:
    async with person(server, "ann") as ann:
        for to in (id_of(ann), "user-nobody"):
            await ann.say("direct", to=to)
            await ann.until("error", code="no_such_person")
        async with person(server, "bob") as bob:
            pass
        room = await meet(ann, bob)
        async with person(server, "bob") as bob:
            assert [row["room"] for row in await listed(bob)] == [room]


async def test_direct_rooms_are_not_opened_without_end(tmp_path: Path) -> None:
    limits = ChatLimits(directs_burst=2)
    async with chat_server(tmp_path, limits=limits) as server, person(server, "ann") as ann:
        async with person(server, "bob") as bob:
            room = await meet(ann, bob)
            assert await meet(ann, bob) == room
            await ann.say("direct", to=id_of(bob))
            assert (await ann.until("error", code="rate_limited"))["retry_ms"] > 1000
            await bob.say("ping")
            await bob.until("pong")
            assert [frame["type"] for frame in bob.seen].count("invited") == 1


async def test_the_limit_of_rooms_holds_for_direct_rooms(tmp_path: Path) -> None:
    limits = ChatLimits(max_rooms_per_connection=1)
    async with chat_server(tmp_path, limits=limits) as server, person(server, "ann") as ann:
        async with person(server, "bob") as bob:
            await ann.join("lobby")
            await ann.say("direct", to=id_of(bob))
            await ann.until("error", code="too_many_rooms")
            await ann.say("ping")
            await ann.until("pong")


async def test_a_direct_room_is_the_same_on_every_node(tmp_path: Path) -> None:
    """Two hubs with databases of their own: the name comes from the two ids and the secret alone."""
    air = Air()
    async with (
        chat_server(tmp_path / "1", limits=QUICK, make_broker=air.broker) as first,
        chat_server(tmp_path / "2", limits=QUICK, make_broker=air.broker) as second,
        person(first, "ann") as ann,
        person(first, "bob") as bob,
        person(second, "ann") as other_ann,
        person(second, "bob") as other_bob,
    ):
        room = await meet(ann, bob)
        await other_bob.until("invited", room=room)
        assert await meet(other_ann, other_bob) == room


# --- blocks


async def test_who_is_blocked_is_put_out_and_kept_out(server: ChatServer) -> None:
    async with person(server, "ann") as ann, person(server, "bob") as bob:
        room = await meet(ann, bob)
        await bob.join(room)
        await ann.say("block", id=id_of(bob))
        for someone in (ann, bob):
            await someone.until("error", code="direct_refused", room=room)
        await bob.say("send", room=room, nonce="1", body="why?")
        await bob.until("error", code="not_joined")
        await bob.say("join", room=room)
        await bob.until("error", code="direct_refused")
        for one, other in ((bob, ann), (ann, bob)):
            await one.say("direct", to=id_of(other))
            await one.until("error", code="direct_refused")
        await ann.say("unblock", id=id_of(bob))
        await ann.until("unblocked", id=id_of(bob))
        assert await meet(bob, ann) == room


async def test_blocks_are_listed_and_told_to_other_devices(server: ChatServer) -> None:
    async with person(server, "ann") as ann, person(server, "ann") as phone, person(server, "bob") as bob:
        await ann.say("block", id=id_of(bob))
        for device in (ann, phone):
            await device.until("blocked", id=id_of(bob))
        await phone.say("blocks")
        assert (await phone.until("blocks"))["people"] == [{"id": id_of(bob), "name": "bob"}]
        assert await server.hub.people.persons.blockers(id_of(bob), [id_of(ann), "x"]) == {id_of(ann)}
        assert not await server.hub.people.directs.may_enter(id_of(bob), "direct:nothing")
        assert await server.hub.people.directs.may_enter(id_of(bob), "lobby")
        await ann.say("block", id=id_of(ann))
        await ann.until("error", code="no_such_person")
        await bob.say("ping")
        await bob.until("pong")
        assert "blocked" not in {frame["type"] for frame in bob.seen}


async def test_nobody_blocks_without_end(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(max_blocks=2)) as server, person(server, "ann") as ann:
        for id in ("a", "b", "b"):
            await ann.say("block", id=id)
            await ann.until("blocked", id=id)
        await ann.say("block", id="c")
        await ann.until("error", code="too_many_blocks")
        await ann.say("blocks")
        assert {who["id"] for who in (await ann.until("blocks"))["people"]} == {"a", "b"}


# --- who is gone


async def test_guests_are_forgotten_when_their_tokens_have_expired(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=QUICK) as server:
        async with client(server.url, "gus") as gus, person(server, "ann") as ann:
            await gus.join("lobby")
            await gus.send("lobby", "1", "x")
            await gus.say("read", room="lobby", seq=1)
            await gus.until("read")
            persons = server.hub.people.persons
            await eventually(lambda: not server.hub.people.callers.unwritten)
            assert await persons.name(id_of(gus)) == "gus"
            assert len(await persons.markers([id_of(gus)])) == 1
            await persons.forget_guests(1 << 50)
            assert await persons.name(id_of(gus)) is None
            assert await persons.markers([id_of(gus)]) == []
            assert await persons.name(id_of(ann)) == "ann"
