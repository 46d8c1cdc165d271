"""The logs of rooms as they are read: from Redis, and from SQL what Redis need not keep."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Connection, update

from chat.broker import Entry, Page
from chat.entries import blank, deletion, says
from streamer import chronicle
from streamer.broker_redis import script
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import Line, LineBroken, Refusal
from streamer.broker_redis.script import NONCE_TTL_MS, Command
from streamer.chronicle import LogEnd, read_entry
from streamer.lane import Lane
from streamer.tables import rooms

_EPOCH_BYTES = 8
_RETRIES = 3

Ask = Callable[[Sequence[Command]], Awaitable[list[Any]]]


class Logs:
    """Reads, and tells Redis where a log stands that it does not know.

    Attributes:
        keys: names in Redis.
        run: the run of Redis that this node trusts, empty while there is none.
    """

    def __init__(
        self,
        line: Line,
        keys: Keys,
        sql: Lane,
        *,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.keys = keys
        self._line = line
        self._sql = sql
        self._clock = clock
        self._entropy = entropy
        self._turn = asyncio.Lock()
        self._trusted = asyncio.Event()
        self._closed = False
        self.run = ""

    def trust(self, run: str) -> None:
        """This node may number messages in that run of Redis; with "", in none."""
        self.run = run
        if run:
            self._trusted.set()
        else:
            self._trusted.clear()

    def new_epoch(self) -> str:
        return self._entropy(_EPOCH_BYTES).hex()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """Ask on the line for reading, opened if need be.

        Raises:
            LineBroken
        """
        async with self._turn:
            if self._closed:
                raise LineBroken("this node has let go of Redis")
            if not self._line.is_open or (self.run and self._line.run != self.run):
                await self._line.open()
            return await self._line.ask(commands)

    async def read(self, room: str, after: int, limit: int) -> Page:
        """The newest entries, as `Broker.read`.

        Raises:
            LineBroken, DatabaseFailed
        """
        keys = self.keys.room(room)
        for _ in range(_RETRIES):
            await self._trusted.wait()
            run = self.run
            [answer] = await self.ask([script.read(keys, run, after, limit)])
            if isinstance(answer, Refusal):
                raise LineBroken(answer.text)
            if answer[0] == b"unopened":
                await self.open(room, self.ask, run)
                continue
            return await self._fill(room, answer, after, limit)
        raise LineBroken("Redis changes hands")

    async def open(self, room: str, ask: Ask, run: str, epoch: str | None = None) -> None:
        """Have this run of Redis go on where SQL ends. `epoch` is its name, if SQL does not know one.

        Raises:
            LineBroken, DatabaseFailed
        """
        now_ms = int(self._clock() * 1000)
        end: LogEnd = await self._sql.run(chronicle.read_end, room, now_ms - NONCE_TTL_MS)
        nonces = [
            (row.author_id, row.nonce, row.seq, row.id, left_ms)
            for row in end.recent
            if (left_ms := min(NONCE_TTL_MS, row.at + NONCE_TTL_MS - now_ms)) > 0
        ]
        name = end.epoch or epoch or self.new_epoch()
        known = end.epoch is not None
        [answer] = await ask([script.open_room(self.keys.room(room), run, name, known, end.seq, nonces)])
        if isinstance(answer, Refusal):
            raise LineBroken(answer.text)

    async def rename(self, room: str, epoch: str) -> None:
        """Have SQL call the log otherwise. Raises DatabaseFailed."""
        await self._sql.run(_rename, room, epoch)

    async def close(self) -> None:
        """Nobody is answered any more, whoever still asks."""
        self._closed = True
        await self._line.close()

    async def _fill(self, room: str, answer: Sequence[Any], after: int, limit: int) -> Page:
        """Make a page of what Redis has, and what is in SQL only."""
        epoch, seq, entries = _read_answer(answer)
        low = max(after, seq - limit)
        found = {entry.seq: entry for entry in entries if entry.seq > low}
        if len(found) < seq - low:
            _, rows = await self._sql.run(chronicle.read_page, room, low, seq - low)
            found |= {row.seq: read_entry(row) for row in rows if row.seq <= seq and row.seq not in found}
        return _make_page(epoch, seq, found)


def read_page(answer: Sequence[Any]) -> Page:
    """What `lua/read.lua` answered. Entries before a hole are left out."""
    epoch, seq, entries = _read_answer(answer)
    return _make_page(epoch, seq, {entry.seq: entry for entry in entries})


def _read_answer(answer: Sequence[Any]) -> tuple[str, int, list[Entry]]:
    _, epoch, seq, found = answer
    return epoch.decode(), int(seq), [Entry(int(id[:-2]), payload) for id, (_, payload) in found]


def _make_page(epoch: str, seq: int, found: dict[int, Entry]) -> Page:
    low = seq
    while low in found:
        low -= 1
    entries = [found[number] for number in range(low + 1, seq + 1)]
    return Page(epoch, seq, without_words(entries))


def without_words(entries: list[Entry]) -> list[Entry]:
    """The same, but what says the words of a message that is deleted further on."""
    deleted = dict(gone for entry in entries if (gone := deletion(entry)) is not None)
    for id, at in deleted.items():
        entries = [blank(entry, at) if says(entry, id) else entry for entry in entries]
    return entries


def _rename(connection: Connection, room: str, epoch: str) -> None:
    connection.execute(update(rooms).where(rooms.c.name == room).values(epoch=epoch))
