"""Order in a room that is on two nodes: what is decided on one holds on the other, at once."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from streamer.auth import Tokens
from tests.support.chat import Client
from tests.support.postgres import find_binaries, running_postgres
from tests.support.redis import Redis, find_server
from tests.support.server import Server, running_server

SECRET = "a secret that two nodes share, for a test"
HOME, OTHER = "8.8.8.8", "9.9.9.9"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    if find_binaries() is None or find_server() is None:
        assert os.environ.get("CI") != "true", "postgresql or redis is missing: run scripts/setup test"
        pytest.skip("postgresql or redis is not installed")
    folder = tmp_path_factory.mktemp("nodes")
    redis = Redis(folder / "redis")
    redis.start()
    try:
        # Not below pytest's folder: PostgreSQL runs as a user of its own.
        with tempfile.TemporaryDirectory() as home, running_postgres(opened(home)) as database:
            shared: dict[str, Any] = {"redis_url": redis.url, "database_url": database, "secret": SECRET}
            shared |= {"store_url": f"file://{folder / 'store'}", "trusted_proxies": "127.0.0.0/8"}
            with running_server(folder / "a", **shared) as a, running_server(folder / "b", **shared) as b:
                yield a, b
    finally:
        redis.kill()


def opened(home: str) -> Path:
    os.chmod(home, 0o755)
    return Path(home)


@asynccontextmanager
async def person(server: Server, name: str, *, address: str = HOME, known: bool = False, **hello: Any):
    """Somebody on a node; an operator's token for `known`."""
    if known:
        hello["token"] = Tokens(SECRET.encode()).issue(name, now_s=int(time.time()), ttl_s=600, operator=True)
    else:
        hello["name"] = name
    headers = {"X-Forwarded-For": address}
    url = f"ws://127.0.0.1:{server.port}/ws"
    async with connect(url, additional_headers=headers, ping_interval=None) as socket:
        client = Client(socket)
        await client.say("hello", **hello)
        await client.expect("welcome")
        yield client


async def order(client: Client, line: str, room: str = "lobby") -> str:
    nonce = f"n{time.monotonic_ns()}"
    await client.say("send", room=room, nonce=nonce, body=line)
    while (frame := await client.hear()).get("nonce") != nonce:
        pass
    assert frame["type"] == "notice", frame
    return str(frame["text"])


async def eventually_named(client: Client, name: str) -> None:
    """Return when the client's node has heard that somebody is there."""
    while True:
        await client.say("members", room="lobby")
        if name in [one["name"] for one in (await client.until("members"))["members"]]:
            return
        await asyncio.sleep(0.02)


async def banned(server: Server, address: str) -> bool:
    """Whether a new guest from there is kept out."""
    async with person(server, "another", address=address) as client:
        await client.say("join", room="lobby")
        while True:
            frame = await client.hear()
            if frame["type"] in ("error", "joined"):
                return bool(frame.get("code") == "banned")


async def test_a_ban_holds_on_every_node(nodes: tuple[Server, Server]) -> None:
    a, b = nodes
    async with person(a, "ops", known=True, address=OTHER) as ops, person(b, "gus") as gus:
        await ops.join("lobby")
        await gus.join("lobby")
        await eventually_named(ops, "gus")
        assert await order(ops, "/ban gus 1h") == "gus is banned for 1h"
        await gus.until("error", code="banned", room="lobby")
        for node in nodes:  # neither by reconnecting, nor on another node, nor under another name
            async with person(node, "somebody", token=gus.seen[0]["token"]) as again:
                await again.say("join", room="lobby")
                await again.until("error", code="banned")
            while not await banned(node, HOME):  # noqa: ASYNC110  # once the node of the guest has told where that was
                await asyncio.sleep(0.01)
        await order(ops, "/unban gus")
        while await banned(b, HOME):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await gus.join("lobby")
        await gus.send("lobby", "2", "back")


async def test_one_who_has_not_spoken_is_found_on_another_node(nodes: tuple[Server, Server]) -> None:
    a, b = nodes
    async with (
        person(a, "ops", known=True, address=OTHER) as ops,
        person(b, "mute", address="7.7.7.7") as lurker,
    ):
        await ops.join("lobby")
        await lurker.join("lobby")
        await eventually_named(ops, "mute")
        await order(ops, "/ban mute")
        await lurker.until("error", code="banned", room="lobby")
        while not await banned(a, "7.7.7.7"):  # noqa: ASYNC110  # only the lurker's node knows the network; soon all do
            await asyncio.sleep(0.01)


async def test_a_role_is_told_on_every_node(nodes: tuple[Server, Server]) -> None:
    a, b = nodes
    async with person(a, "ops", known=True, address=OTHER) as ops, person(b, "sue") as sue:
        await ops.join("stage")
        await sue.join("stage")
        await order(ops, f"/role {sue.seen[0]['id']} speaker", "stage")
        await sue.until("role", room="stage", id=sue.seen[0]["id"], role="speaker")
        assert (await sue.until("rights", room="stage"))["role"] == "speaker"


async def test_slow_mode_and_names_hold_on_every_node(nodes: tuple[Server, Server]) -> None:
    a, b = nodes
    async with person(a, "ops", known=True, address=OTHER) as ops, person(a, "dora", address=OTHER) as dora:
        await ops.join("garden")
        await dora.join("garden")
        await order(ops, "/slow 1h", "garden")
        await dora.send("garden", "1", "first")
        async with person(b, "dora", address=OTHER, token=dora.seen[0]["token"]) as twin:
            await twin.join("garden")
            await twin.say("send", room="garden", nonce="2", body="second")
            await twin.until("error", code="rate_limited", nonce="2")
        await order(ops, "/slow off", "garden")
        async with connect(f"ws://127.0.0.1:{b.port}/ws") as socket:
            forger = Client(socket)
            await forger.say("hello", name="0ps")
            await forger.expect("error", code="name_taken")
