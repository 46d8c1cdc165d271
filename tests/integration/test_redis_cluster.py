"""A Redis Cluster changes hands and moves what it has, under load: what was acknowledged stays."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from chat.broker import Stored
from streamer.broker_redis.keys import SHARDS
from tests.support.chat import client
from tests.support.redis import find_server
from tests.support.redis_cluster import RedisCluster, room_slot, running_cluster
from tests.support.server import Server, running_server
from tests.support.talkers import ROOM, Node, Talkers, check, draft, running_node

pytestmark = pytest.mark.skipif(
    find_server() is None and os.environ.get("CI") != "true", reason="redis-server is not installed"
)


@asynccontextmanager
async def two_nodes(cluster: RedisCluster, folder: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Each knows another of the masters."""
    database_url = f"sqlite:///{folder / 'veza.db'}"
    async with (
        running_node(cluster.nodes[0].url, database_url, cluster=True) as one,
        running_node(cluster.nodes[2].url, database_url, cluster=True) as other,
    ):
        yield one, other


def room_elsewhere(cluster: RedisCluster) -> str:
    """One that has another master."""
    names = (f"room-{number}" for number in range(100))
    return next(name for name in names if cluster.master_of(name) is not cluster.master_of(ROOM))


async def test_a_master_is_killed_and_its_replica_promoted(tmp_path: Path) -> None:
    with running_cluster(tmp_path, replicas=3) as cluster:
        doomed, spared = cluster.master_of(ROOM), room_elsewhere(cluster)
        async with two_nodes(cluster, tmp_path) as nodes:
            talkers = Talkers(nodes)
            talkers.start()
            await talkers.more(200)
            doomed.kill()
            assert await nodes[0].append(draft("meanwhile", room=spared)) == Stored(1, "id-ann-meanwhile")
            assert nodes[1].broker.stats.not_stored_total.total() == 0
            await talkers.more(200)
            await talkers.stop()
            await check(nodes, talkers)
            for node in nodes:  # its shard may be the last that is found again
                await node.until(lambda node=node: node.link == [False, True])
            doomed.start()  # as a replica of who has its place
            await nodes[0].append(draft("later"))
            await nodes[1].until(lambda: b"later" in nodes[1].heard[-1].payload)


async def test_a_room_moves_to_another_master(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        target = next(node for node in cluster.masters if node is not cluster.master_of(ROOM))
        async with two_nodes(cluster, tmp_path) as nodes:
            talkers = Talkers(nodes)
            talkers.start()
            await talkers.more(200)
            await asyncio.to_thread(cluster.move, ROOM, target)
            await talkers.more(200)
            await talkers.stop()
            await check(nodes, talkers)
        assert target.say("CLUSTER", "COUNTKEYSINSLOT", room_slot(ROOM)) > 0


async def test_what_is_told_and_whispered_is_heard_on_every_node(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        async with two_nodes(cluster, tmp_path) as (one, other):
            heard: list[bytes] = []
            other.broker.subscribe(ROOM, other.deliver, heard.append)
            for topic in ("persons", "tracks", "bans", "nodes"):
                other.broker.listen(topic, heard.append)
            await other.append(draft("a"))  # what was asked for before it is heard from now on
            await asyncio.sleep(0)
            one.broker.whisper(ROOM, b"whisper")
            for topic in ("persons", "tracks", "bans", "nodes"):
                while topic.encode() not in heard:  # it is heard once its subscription is there
                    one.broker.tell(topic, topic.encode())
                    await asyncio.sleep(0.05)
            await other.until(lambda: b"whisper" in heard)
            # And each archives its share, though every shard has a branch of its own.
            shares = (one.broker.stats.archive_shards, other.broker.stats.archive_shards)
            await one.until(lambda: [sum(share.values()) for share in shares] == [SHARDS // 2] * 2)


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


async def test_servers_on_a_cluster_are_one_chat(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        # Nodes share a database; with SQLite they have to be on one machine, as here.
        settings = {
            "secret": "one secret for all nodes of a test, long enough",
            "database_url": f"sqlite:///{tmp_path / 'veza.db'}",
        }
        with (
            running_server(tmp_path / "one", redis_url=cluster.nodes[0].url, **settings) as one,
            running_server(tmp_path / "other", redis_url=cluster.nodes[1].url, **settings) as other,
        ):
            async with client(address(one), "ann") as ann, client(address(other), "bob") as bob:
                for room in (ROOM, room_elsewhere(cluster)):
                    await ann.join(room)
                    await bob.join(room)
                    await ann.send(room, "n", f"to {room}")
                    await bob.until("message", room=room, body=f"to {room}")
            with urlopen(f"{other.url}/metrics") as answer:  # noqa: ASYNC210  # nothing else is going on
                assert "veza_redis_up 1" in answer.read().decode()
