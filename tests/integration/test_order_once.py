"""What is asked for in the chat line is done once, however often it is asked, and wherever."""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from chat.broker import NONCE_TTL_S
from streamer import lines, reviews
from streamer.auth import Tokens
from streamer.broker_memory import MemoryBroker
from streamer.broker_redis.keys import Keys
from streamer.journal import Journal
from streamer.lane import DatabaseFailed
from streamer.order_rows import read_audit
from tests.support.chat import SECRET, ChatServer, Client, chat_server
from tests.support.redis import Redis, find_server

Opener = Callable[..., AbstractAsyncContextManager[ChatServer]]


@pytest.fixture
def open_server(tmp_path: Path) -> Opener:
    """Opens a server on the same folder, again or beside another."""

    def open(**options: Any) -> AbstractAsyncContextManager[ChatServer]:
        return chat_server(tmp_path, **options)

    return open


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if find_server() is None:
        assert os.environ.get("CI") != "true", "redis-server is missing: run scripts/setup test"
        pytest.skip("redis-server is not installed")
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@asynccontextmanager
async def person(server: ChatServer, **hello: Any) -> AsyncIterator[Client]:
    async with connect(server.url, ping_interval=None) as socket:
        client = Client(socket)
        await client.say("hello", **hello)
        await client.expect("welcome")
        await client.join("lobby")
        yield client


def operator(server: ChatServer) -> AbstractAsyncContextManager[Client]:
    token = Tokens(SECRET).issue("ops", now_s=int(time.time()), ttl_s=600, operator=True)
    return person(server, token=token)


async def line(client: Client, nonce: str, body: str) -> dict[str, Any]:
    """Say a line, and hear what comes of it."""
    await client.say("send", room="lobby", nonce=nonce, body=body)
    return await answered(client, nonce)


async def answered(client: Client, nonce: str) -> dict[str, Any]:
    while (frame := await client.hear()).get("nonce") != nonce:
        pass
    return frame


async def acts(server: ChatServer) -> list[str]:
    rows = await server.hub.warden.orders.run(read_audit, "lobby", None, 100)
    return [row["act"] for row in rows[::-1]]


def failing(*_: object) -> None:
    raise DatabaseFailed("the disk is on fire")


LINES = ["/ban gus 1h", "/unban gus", "/role user-moe speaker", "/filter add heck", "/invite 1h", "/slow 3s"]
ACTS = ["ban", "unban", "role", "filter", "invite", "policy"]


async def test_a_line_that_comes_again_is_not_carried_out_again(open_server: Opener) -> None:
    async with open_server() as server, person(server, name="gus"), operator(server) as ops:
        answers = [await line(ops, f"n{number}", body) for number, body in enumerate(LINES)]
        assert {answer["type"] for answer in answers} == {"notice"}
        for number, body in enumerate(LINES):
            assert await line(ops, f"n{number}", body) == answers[number]
        assert await acts(server) == ACTS
        assert (await line(ops, "other", "/unban gus"))["code"] == "invalid_slash"
    async with open_server() as again, operator(again) as ops:
        for number, body in enumerate(LINES):
            assert await line(ops, f"n{number}", body) == answers[number], "also after a restart"
        assert await acts(again) == ACTS


async def test_what_was_refused_is_judged_anew(open_server: Opener) -> None:
    async with open_server() as server, operator(server) as ops:
        assert (await line(ops, "n", "/mute gus"))["type"] == "error"
        async with person(server, name="gus"):
            assert (await line(ops, "n", "/mute gus"))["text"] == "gus is muted"


async def test_a_line_whose_answer_was_lost_is_done(
    open_server: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_server() as server, person(server, name="gus"), operator(server) as ops:
        with monkeypatch.context() as patch:
            patch.setattr(lines, "keep_answer", failing)
            await line(ops, "n", "/mute gus 1h")
        again = await line(ops, "n", "/mute gus 1h")
        assert (again["type"], "carried out before" in again["text"]) == ("notice", True)
        assert await acts(server) == ["mute"]


async def test_one_line_on_two_nodes_at_once(open_server: Opener, redis: Redis) -> None:
    async with (
        open_server(redis=redis) as one,
        open_server(redis=redis) as other,
        operator(one) as here,
        operator(other) as there,
    ):
        for number, body in enumerate(("/filter add heck", "/slow 2s", "/mute user-moe", "/unmute user-moe")):
            for client in (here, there):
                await client.say("send", room="lobby", nonce=f"n{number}", body=body)
            for client in (here, there):
                answer = await answered(client, f"n{number}")
                assert answer["type"] == "notice", answer
        assert await acts(one) == ["filter", "policy", "mute", "unmute"]
        while not any(frame.get("fields", {}).get("what") == "unmuted" for frame in here.seen):
            await here.hear()
        await here.say("history", room="lobby")
        told = [entry["fields"]["what"] for entry in (await here.until("history"))["messages"]]
        assert told == ["policy", "muted", "unmuted"]


async def hold_and_approve_halfway(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a message through, but for the last step."""
    async with operator(server) as ops, person(server, name="gus") as gus:
        await line(ops, "hold", "/hold on")
        held = await line(gus, "first", "hello, I am new")
        assert held["code"] == "held"
        with monkeypatch.context() as patch:
            patch.setattr(reviews, "drop_held", failing)
            assert (await line(ops, "a", "/approve gus"))["code"] == "unavailable"
        await gus.until("message", nonce="first")


async def approved_once(server: ChatServer) -> None:
    async with operator(server) as ops:
        assert "hello, I am new" in (await line(ops, "h1", "/held"))["text"]
        assert "let through" in (await line(ops, "b", "/approve gus"))["text"]
        assert (await line(ops, "h2", "/held"))["text"] == "held: none"
        await ops.say("history", room="lobby")
        page = (await ops.until("history"))["messages"]
        assert [one["body"] for one in page if one["type"] == "message"] == ["hello, I am new"]


async def test_what_was_let_through_long_ago_is_not_let_through_again(
    open_server: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_server() as server:
        await hold_and_approve_halfway(server, monkeypatch)

    def later(journal: Journal) -> MemoryBroker:
        return MemoryBroker(journal, clock=lambda: time.time() + NONCE_TTL_S + 1)

    async with open_server(make_broker=later) as again:
        await approved_once(again)


async def test_what_was_let_through_is_not_let_through_again_on_another_node(
    open_server: Opener, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_server(redis=redis) as server:
        await hold_and_approve_halfway(server, monkeypatch)
    said = redis.say("KEYS", f"{Keys().room('lobby').said}*")
    assert said
    redis.say("DEL", *said)  # as after five minutes
    async with open_server(redis=redis) as again:
        await approved_once(again)
