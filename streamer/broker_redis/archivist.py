"""Brings the logs from Redis into SQL, and lets Redis forget what is there."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, select

from chat.broker import Entry
from streamer import chronicle
from streamer.broker_redis import script
from streamer.broker_redis.kept import read_payload
from streamer.broker_redis.keys import Keys, RoomKeys, shard_of
from streamer.broker_redis.leases import Leases
from streamer.broker_redis.line import ANSWER_TIMEOUT_S, Line, LineBroken, Refusal
from streamer.broker_redis.link import Pause, RedisStats
from streamer.broker_redis.script import GROUP, Command
from streamer.chronicle import Group, make_row
from streamer.lane import DatabaseFailed, Lane
from streamer.tables import messages

_BLOCK_MS = 500
_QUEUED = 500  # of one queue, read at once
_ROOMS = 100  # in one transaction
_ROWS = 200  # ... about: while they are written, deliveries share the interpreter with that
_BREATH = 100  # rows that are made before others have a turn
_DONE = 1000  # ids in one script
_GATHER_S = 0.05

log = structlog.get_logger()


class Archivist:
    """A consumer of the shards' queues. The queues say which rooms have something new; what it is stands in
    the logs.

    A shard is archived by one node at a time, the one that has its lease (`leases.py`): it hands that on when
    another's turn has come and what it had taken is done. A node that dies leaves what it had taken in the
    group's list of the pending, and the next one claims it. Should two believe that they have
    the lease, both write the same: a room is always continued from where `archived` says, without a hole, and
    rows that are there already are left as they are.

    Bound: `_QUEUED` places of each queue; no more is read before these are done.
    """

    def __init__(
        self,
        line: Line,
        keys: Keys,
        shards: Sequence[int],
        sql: Lane,
        node: str,
        kept: int,
        stats: RedisStats,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        shards: that are to be archived from there.
        kept: so many entries of a room stay in Redis, for those who come back.
        """
        self._line = line
        self._keys = keys
        self._all_shards = shards
        self._sql = sql
        self._node = node
        self._kept = kept
        self._stats = stats
        self._clock = clock
        self._leases = Leases(keys, shards, node)
        self._renew_at_s = 0.0
        self._due: dict[str, tuple[int, list[bytes]]] = {}  # by room: up to which seq; places in the queue

    async def run(self) -> None:
        """For the life of the process. Cancelling it is safe: what was not noted as done is done again."""
        pause = Pause()
        try:
            while True:
                try:
                    await self._line.open()
                    self._leases.forget()
                    self._due.clear()
                    self._renew_at_s = 0.0
                    while True:
                        await self._round()
                        pause.reset()
                except LineBroken:
                    pass
                except DatabaseFailed as error:
                    self._stats.archive_failures_total += 1
                    log.warning("the archive can't be written", reason=str(error))
                await pause.wait()
        finally:
            await self._line.close()

    async def release(self) -> None:
        """Let other nodes go on at once. Call it when `run` has ended."""
        try:
            await self._line.open()
            await self._line.ask(self._leases.leave())
        except LineBroken:
            pass
        await self._line.close()

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._renew_at_s:
            await self._take_leases()
            self._renew_at_s = loop.time() + self._leases.pause_s
        if not self._due:
            if not self._leases.open:
                await asyncio.sleep(self._renew_at_s - loop.time())
                return
            await self._read_queues()
        while self._due:
            await self._archive(list(self._due)[:_ROOMS])
            if loop.time() >= self._renew_at_s:
                return

    async def _take_leases(self) -> None:
        busy = {shard_of(room) for room in self._due}
        for shard in self._leases.learn(await self._ask(self._leases.ask(busy))):
            queue = self._keys.queue(shard)
            await self._line.ask([("XGROUP", "CREATE", queue, GROUP, "0", "MKSTREAM")])
            await self._claim(queue)
        self._stats.archive_shards[self._all_shards[0]] = len(self._leases.mine)

    async def _claim(self, queue: str) -> None:
        """Take over what others have read and not done."""
        cursor = b"0-0"
        while True:
            [answer] = await self._ask(
                [("XAUTOCLAIM", queue, GROUP, self._node, 0, cursor, "COUNT", _QUEUED)]
            )
            cursor, places = answer[0], answer[1]
            self._note(places)
            if cursor == b"0-0":
                return

    async def _read_queues(self) -> None:
        queues = [self._keys.queue(shard) for shard in self._leases.open]
        command = ("XREADGROUP", "GROUP", GROUP, self._node, "COUNT", _QUEUED, "BLOCK", _BLOCK_MS)
        read: Command = (*command, "STREAMS", *queues, *(">" for _ in queues))
        [answer] = await self._ask([read], ANSWER_TIMEOUT_S + _BLOCK_MS / 1000)
        found = sum(self._note(places) for _, places in answer or ())
        if 0 < found < _QUEUED:
            await asyncio.sleep(_GATHER_S)

    def _note(self, places: Sequence[Any]) -> int:
        for id, fields in places:
            if fields is None:  # trimmed meanwhile
                continue
            _, room_bytes, _, last = fields
            room = room_bytes.decode()
            seq, ids = self._due.get(room, (0, []))
            ids.append(id)
            self._due[room] = (max(seq, int(last)), ids)
        self._note_lag()
        return len(places)

    def _note_lag(self) -> None:
        # The ids of a stream begin with the time, and each list is in order.
        oldest = (int(ids[0].partition(b"-")[0]) for _, ids in self._due.values())
        self._stats.archive_oldest_ms[self._all_shards[0]] = min(oldest, default=0)

    async def _archive(self, names: Sequence[str]) -> None:
        """Bring these rooms into SQL, as far as one transaction goes."""
        keys = [self._keys.room(name) for name in names]
        metas = await self._ask([("HMGET", room.meta, "epoch", "archived") for room in keys])
        count = _ROWS // len(keys)
        found = await self._ask(
            [
                ("XRANGE", room.log, f"{int(meta[1] or 0) + 1}-0", "+", "COUNT", count)
                for room, meta in zip(keys, metas, strict=True)
            ]
        )
        now_ms = int(self._clock() * 1000)
        names_rows: list[dict[str, object]] = []
        rows: list[dict[str, object]] = []
        ends: list[tuple[RoomKeys, int, bool]] = []
        for room, (epoch, archived), part in zip(keys, metas, found, strict=True):
            entries = [Entry(int(id[:-2]), fields[1]) for id, fields in part]
            if epoch is not None and entries:
                names_rows.append({"name": room.room, "epoch": epoch.decode(), "created_at": now_ms})
                rows += await _make_rows(entries)
            ends.append((room, entries[-1].seq if entries else int(archived or 0), len(part) < count))
        if rows:
            self._stats.archived_total += await self._sql.run(chronicle.write_once, Group(names_rows, rows))
            await self._forget_words([row for row in rows if row["kind"] == "deleted"])
        await self._finish(ends)

    async def _forget_words(self, deletions: Sequence[dict[str, object]]) -> None:
        """Take what was deleted out of Redis; who reads it gets from SQL what is left of it."""
        for row in deletions:
            room = self._keys.room(str(row["room"]))
            seqs = await self._sql.run(_find_words, room.room, str(row["id"]))
            if seqs:
                await self._ask([("XDEL", room.log, *(f"{seq}-0" for seq in seqs))])

    async def _finish(self, ends: Sequence[tuple[RoomKeys, int, bool]]) -> None:
        commands: list[Command] = []
        for room, seq, whole in ends:
            last, ids = self._due[room.room]
            done: list[bytes] = []
            if whole or seq >= last:
                done = ids
                del self._due[room.room]
            parts = range(0, max(1, len(done)), _DONE)
            commands += [script.archived(room, seq, self._kept, done[at : at + _DONE]) for at in parts]
        await self._ask(commands)
        self._note_lag()

    async def _ask(self, commands: Sequence[Command], timeout_s: float = ANSWER_TIMEOUT_S) -> list[Any]:
        answers = await self._line.ask(commands, timeout_s)
        for answer in answers:
            if isinstance(answer, Refusal):
                raise LineBroken(answer.text)
        return answers


def _find_words(connection: Connection, room: str, id: str) -> list[int]:
    query = select(messages.c.seq).where(messages.c.room == room, messages.c.id == id)
    return list(connection.scalars(query.where(messages.c.kind.in_(("message", "edited")))))


async def _make_rows(entries: Sequence[Entry]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for start in range(0, len(entries), _BREATH):
        rows += [make_row(*read_payload(entry.payload)) for entry in entries[start : start + _BREATH]]
        await asyncio.sleep(0)
    return rows
