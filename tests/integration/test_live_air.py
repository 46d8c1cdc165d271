"""The streams in which shows go from node to node, in a real Redis and in a real cluster."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamer.broker_redis.air import Air, Take
from streamer.broker_redis.cluster import Cluster, slot_of
from streamer.broker_redis.keys import Keys, shard_of
from streamer.broker_redis.line import Line
from streamer.broker_redis.url import read_url
from streamer.live.relay_log import RelayLog
from tests.support.chat import eventually
from tests.support.redis import find_server, running_redis
from tests.support.redis_cluster import running_cluster

ROOM, RUN = "radio", "a-1"

pytestmark = pytest.mark.skipif(
    find_server() is None and os.environ.get("CI") != "true", reason="redis-server is not installed"
)


def air_of(url: str, *, clustered: bool = False) -> tuple[Air, list[int]]:
    """An air, and how often it broke."""
    address, keys, breaks = read_url(url), Keys(cluster=clustered), [0]
    cluster = Cluster(address) if clustered else None

    def open_line(room: str, use: str) -> Line:
        slot = slot_of(keys.tag_text(shard_of(room))) if clustered else None
        return Line(address, f"test-{use}", cluster, slot)

    def broke() -> None:
        breaks[0] += 1

    return Air(open_line, lambda: keys, broke), breaks


class Relayed:
    """A log that is written, and what somebody reads of it."""

    def __init__(self, air: Air) -> None:
        self.log = RelayLog(2, 10_000)
        self.wake = asyncio.Event()
        self.read: list[tuple[int, bytes]] = []
        self._air = air

    def add(self, entries: int) -> None:
        for _ in range(entries):
            number = self.log.last + 1
            self.log.add(b"entry %d" % number, joint=number % 5 == 1)
        self.wake.set()

    async def take(self, entries: Sequence[tuple[int, bytes]]) -> None:
        self.read += entries

    async def until(self, number: int) -> None:
        await eventually(lambda: self.read and self.read[-1][0] == number)

    async def write(self) -> None:
        await self._air.write(ROOM, RUN, self.log, self.wake)

    async def hear(self, take: Take) -> None:
        await self._air.read(ROOM, RUN, take)


@asynccontextmanager
async def relayed(air: Air) -> AsyncIterator[Relayed]:
    made = Relayed(air)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(made.write()), group.create_task(made.hear(made.take))]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()


def entries(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(number, b"entry %d" % number) for number in range(first, last + 1)]


async def test_what_is_written_is_read_in_order_and_trimmed(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        air, breaks = air_of(redis.url)
        async with relayed(air) as one:
            for last in range(1, 34):
                one.add(1)
                await one.until(last)
            assert one.read == entries(1, 33)
            late: list[tuple[int, bytes]] = []

            async def take(entries: Sequence[tuple[int, bytes]]) -> None:
                late.extend(entries)

            reading = asyncio.create_task(one.hear(take))
            await eventually(lambda: late and late[-1][0] == 33)
            reading.cancel()
            assert late == entries(one.log.first, 33) and one.log.first == 21
            (key,) = redis.say("KEYS", "*:air:*")
            assert redis.say("XLEN", key) == 13
            assert 0 < redis.say("PTTL", key) <= 60_000
        assert breaks == [0]


async def test_what_redis_lost_is_written_again(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        air, breaks = air_of(redis.url)
        async with relayed(air) as one:
            one.add(12)
            await one.until(12)
            redis.kill()
            one.add(3)
            await eventually(lambda: breaks[0] >= 1)
            redis.start()  # with nothing
            await one.until(15)
            assert one.read == entries(1, 15)
            (key,) = redis.say("KEYS", "*:air:*")
            assert redis.say("XLEN", key) == 15
        assert breaks[0] == 2, "once for who writes and once for who reads, however long it takes"


async def test_a_redis_that_takes_nothing_is_tried_again(tmp_path: Path) -> None:
    with running_redis(tmp_path) as redis:
        air, breaks = air_of(redis.url)
        redis.say("CONFIG", "SET", "maxmemory", 1)
        async with relayed(air) as one:
            one.add(3)
            await eventually(lambda: breaks[0])
            redis.say("CONFIG", "SET", "maxmemory", 0)
            await one.until(3)
            assert one.read == entries(1, 3)


async def test_a_stream_moves_to_another_master_of_a_cluster(tmp_path: Path) -> None:
    with running_cluster(tmp_path) as cluster:
        air, _ = air_of(cluster.nodes[0].url, clustered=True)
        target = next(node for node in cluster.masters if node is not cluster.master_of(ROOM))
        async with relayed(air) as one:
            one.add(8)
            await one.until(8)
            await asyncio.to_thread(cluster.move, ROOM, target)
            one.add(4)
            await one.until(12)
            assert one.read == entries(1, 12)
