"""The log of the rooms on disk: one writer that commits in groups, and readers beside it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import chronicle
from streamer.chronicle import Group, LogEnd, MessageRow
from streamer.lane import DatabaseFailed, Lane

_READERS = 2


class JournalClosed(Exception):
    """Nothing is written any more."""


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
        return await self._readers.run(chronicle.read_end, room, since_ms)

    async def read(self, room: str, after: int, limit: int) -> tuple[int, Sequence[MessageRow]]:
        """The newest seq, and the newest `limit` messages after `after`, oldest first, ending at that seq.

        Raises:
            DatabaseFailed
        """
        return await self._readers.run(chronicle.read_page, room, after, limit)

    def close(self) -> None:
        """Let `run` write what was appended, and end."""
        self._closing = True
        self._wake.set()

    async def _write(self, batch: Batch) -> None:
        try:
            group = await batch.prepare()
            if group.messages:
                await self._writer.run(chronicle.write, group)
        except DatabaseFailed as error:
            batch.failed(str(error))
        except BaseException:
            batch.failed("the journal was stopped")
            raise
        else:
            batch.committed()
