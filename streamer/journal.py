"""The log of the rooms on disk: one writer that commits in groups, and readers beside it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer.tables import messages, rooms

_NONCES_PER_READ = 1000

MessageRow = Row[Any]  # of the table `messages`


class JournalFailed(Exception):
    """The database refused; the text is its own. The world's fault."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of the tables `rooms` and `messages`, committed together or not at all."""

    rooms: Sequence[dict[str, object]]
    messages: Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Head:
    """What a room's log ends with. `epoch` is None and `seq` 0 for a room that was never written to."""

    epoch: str | None
    seq: int


class Batch(Protocol):
    """What one transaction is made of, and who is told how it ended."""

    async def prepare(self) -> Group:
        """The rows; called when the transaction is about to begin. May raise JournalFailed."""
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
        self._engine = engine
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

    def append(self, batch: Batch) -> None:
        """Have a batch written.

        Raises:
            JournalFailed: the journal is closed.
        """
        if self._closing:
            raise JournalFailed("the journal is closed")
        self._queue.append(batch)
        self._wake.set()

    async def read_head(self, room: str) -> Head:
        """Raises: JournalFailed."""
        async with _Reading(self._engine) as connection:
            epoch = await connection.scalar(select(rooms.c.epoch).where(rooms.c.name == room))
            return Head(epoch, await _newest_seq(connection, room))

    async def read(self, room: str, after: int, limit: int) -> tuple[int, list[MessageRow]]:
        """The newest seq, and the newest `limit` messages after `after`, oldest first, ending at that seq.

        Raises:
            JournalFailed
        """
        newest = (
            select(messages)
            .where(messages.c.room == room, messages.c.seq > after)
            .order_by(messages.c.seq.desc())
            .limit(limit)
        )
        async with _Reading(self._engine) as connection:
            seq = await _newest_seq(connection, room)
            rows = list(await connection.execute(newest))
        rows.reverse()
        # Two statements may see two states; what was committed between them is at the end of the second.
        return (rows[-1].seq if rows else seq), rows

    async def read_nonces(self, room: str, since_ms: int) -> list[tuple[str, str, int, str, int]]:
        """(author id, nonce, seq, id, at) of what was said since then, oldest first.

        Raises:
            JournalFailed
        """
        columns = (messages.c.author_id, messages.c.nonce, messages.c.seq, messages.c.id, messages.c.at)
        query = select(*columns).where(messages.c.room == room)
        # By seq, backwards, until they are too old: the table has no index by time, and needs none for this.
        query = query.order_by(messages.c.seq.desc()).limit(_NONCES_PER_READ)
        found: list[tuple[str, str, int, str, int]] = []
        async with _Reading(self._engine) as connection:
            while True:
                page = query.where(messages.c.seq < found[-1][2]) if found else query
                rows = [tuple(row) for row in await connection.execute(page)]
                recent = [row for row in rows if row[4] >= since_ms]
                found += recent
                if len(recent) < _NONCES_PER_READ:
                    return found[::-1]

    def close(self) -> None:
        """Let `run` write what was appended, and end."""
        self._closing = True
        self._wake.set()

    async def _write(self, batch: Batch) -> None:
        try:
            group = await batch.prepare()
            if group.messages:
                async with self._engine.begin() as connection:
                    if group.rooms:
                        await connection.execute(insert(rooms), group.rooms)
                    await connection.execute(insert(messages), group.messages)
        except (SQLAlchemyError, OSError, JournalFailed) as error:
            batch.failed(_first_line(error))
        except BaseException:
            batch.failed("the journal was stopped")
            raise
        else:
            batch.committed()


class _Reading:
    """A connection to read with, whose errors are JournalFailed."""

    __slots__ = ("_connection", "_engine")

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def __aenter__(self) -> AsyncConnection:
        try:
            self._connection = await self._engine.connect()
        except (SQLAlchemyError, OSError) as error:
            raise JournalFailed(_first_line(error)) from error
        return self._connection

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        await self._connection.close()
        if isinstance(error, SQLAlchemyError | OSError):
            raise JournalFailed(_first_line(error)) from error


async def _newest_seq(connection: AsyncConnection, room: str) -> int:
    newest = await connection.scalar(select(func.max(messages.c.seq)).where(messages.c.room == room))
    return newest or 0


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
