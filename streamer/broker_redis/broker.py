"""The broker of several processes: order and dedupe in Redis, the log in its streams, the archive in SQL."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import (
    Deliver,
    Draft,
    Entry,
    Hear,
    LogUnavailable,
    NotStored,
    Page,
    Settle,
    Stored,
)
from chat.limits import ChatLimits
from streamer.broker_redis.archivist import Archivist
from streamer.broker_redis.drafts import Drafts
from streamer.broker_redis.ears import Ears
from streamer.broker_redis.kept import Kept
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import Line, LineBroken
from streamer.broker_redis.link import Link, Pause, RedisStats
from streamer.broker_redis.listener import Listener
from streamer.broker_redis.logs import Logs
from streamer.broker_redis.pruner import Pruner
from streamer.broker_redis.recovery import Recovery
from streamer.broker_redis.start import inspect
from streamer.broker_redis.url import Address
from streamer.broker_redis.writer import Writer
from streamer.lane import DatabaseFailed

MAX_DRAFTS = 20_000
MAX_DRAFT_BYTES = 16 << 20
MAX_KEPT_BYTES = 64 << 20
GIVE_UP_S = 10.0
# The archive's thread gives way to the loop after this, not after Python's 5 ms: measured here, at 4,000
# messages a second, p99 of delivery is 15 ms instead of 45.
_SWITCH_S = 0.0005
_NODE_BYTES = 4
_LAG_POLL_S = (0.005, 0.1)
_NUDGE_S = 1.0


class RedisBroker:
    """Keeps the promises of `chat/broker.py` for all nodes that share a Redis and a database.

    Redis numbers, keeps out what was said before, and publishes, all in one script; so an acknowledged entry
    is in its memory, and on its disk as far as it is told to write there. Until SQL has it, the nodes that
    saw it know it too, and put it back if Redis forgets (`broker_redis/recovery.py`).

    Bounds: `MAX_DRAFTS` drafts and `MAX_DRAFT_BYTES` wait for Redis, at most `GIVE_UP_S`; more are refused at
    once. `MAX_KEPT_BYTES` are known until they are archived.

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
        """Made on the running loop.

        Args:
            replicas: so many must have an entry before it is acknowledged.
        """
        self.shown = address.shown
        self._address = address
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self.node = entropy(_NODE_BYTES).hex()
        self._patient = replicas > 0
        self._keys = Keys(address.database)
        self.stats = RedisStats()
        self._link = Link(self.stats, frozenset({"writing", "listening"}))
        self._kept = Kept(MAX_KEPT_BYTES)
        self._drafts = Drafts(MAX_DRAFTS, MAX_DRAFT_BYTES)
        self._ears = Ears(self.node, self)
        self._logs = Logs(self._line("read"), self._keys, engine, clock=clock, entropy=entropy)
        self._listener = Listener(
            line=self._line("hear"), logs=self._logs, ears=self._ears, link=self._link, shout=""
        )
        self._writer = self._make_writer(replicas)
        self._listener.confirmed = self._writer.wake
        self._pruner = Pruner(self._logs, self._kept, self._writer.distrust)
        archive = self._line("archive")
        self._archivist = Archivist(
            archive, self._keys, engine, self.node, limits.resume_messages, self.stats, clock
        )
        self._closing = False
        self._running: asyncio.Task[None] | None = None

    def _make_writer(self, replicas: int) -> Writer:
        return Writer(
            line=self._line("write"),
            drafts=self._drafts,
            kept=self._kept,
            ears=self._ears,
            logs=self._logs,
            recovery=Recovery(self._logs, self._kept, "PUBLISH", self._append_again, self.stats),
            link=self._link,
            stats=self.stats,
            node=self.node,
            publish="PUBLISH",
            replicas=replicas,
            may_send=self._listener.hears,
        )

    def _line(self, use: str) -> Line:
        return Line(self._address, f"veza-{use}-{self.node}")

    # --- life

    async def prepare(self) -> str | None:
        """See whether Redis can be relied on; says why not."""
        sys.setswitchinterval(_SWITCH_S)
        try:
            await inspect(self._line("start"))
        except LineBroken as error:
            return str(error)
        return None

    async def run(self) -> None:
        """To be run as one task; ends after `close`."""
        self._running = asyncio.create_task(self._run(), name="redis")
        with suppress(asyncio.CancelledError):
            await self._running
        await self._archivist.release()
        await self._logs.close()
        self._link.close()

    async def _run(self) -> None:
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

    async def close(self) -> None:
        self._closing = True
        if len(self._drafts):
            empty = asyncio.Event()
            self._drafts.emptied = empty.set
            await empty.wait()
        if self._running is not None:
            self._running.cancel()

    @property
    def waiting(self) -> int:
        """Drafts that have no outcome yet."""
        return len(self._drafts)

    @property
    def kept(self) -> int:
        """Entries that this node could put back."""
        return len(self._kept)

    @property
    def trouble(self) -> str | None:
        """What keeps messages from being stored, if something does."""
        return self._link.trouble

    # --- chat.broker.Broker

    def subscribe(self, room: str, deliver: Deliver, hear: Hear) -> None:
        if self._ears.subscribe(room, deliver, hear):
            channel = self._keys.room(room).channel
            self._listener.add(channel, lambda data: self._ears.receive(room, data), room)

    def unsubscribe(self, room: str) -> None:
        if self._ears.unsubscribe(room):
            self._listener.remove(self._keys.room(room).channel)
            self._writer.wake()

    def append(self, draft: Draft, settle: Settle) -> None:
        if self._closing:
            self._loop.call_soon(settle, NotStored("the server is stopping"))
            return
        if not self._drafts.add(draft, settle, self._loop.time() + GIVE_UP_S):
            self.stats.not_stored_total["overflow"] += 1
            why = self._link.trouble or "it is slow"
            self._loop.call_soon(settle, NotStored(f"too many messages wait for the log: {why}"))
            return
        self._writer.wake()

    def whisper(self, room: str, payload: bytes) -> None:
        self._writer.send(self._keys.room(room).channel, b"W" + payload)

    def tell(self, topic: str, payload: bytes) -> None:
        self._writer.send(self._keys.topic(topic), payload)

    def listen(self, topic: str, hear: Hear) -> None:
        self._listener.add(self._keys.topic(topic), hear)

    def watch_link(self, told: Callable[[bool], None]) -> None:
        self._link.watch(told)

    async def caught_up(self, room: str) -> None:
        keys = self._keys.room(room)
        wanted: int | None = None
        pause_s, longest_s = _LAG_POLL_S
        started_s = nudged_s = self._loop.time()
        try:
            while self._loop.time() - started_s < self._limits.read_timeout_s:
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
            async with asyncio.timeout(self._limits.read_timeout_s):
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
