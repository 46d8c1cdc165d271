"""Several real servers on one Redis and one PostgreSQL: one chat."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api import upload
from tests.support.audio import make_tone
from tests.support.chat import Client, client
from tests.support.postgres import find_binaries, running_postgres
from tests.support.redis import Redis, find_server, running_redis
from tests.support.server import Server, start_server

SECRET = "one secret for all nodes of a test, long enough"
MISSING = find_server() is None or find_binaries() is None

pytestmark = pytest.mark.skipif(
    MISSING and os.environ.get("CI") != "true", reason="redis-server or postgresql is not installed"
)


class Cluster:
    """Servers that share everything but their data folder."""

    def __init__(self, folder: Path, redis: Redis, database_url: str) -> None:
        self.redis = redis
        self._folder = folder
        self._settings = {"redis_url": redis.url, "database_url": database_url, "secret": SECRET}
        self.servers: list[Server] = []

    def start(self, **settings: Any) -> Server:
        name = f"node{len(self.servers)}"
        limits = {"messages_per_s": 1000, "messages_burst": 1000}
        server = start_server(self._folder / name, **limits, **self._settings, **settings)
        self.servers.append(server)
        return server


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(folder, 0o755)
        url = stack.enter_context(running_postgres(Path(folder)))
        redis = stack.enter_context(running_redis(tmp_path / "redis", "--appendonly", "yes"))
        cluster = Cluster(tmp_path, redis, url)
        yield cluster
        for server in cluster.servers:
            server.stop()


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


async def test_one_room_on_two_nodes(cluster: Cluster) -> None:
    here, there = cluster.start(), cluster.start()
    async with client(address(here), "ann") as ann, client(address(there), "bob") as bob:
        token = ann.seen[0]["token"]
        await ann.join("lobby")
        joined = await bob.join("lobby")
        for number in range(20):
            speaker = (ann, bob)[number % 2]
            assert (await speaker.send("lobby", f"n{number}", f"message {number}"))["seq"] == number + 1
        for listener in (ann, bob):
            while True:
                said = [frame for frame in listener.seen if frame["type"] == "message"]
                if len(said) == 20:
                    break
                await listener.hear()
            assert [message["body"] for message in said] == [f"message {number}" for number in range(20)]
        # Ann moves to the other node: what she missed, and nothing twice.
        async with client(address(there), "ann", token=token) as again:
            resumed = await again.join("lobby", epoch=joined["epoch"], seq=5)
            assert resumed["recovered"] is True
            assert [message["seq"] for message in resumed["messages"]] == list(range(6, 21))
            assert (await again.send("lobby", "n18", "message 18"))["seq"] == 19
    assert here.stop() == 0
    assert there.stop() == 0


async def test_a_node_dies_and_its_clients_go_on_elsewhere(cluster: Cluster) -> None:
    here, there = cluster.start(), cluster.start()
    acked: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        watcher = await stack.enter_async_context(client(address(there), "watcher"))
        await watcher.join("lobby")
        listener = await stack.enter_async_context(client(address(here), "listener"))
        epoch = (await listener.join("lobby"))["epoch"]
        speakers = [await stack.enter_async_context(client(address(here), f"s{n}")) for n in range(4)]
        for speaker in speakers:
            await speaker.join("lobby")
        dying = [asyncio.ensure_future(speak(speaker, n, acked)) for n, speaker in enumerate(speakers)]
        while len(acked) < 200:  # noqa: ASYNC110  # which has no event of its own
            await asyncio.sleep(0.01)
        await watcher.until("presence", count=6)  # whom a node has not heard of it can't miss
        here.stop(signal.SIGKILL)
        await asyncio.gather(*dying)
        with pytest.raises(ConnectionClosed):
            while True:
                await listener.hear()
        heard = [frame["seq"] for frame in listener.seen if frame["type"] == "message"]
        assert heard == list(range(heard[0], heard[-1] + 1))
        again = await stack.enter_async_context(client(address(there), "again"))
        joined = await again.join("lobby", epoch=epoch, seq=heard[-1])
        assert joined["recovered"] is True
        missed = [message["seq"] for message in joined["messages"]]
        assert missed == list(range(heard[-1] + 1, joined["seq"] + 1))
        everything = await again.join("lobby", epoch=epoch, seq=0)
        stored = {message["nonce"]: message["seq"] for message in everything["messages"]}
        assert len(stored) == len(everything["messages"]) == everything["seq"]
        assert acked.items() <= stored.items()
        # Nobody says goodbye for those who were on the dead node: the others come to know.
        async with asyncio.timeout(60):
            count, some_left = 0, False
            while count != 2 or not some_left:
                frame = json.loads(await watcher.socket.recv())
                if frame["type"] == "presence":
                    count, some_left = frame["count"], some_left or bool(frame["left"])


async def speak(speaker: Client, place: int, acked: dict[str, int]) -> None:
    """Say one thing after the other until the line breaks, and note what was acknowledged."""
    number = 0
    try:
        while True:
            nonce = f"s{place}-{number}"
            acked[nonce] = (await speaker.send("lobby", nonce, nonce))["seq"]
            number += 1
    except ConnectionClosed:
        pass


async def test_redis_dies_and_forgets_under_the_nodes(cluster: Cluster, tmp_path: Path) -> None:
    here, there = cluster.start(), cluster.start()
    async with client(address(here), "ann") as ann, client(address(there), "bob") as bob:
        epoch = (await ann.join("lobby"))["epoch"]
        await bob.join("lobby")
        before = [(await ann.send("lobby", f"a{number}", "x"))["seq"] for number in range(20)]
        cluster.redis.kill()
        shutil.rmtree(tmp_path / "redis" / "appendonlydir")
        await ann.say("send", room="lobby", nonce="during", body="x")
        cluster.redis.start()
        assert (await ann.until("ack", nonce="during"))["seq"] == 21
        assert (await bob.send("lobby", "after", "y"))["seq"] == 22
        assert before == list(range(1, 21))
        await bob.until("message", seq=22)
        heard = [frame["seq"] for frame in bob.seen if frame["type"] == "message"]
        assert heard == list(range(1, 23))
        joined = await bob.join("lobby", epoch=epoch, seq=0)
        assert joined["recovered"] is True
        assert [message["seq"] for message in joined["messages"]] == list(range(1, 23))


async def test_who_watches_tracks_is_told_on_every_node(cluster: Cluster) -> None:
    here, there = cluster.start(), cluster.start()
    async with client(address(there), "ann") as ann:
        await ann.say("watch", track=None)
        tone = make_tone(cluster.redis.folder / "tone.wav", seconds=1)
        track = await asyncio.to_thread(upload, here.url, tone)
        told = await ann.until("track")
        assert told["track"]["id"] == track["id"]
