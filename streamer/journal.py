"""The log of the rooms on disk: one writer that commits in groups, and readers beside it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.lane import DatabaseFailed, Lane
from streamer.tables import messages, rooms

_READERS = 2
_NONCES_PER_READ = 1000

MessageRow = Row[*tuple[Any, ...]]  # of the table `messages`


class JournalClosed(Exception):
    """Nothing is written any more."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the tables `rooms` and `messages`, committed together or not at all."""

    rooms: Sequence[dict[str, object]]
    messages: Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True)
class LogEnd:
    """What a room's log ends with.

    Attributes:
        epoch: None for a room that was never written to.
        seq: of the newest message; 0 without one.
        recent: (author_id, nonce, seq, id, at) of the newest messages, oldest first.
    """

    epoch: str | None
    seq: int
    recent: Sequence[MessageRow]


class Batch(Protocol):
    """What one transaction is made of, and who is told how it ended."""

    async def prepare(self) -> Group:
        """The rows; called when the transaction is about to begin. May raise DatabaseFailed."""
        ...

    def committed(self) -> None:
        """The rows are on disk. Returns before the next batch is prepared."""

    def failed(self, reason: str) -> None:
        """The rows are not on disk, or nobody knows. Returns before the next batch is prepared."""


class Journal:
    """Writes batches in the order in which they were appended, each in one transaction, synced to disk.

    A batch is prepared when its transaction is about to begin, so rows gather in it until then: while one is
    being committed, the next one fills.

    Bound: what was appended and is not settled; the broker has one batch waiting at most.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._writer = Lane(engine, "veza-journal")
        self._readers = Lane(engine, "veza-history", _READERS)
        self._queue: deque[Batch] = deque()
        self._wake = asyncio.Event()
        self._closing = False

    async def run(self) -> None:
        """The writer: to be run as one task for the life of the process; ends after `close`.

        Cancelling it is safe at any point: whoever waits is told `failed`.
        """
        try:
            while self._queue or not self._closing:
                if self._queue:
                    await self._write(self._queue.popleft())
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._closing = True
            while self._queue:
                self._queue.popleft().failed("the journal is closed")
            await self._writer.close()
            await self._readers.close()

    def append(self, batch: Batch) -> None:
        """Have a batch written.

        Raises:
            JournalClosed
        """
        if self._closing:
            raise JournalClosed("the journal is closed")
        self._queue.append(batch)
        self._wake.set()

    async def read_end(self, room: str, since_ms: int) -> LogEnd:
        """The end of a room's log, with what was said at or after `since_ms`. Raises DatabaseFailed."""
        return await self._readers.run(_read_end, room, since_ms)

    async def read(self, room: str, after: int, limit: int) -> tuple[int, Sequence[MessageRow]]:
        """The newest seq, and the newest `limit` messages after `after`, oldest first, ending at that seq.

        Raises:
            DatabaseFailed
        """
        return await self._readers.run(_read, room, after, limit)

    def close(self) -> None:
        """Let `run` write what was appended, and end."""
        self._closing = True
        self._wake.set()

    async def _write(self, batch: Batch) -> None:
        try:
            group = await batch.prepare()
            if group.messages:
                await self._writer.run(_insert, group)
        except DatabaseFailed as error:
            batch.failed(str(error))
        except BaseException:
            batch.failed("the journal was stopped")
            raise
        else:
            batch.committed()


def _insert(connection: Connection, group: Group) -> None:
    if group.rooms:
        connection.execute(insert(rooms), group.rooms)
    # Past the layers that build statements: this one is always the same, and it is the only one that is
    # frequent.
    statement, columns = _insert_messages(connection.dialect)
    connection.exec_driver_sql(statement, [tuple(map(row.__getitem__, columns)) for row in group.messages])


@lru_cache(maxsize=4)
def _insert_messages(dialect: Dialect) -> tuple[str, Sequence[str]]:
    compiled = insert(messages).compile(dialect=dialect)
    return str(compiled), tuple(messages.c.keys())


def _read_end(connection: Connection, room: str, since_ms: int) -> LogEnd:
    epoch = connection.scalar(select(rooms.c.epoch).where(rooms.c.name == room))
    seq = _newest_seq(connection, room)
    columns = (messages.c.author_id, messages.c.nonce, messages.c.seq, messages.c.id, messages.c.at)
    query = select(*columns).where(messages.c.room == room)
    # By seq, backwards, until they are too old: the table has no index by time, and needs none for this.
    query = query.order_by(messages.c.seq.desc()).limit(_NONCES_PER_READ)
    recent: list[MessageRow] = []
    while True:
        before = recent[-1].seq if recent else seq + 1
        found = [
            row for row in connection.execute(query.where(messages.c.seq < before)) if row.at >= since_ms
        ]
        recent += found
        if len(found) < _NONCES_PER_READ:
            return LogEnd(epoch, seq, recent[::-1])


def _read(connection: Connection, room: str, after: int, limit: int) -> tuple[int, Sequence[MessageRow]]:
    newest = (
        select(messages)
        .where(messages.c.room == room, messages.c.seq > after)
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    seq = _newest_seq(connection, room)
    rows = list(connection.execute(newest))
    rows.reverse()
    # Two statements may see two states; what was committed between them is at the end of the second.
    return (rows[-1].seq if rows else seq), rows


def _newest_seq(connection: Connection, room: str) -> int:
    return connection.scalar(select(func.max(messages.c.seq)).where(messages.c.room == room)) or 0
