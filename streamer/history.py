"""What was said in rooms, as it stands now: for those who look back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Entry
from streamer.chronicle import MessageRow, read_entry
from streamer.lane import Lane
from streamer.tables import messages

_READERS = 2
_SHOWN = ("message", "system")  # the other kinds are in how these stand now


@dataclass(frozen=True, slots=True)
class Found:
    """A message as it stands now.

    Attributes:
        deleted: its text is gone.
    """

    seq: int
    id: str
    author_id: str
    body: str
    deleted: bool


class History:
    """Reads the log in SQL. Behind a log elsewhere by as much as `Broker.caught_up` says."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._readers = Lane(engine, "veza-looking-back", _READERS)

    async def find(self, room: str, id: str) -> Found | None:
        """The message of that id, if the room has one. Raises DatabaseFailed."""
        return await self._readers.run(_find, room, id)

    async def page(
        self, room: str, *, before: int | None = None, after: int | None = None, limit: int
    ) -> Sequence[Entry]:
        """At most `limit` messages and system events, oldest first, with a hole where other kinds were.

        Args:
            before: those with the greatest seqs below this; None for the newest there are.
            after: instead, those with the smallest seqs above this.

        Raises:
            DatabaseFailed
        """
        rows = await self._readers.run(_page, room, before, after, limit)
        return [read_entry(row) for row in rows]

    async def close(self) -> None:
        """Wait for what runs; nothing may be asked any more."""
        await self._readers.close()


def _find(connection: Connection, room: str, id: str) -> Found | None:
    query = select(messages).where(messages.c.room == room, messages.c.id == id, messages.c.kind == "message")
    row = connection.execute(query).first()
    if row is None:
        return None
    return Found(row.seq, row.id, row.author_id, row.body, row.deleted_at is not None)


def _page(
    connection: Connection, room: str, before: int | None, after: int | None, limit: int
) -> list[MessageRow]:
    query = select(messages).where(messages.c.room == room, messages.c.kind.in_(_SHOWN)).limit(limit)
    if after is not None:
        return list(connection.execute(query.where(messages.c.seq > after).order_by(messages.c.seq)))
    if before is not None:
        query = query.where(messages.c.seq < before)
    return list(connection.execute(query.order_by(messages.c.seq.desc())))[::-1]
