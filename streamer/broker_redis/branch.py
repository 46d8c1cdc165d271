"""What is done for some shards, on connections of their own, to the Redis that has them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from chat.broker import Deliver, Draft, Entry, Hear, LogUnavailable, NotStored, Page, Settle, Stored
from chat.limits import ChatLimits
from streamer.broker_redis.archivist import Archivist
from streamer.broker_redis.cluster import Cluster, slot_of
from streamer.broker_redis.drafts import Drafts
from streamer.broker_redis.ears import Ears
from streamer.broker_redis.kept import Kept
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import Line, LineBroken
from streamer.broker_redis.link import Link, Pause, RedisStats, Strand
from streamer.broker_redis.listener import Listener
from streamer.broker_redis.logs import Logs
from streamer.broker_redis.pruner import Pruner
from streamer.broker_redis.recovery import Recovery
from streamer.broker_redis.url import Address
from streamer.broker_redis.writer import Writer
from streamer.lane import DatabaseFailed, Lane

MAX_DRAFTS = 20_000
MAX_DRAFT_BYTES = 16 << 20
MAX_KEPT_BYTES = 64 << 20
# In a cluster each of the shards has a branch, and some are busier than others.
_CLUSTER_SHARE = 4
GIVE_UP_S = 10.0
_LAG_POLL_S = (0.005, 0.1)
_NUDGE_S = 1.0


@dataclass(frozen=True)
class Setting:
    """What all branches of a broker share."""

    address: Address
    keys: Keys
    node: str
    limits: ChatLimits
    replicas: int
    rooms_sql: Lane
    archive_sql: Lane
    stats: RedisStats
    link: Link
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    cluster: Cluster | None = None


class Branch:
    """Keeps the promises of `chat/broker.py` for the rooms of some shards: all of them with one Redis, one
    with a cluster, where a shard is in one slot, and wherever that goes the branch's connections follow.

    Bounds: `MAX_DRAFTS` drafts and `MAX_DRAFT_BYTES` wait for Redis, at most `GIVE_UP_S`; more are refused at
    once. `MAX_KEPT_BYTES` are known until they are archived. With a cluster, a fourth of each.
    """

    def __init__(self, setting: Setting, shards: Sequence[int]) -> None:
        """Made on the running loop."""
        self._setting = setting
        self._shards = shards
        self._loop = asyncio.get_running_loop()
        self._patient = setting.replicas > 0
        self._keys = setting.keys
        self._stats = setting.stats
        self._link = Strand(setting.link, shards[0])
        share = 1 if setting.cluster is None else _CLUSTER_SHARE
        self._kept = Kept(MAX_KEPT_BYTES // share)
        self._drafts = Drafts(MAX_DRAFTS // share, MAX_DRAFT_BYTES // share)
        self._ears = Ears(setting.node, self)
        self._logs = Logs(
            *(self._line("read"), self._keys, setting.rooms_sql),
            clock=setting.clock,
            entropy=setting.entropy,
        )
        shout = "" if setting.cluster is None else "S"
        self._listener = Listener(
            line=self._line("hear"), logs=self._logs, ears=self._ears, link=self._link, shout=shout
        )
        self._writer = self._make_writer(f"{shout}PUBLISH")
        self._listener.confirmed = self._writer.wake
        self._pruner = Pruner(self._logs, self._kept, self._writer.distrust)
        self._archivist = Archivist(
            *(self._line("archive"), self._keys, shards, setting.archive_sql, setting.node),
            *(setting.limits.resume_messages, setting.stats, setting.clock),
        )

    def _make_writer(self, publish: str) -> Writer:
        return Writer(
            line=self._line("write"),
            drafts=self._drafts,
            kept=self._kept,
            ears=self._ears,
            logs=self._logs,
            recovery=Recovery(self._logs, self._kept, publish, self._append_again, self._stats),
            link=self._link,
            stats=self._stats,
            node=self._setting.node,
            publish=publish,
            pulse=self._keys.pulse(self._shards[0]),
            replicas=self._setting.replicas,
            may_send=self._listener.hears,
        )

    def _line(self, use: str) -> Line:
        setting = self._setting
        name = f"veza-{use}-{setting.node}"
        if setting.cluster is None:
            return Line(setting.address, name)
        return Line(setting.address, name, setting.cluster, slot_of(self._keys.tag_text(self._shards[0])))

    # --- life

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for work in (
                self._writer.run(),
                self._writer.expire(),
                self._listener.run(),
                self._listener.catch_up(),
                self._archivist.run(),
                self._pruner.run(),
            ):
                tasks.create_task(work)

    async def leave(self) -> None:
        """Let others go on; to be called when `run` has ended."""
        await self._archivist.release()
        await self._logs.close()

    async def settle(self) -> None:
        """Wait until every draft has its outcome."""
        if len(self._drafts):
            empty = asyncio.Event()
            self._drafts.emptied = empty.set
            await empty.wait()

    @property
    def waiting(self) -> int:
        """Drafts that have no outcome yet."""
        return len(self._drafts)

    @property
    def kept(self) -> int:
        """Entries that this node could put back."""
        return len(self._kept)

    # --- chat.broker.Broker

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> None:
        if self._ears.subscribe(room, deliver, hear):
            channel = self._keys.room(room).channel
            self._listener.add(channel, partial(self._ears.receive, room), room)

    def unsubscribe(self, room: str) -> None:
        if self._ears.unsubscribe(room):
            self._listener.remove(self._keys.room(room).channel)
            self._writer.wake()

    def append(self, draft: Draft, settle: Settle) -> None:
        if not self._drafts.add(draft, settle, self._loop.time() + GIVE_UP_S):
            self._stats.not_stored_total["overflow"] += 1
            why = self._link.trouble or "it is slow"
            self._loop.call_soon(settle, NotStored(f"too many messages wait for the log: {why}"))
            return
        self._writer.wake()

    def send(self, channel: str, data: bytes) -> None:
        """Publish, at most once."""
        self._writer.send(channel, data)

    def listen(self, topic: str, hear: Hear) -> None:
        self._listener.add(self._keys.topic(topic), hear)

    async def caught_up(self, room: str) -> None:
        keys = self._keys.room(room)
        wanted: int | None = None
        pause_s, longest_s = _LAG_POLL_S
        started_s = nudged_s = self._loop.time()
        try:
            while self._loop.time() - started_s < self._setting.limits.read_timeout_s:
                [(seq, archived)] = await self._logs.ask([("HMGET", keys.meta, "seq", "archived")])
                wanted = int(seq or 0) if wanted is None else wanted
                if seq is None or int(archived) >= wanted:
                    return
                if self._loop.time() - nudged_s > _NUDGE_S:
                    nudged_s = self._loop.time()
                    await self._logs.ask([("XADD", keys.queue, "*", "r", room, "l", wanted)])
                await asyncio.sleep(pause_s)
                pause_s = min(longest_s, 2 * pause_s)
        except LineBroken as error:
            raise LogUnavailable(str(error)) from error
        raise LogUnavailable("the archive is behind")

    async def read(self, room: str, after: int | None, limit: int) -> Page:
        try:
            async with asyncio.timeout(self._setting.limits.read_timeout_s):
                page = await self._read(room, after or 0, limit)
        except (DatabaseFailed, TimeoutError) as error:
            raise LogUnavailable(str(error) or self._link.trouble or "no answer in time") from error
        self.found(room, page.entries)
        self._ears.read(room, page)
        return page

    # --- ears.Author

    def published(self, room: str, epoch: str, entries: Sequence[Entry], tokens: Sequence[int]) -> None:
        self._kept.add(room, epoch, entries)
        if self._patient:
            return
        for token, entry in zip(tokens, entries, strict=False):
            waiting = self._drafts.find(token)
            if waiting is not None:
                self._drafts.settle(waiting, Stored(entry.seq, waiting.draft.id))

    def found(self, room: str, entries: Sequence[Entry]) -> None:
        if not self._patient:
            for waiting, seq in self._drafts.among(room, entries):
                self._drafts.settle(waiting, Stored(seq, waiting.draft.id))

    def may_deliver(self, tokens: Sequence[int]) -> bool:
        return not any(self._drafts.find(token) for token in tokens)

    # --- inside

    async def _read(self, room: str, after: int, limit: int) -> Page:
        pause = Pause()
        while True:
            await self._listener.wait(self._keys.room(room).channel)
            try:
                return await self._logs.read(room, after, limit)
            except LineBroken:  # who reads has time to wait for another
                await pause.wait()

    def _append_again(self, draft: Draft) -> None:
        self._drafts.add(draft, lambda _: None, self._loop.time() + GIVE_UP_S)
