"""Who is there, on one node and on several: presence, away, members, typing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chat.limits import ChatLimits
from tests.support.chat import ChatServer, Client, chat_server, client, eventually
from tests.support.whispers import Air

QUICK = ChatLimits(roster_interval_s=0.2, roster_expiry_s=0.6)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path) as running:
        yield running


@asynccontextmanager
async def nodes(folder: Path, air: Air, count: int) -> AsyncIterator[list[ChatServer]]:
    async with AsyncExitStack() as stack:
        opening = (
            chat_server(folder / str(number), limits=QUICK, make_broker=air.broker) for number in range(count)
        )
        yield [await stack.enter_async_context(each) for each in opening]


async def members(someone: Client, room: str = "lobby") -> dict[str, str]:
    await someone.say("members", room=room)
    return {member["name"]: member["state"] for member in (await someone.until("members"))["members"]}


def names(people: list[dict[str, Any]]) -> list[str]:
    return [person["name"] for person in people]


async def test_members_are_listed(server: ChatServer) -> None:
    async with client(server.url, "bob") as bob, client(server.url, "Ann") as ann:
        await bob.join("lobby")
        await ann.join("lobby")
        await ann.say("away")
        await ann.until("standing", state="away")
        await bob.say("members", room="lobby")
        listed = await bob.until("members", room="lobby", count=2)
        assert listed["members"] == [
            {"id": bob.seen[0]["id"], "name": "bob", "state": "online", "role": ""},
            {"id": ann.seen[0]["id"], "name": "Ann", "state": "away", "role": ""},
        ]
        await ann.say("members", room="elsewhere")
        await ann.until("error", code="not_joined", room="elsewhere")


async def test_others_see_who_is_away_and_back(server: ChatServer) -> None:
    async with client(server.url, "bob") as bob, client(server.url, "ann") as ann:
        await bob.join("lobby")
        await ann.join("lobby")
        await bob.until("presence", count=2)
        await ann.say("away")
        await ann.until("standing", state="away")
        while not (seen := await bob.until("presence"))["away"]:
            pass
        assert names(seen["away"]) == ["ann"]
        await ann.say("join", room="den")
        await ann.until("standing", state="online")
        assert names((await bob.until("presence"))["back"]) == ["ann"]
        await ann.say("away")
        await ann.say("ping")
        await ann.until("pong")
        await bob.join("den")
        assert await members(bob, "den") == {"ann": "away", "bob": "online"}


async def test_who_is_silent_is_taken_to_be_away(tmp_path: Path) -> None:
    limits = ChatLimits(ping_interval_s=1, away_after_s=0.2)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url) as ann:
        await ann.join("lobby")
        await ann.until("standing", state="away")
        await ann.say("send", room="lobby", nonce="n", body="still here")
        await ann.until("standing", state="online")
        await ann.until("ack")


async def test_typing_is_shown_now_and_then_and_never_kept(server: ChatServer) -> None:
    async with client(server.url, "bob") as bob, client(server.url, "ann") as ann:
        await bob.join("lobby")
        await ann.join("lobby")
        for _ in range(5):
            await ann.say("typing", room="lobby")
        await ann.send("lobby", "n", "done")
        shown = await bob.until("typing")
        assert shown == {
            "type": "typing",
            "room": "lobby",
            "author": {"id": ann.seen[0]["id"], "name": "ann"},
            "ttl_ms": 6000,
        }
        await bob.until("message", seq=1)
        assert [frame["type"] for frame in bob.seen].count("typing") == 1
        async with client(server.url, "eve") as eve:
            assert [message["seq"] for message in (await eve.join("lobby"))["messages"]] == [1]


async def test_in_a_big_room_there_are_no_names_and_nobody_is_typing(tmp_path: Path) -> None:
    limits = ChatLimits(roster_people=1)
    async with (
        chat_server(tmp_path, limits=limits) as server,
        client(server.url, "bob") as bob,
        client(server.url, "ann") as ann,
    ):
        await bob.join("lobby")
        await ann.join("lobby")
        assert (await bob.until("presence", count=2))["joined"] == []
        await ann.say("typing", room="lobby")
        await ann.say("members", room="lobby")
        assert (await ann.until("members", count=2))["members"] == []
        await ann.send("lobby", "n", "done")
        await bob.until("message")
        assert "typing" not in {frame["type"] for frame in bob.seen}


async def test_people_of_all_nodes_are_counted(tmp_path: Path) -> None:
    async with (
        nodes(tmp_path, Air(), 3) as (first, second, third),
        client(first.url, "ann") as ann,
        client(second.url, "bob") as bob,
    ):
        token = ann.seen[0]["token"]
        await ann.join("lobby")
        await bob.join("lobby")
        assert names((await ann.until("presence", count=2))["joined"]) == ["bob"]
        if bob.seen[-1].get("members") != 2:
            await bob.until("presence", count=2)
        assert await members(bob) == {"ann": "online", "bob": "online"}
        async with client(third.url, None, token=token) as again:
            await again.say("hello", token=token)
            await again.join("lobby")
            await again.until("presence", count=2)
            await again.say("typing", room="lobby")
            assert (await bob.until("typing"))["author"]["name"] == "ann"
            await ann.say("away")
            await ann.until("standing")
            assert (await members(bob))["ann"] == "online", "on the third node"
        while not (seen := await bob.until("presence"))["away"]:
            pass
        assert (names(seen["away"]), seen["count"]) == (["ann"], 2)


async def test_a_node_that_dies_takes_its_people_along(tmp_path: Path) -> None:
    air = Air()
    async with nodes(tmp_path, air, 1) as (first,), client(first.url, "ann") as ann:
        await ann.join("lobby")
        async with nodes(tmp_path / "more", air, 1) as (second,), client(second.url, "bob") as bob:
            await bob.join("lobby")
            await ann.until("presence", count=2)
            air.still = True  # as after kill -9: nothing more is heard of it
            gone = await ann.until("presence", count=1)
            assert names(gone["left"]) == ["bob"]
            air.still = False
            assert names((await ann.until("presence", count=2))["joined"]) == ["bob"]
        assert names((await ann.until("presence", count=1))["left"]) == ["bob"]


async def test_a_node_that_stops_says_goodbye(tmp_path: Path) -> None:
    air = Air()
    slow = ChatLimits(roster_interval_s=1, roster_expiry_s=3600)
    async with (
        chat_server(tmp_path / "1", limits=slow, make_broker=air.broker) as first,
        client(first.url, "ann") as ann,
    ):
        await ann.join("lobby")
        async with chat_server(tmp_path / "2", limits=slow, make_broker=air.broker) as second:
            async with client(second.url, "bob") as bob:
                await bob.join("lobby")
                await ann.until("presence", count=2)
                await second.hub.close(grace_s=5)
                assert names((await ann.until("presence", count=1))["left"]) == ["bob"]


async def test_a_room_that_is_let_go_of_takes_its_people_along(tmp_path: Path) -> None:
    air, limits = Air(), ChatLimits(room_idle_s=0.05, roster_interval_s=1, roster_expiry_s=3600)
    async with (
        chat_server(tmp_path / "1", limits=limits, make_broker=air.broker) as first,
        chat_server(tmp_path / "2", limits=limits, make_broker=air.broker) as second,
        client(first.url, "ann") as ann,
        client(second.url, "bob") as bob,
    ):
        await ann.join("lobby")
        for _ in range(3):
            await bob.join("lobby")
            assert names((await ann.until("presence", count=2))["joined"]) == ["bob"]
            await bob.say("leave", room="lobby")
            assert names((await ann.until("presence", count=1))["left"]) == ["bob"]
            await eventually(lambda: not len(second.hub._rooms))
