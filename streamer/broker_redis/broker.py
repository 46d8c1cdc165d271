"""The broker of several processes: order and dedupe in Redis, the log in its streams, the archive in SQL."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Deliver, Draft, Hear, NotStored, Page, Settle
from chat.limits import ChatLimits
from streamer.broker_redis.air import Air
from streamer.broker_redis.branch import Branch, Setting
from streamer.broker_redis.cluster import Cluster, slot_of
from streamer.broker_redis.keys import SHARDS, Keys, shard_of
from streamer.broker_redis.line import Line, LineBroken
from streamer.broker_redis.link import Link, RedisStats
from streamer.broker_redis.start import inspect
from streamer.broker_redis.url import Address
from streamer.lane import Lane

_NODE_BYTES = 4
_READERS = 2


class RedisBroker:
    """Keeps the promises of `chat/broker.py` for all nodes that share a Redis, or a Redis Cluster, and a
    database.

    Redis numbers, keeps out what was said before, and publishes, all in one script; so an acknowledged entry
    is in its memory, and on its disk as far as it is told to write there. Until SQL has it, the nodes that
    saw it know it too, and put it back if Redis forgets (`recovery.py`).

    With one Redis there is one `Branch`, with its bounds; with a cluster one for each shard.

    Attributes:
        node: names this node in what is published.
        shown: where Redis is, without the password.
        stats: counts, to be read at any time.
    """

    def __init__(
        self,
        address: Address,
        engine: AsyncEngine,
        limits: ChatLimits,
        *,
        replicas: int = 0,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Made on the running loop. Unless `prepare` finds something else, it is one Redis.

        Args:
            replicas: so many must have an entry before it is acknowledged.
        """
        self.shown = address.shown
        self._address = address
        self._loop = asyncio.get_running_loop()
        self.node = entropy(_NODE_BYTES).hex()
        self.stats = RedisStats()
        self._link = Link(self.stats)
        self._lanes = (Lane(engine, "veza-rooms", _READERS), Lane(engine, "veza-archive"))
        self._setting = Setting(
            address=address,
            keys=Keys(address.database),
            node=self.node,
            limits=limits,
            replicas=replicas,
            rooms_sql=self._lanes[0],
            archive_sql=self._lanes[1],
            stats=self.stats,
            link=self._link,
            clock=clock,
            entropy=entropy,
        )
        self._topics: dict[str, Hear] = {}
        self._branches = [Branch(self._setting, range(SHARDS))]
        self._closing = False
        self._running: asyncio.Task[None] | None = None

    # --- life

    async def prepare(self) -> str | None:
        """See what is there, and whether it can be relied on; says why not. Before anybody subscribes."""
        name = f"veza-start-{self.node}"
        try:
            if await inspect(Line(self._address, name)):
                cluster = Cluster(self._address)
                self._spread(cluster)
                masters = set()
                for shard in range(SHARDS):
                    slot = slot_of(self._setting.keys.tag_text(shard))
                    if not shard or cluster.master(slot) not in masters:
                        await inspect(Line(self._address, name, cluster, slot))
                        masters.add(cluster.master(slot))
        except LineBroken as error:
            return str(error)
        return None

    def _spread(self, cluster: Cluster) -> None:
        """Have a branch for each shard."""
        self._link.forget()
        keys = Keys(self._address.database, cluster=True)
        self._setting = replace(self._setting, keys=keys, cluster=cluster)
        self._branches = [Branch(self._setting, (shard,)) for shard in range(SHARDS)]
        for topic, hear in self._topics.items():
            self._branch(topic).listen(topic, hear)

    async def run(self) -> None:
        """To be run as one task; ends after `close`."""
        self._running = asyncio.create_task(self._run(), name="redis")
        with suppress(asyncio.CancelledError):
            await self._running
        for branch in self._branches:
            await branch.leave()
        for lane in self._lanes:
            await lane.close()
        self._link.close()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for branch in self._branches:
                tasks.create_task(branch.run())

    async def close(self) -> None:
        self._closing = True
        for branch in self._branches:
            await branch.settle()
        if self._running is not None:
            self._running.cancel()

    @property
    def waiting(self) -> int:
        """Drafts that have no outcome yet."""
        return sum(branch.waiting for branch in self._branches)

    @property
    def kept(self) -> int:
        """Entries that this node could put back."""
        return sum(branch.kept for branch in self._branches)

    @property
    def trouble(self) -> str | None:
        """What keeps messages from being stored, if something does."""
        return self._link.trouble

    # --- chat.broker.Broker

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> None:
        self._branch(room).subscribe(room, deliver, hear)

    def unsubscribe(self, room: str) -> None:
        self._branch(room).unsubscribe(room)

    def append(self, draft: Draft, settle: Settle) -> None:
        if self._closing:
            self._loop.call_soon(settle, NotStored("the server is stopping"))
            return
        self._branch(draft.room).append(draft, settle)

    def whisper(self, room: str, payload: bytes) -> None:
        self._branch(room).send(self._setting.keys.room(room).channel, b"W" + payload)

    def tell(self, topic: str, payload: bytes) -> None:
        self._branch(topic).send(self._setting.keys.topic(topic), payload)

    def listen(self, topic: str, hear: Hear) -> None:
        self._topics[topic] = hear
        self._branch(topic).listen(topic, hear)

    @property
    def air(self) -> Air:
        """Where shows go from node to node."""
        return Air(self._line_of, lambda: self._setting.keys, self._broke)

    def _broke(self) -> None:
        self.stats.breaks_total["shows"] += 1

    def _line_of(self, room: str, use: str) -> Line:
        cluster, name = self._setting.cluster, f"veza-{use}-{self.node}"
        if cluster is None:
            return Line(self._address, name)
        return Line(self._address, name, cluster, slot_of(self._setting.keys.tag_text(shard_of(room))))

    def watch_link(self, told: Callable[[bool], None]) -> None:
        self._link.watch(told)

    async def caught_up(self, room: str) -> None:
        await self._branch(room).caught_up(room)

    async def read(self, room: str, after: int | None, limit: int) -> Page:
        return await self._branch(room).read(room, after, limit)

    def _branch(self, name: str) -> Branch:
        """Of a room, or of a topic."""
        return self._branches[shard_of(name) % len(self._branches)]
