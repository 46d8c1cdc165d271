"""What the database knows of the store. Every method is one transaction; cancelled, it happened or not."""

from enum import StrEnum

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer.tables import stored, tracks
from streamer.track import State

_FILES = msgspec.msgpack.Decoder(dict[str, int])


class Place(StrEnum):
    """Where media are that have been on their way to the store."""

    COPYING = "copying"  # in their folder; the store may have some of them
    STORED = "stored"  # in the store; the folder may still be there
    REMOVING = "removing"  # nobody needs them; the store may still have some


class StoreLedger:
    """Which media are in the store, on their way to it, or to be removed from it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def waiting(self, limit: int, unlike: set[str]) -> list[str]:
        """Media of ready tracks that are not in the store, the oldest first, but for those in `unlike`."""
        there = sa.select(stored.c.media_id).where(stored.c.state != Place.COPYING.value)
        query = (
            sa.select(tracks.c.media_id)
            .where(tracks.c.state == State.READY.value, tracks.c.media_id.not_in(there))
            .where(tracks.c.media_id.not_in(unlike))
            .distinct()
            .order_by(tracks.c.media_id)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def count_waiting(self) -> int:
        """How many media of ready tracks are not in the store."""
        there = sa.select(stored.c.media_id).where(stored.c.state != Place.COPYING.value)
        query = sa.select(sa.func.count(tracks.c.media_id.distinct())).where(
            tracks.c.state == State.READY.value, tracks.c.media_id.not_in(there)
        )
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def recorded(self, media_id: str) -> bool:
        """Whether these media are those of a show."""
        query = sa.select(tracks.c.room).where(tracks.c.media_id == media_id, tracks.c.room.is_not(None))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def begin(self, media_id: str) -> bool:
        """Note, before the first byte goes, that the store may have some. False if no track needs them."""
        async with self._engine.begin() as connection:
            if not await _hold_users(connection, media_id):
                return False
            known = sa.select(stored.c.media_id).where(stored.c.media_id == media_id)
            if (await connection.execute(known)).first() is None:
                row = {"media_id": media_id, "state": Place.COPYING.value}
                await connection.execute(sa.insert(stored).values(row))
        return True

    async def finish(self, media_id: str, files: dict[str, int]) -> bool:
        """All files are in the store: from now on they are there. False if no track needs them any more.

        Args:
            files: their sizes, by name.
        """
        async with self._engine.begin() as connection:
            wanted = await _hold_users(connection, media_id)
            row = {"state": Place.STORED.value, "files": msgspec.msgpack.encode(files)}
            if not wanted:
                row = {"state": Place.REMOVING.value}
            await connection.execute(sa.update(stored).where(stored.c.media_id == media_id).values(row))
        return wanted

    async def all(self, place: Place, limit: int | None = None) -> list[str]:
        """Media in one of these places."""
        query = sa.select(stored.c.media_id).where(stored.c.state == place.value).limit(limit)
        async with self._engine.connect() as connection:
            return list((await connection.execute(query.order_by(stored.c.media_id))).scalars())

    async def files(self, media_id: str) -> dict[str, int] | None:
        """Sizes by name, of media that are in the store; None if they are not."""
        async with self._engine.connect() as connection:
            return await stored_files(connection, media_id)

    async def removed(self, media_id: str) -> None:
        """The store has nothing of them any more."""
        query = sa.delete(stored).where(stored.c.media_id == media_id, stored.c.state == Place.REMOVING.value)
        async with self._engine.begin() as connection:
            await connection.execute(query)


async def stored_files(connection: AsyncConnection, media_id: str) -> dict[str, int] | None:
    """As `StoreLedger.files`, within a transaction."""
    query = sa.select(stored.c.files).where(
        stored.c.media_id == media_id, stored.c.state == Place.STORED.value
    )
    packed = (await connection.execute(query)).scalar()
    return None if packed is None else _FILES.decode(packed)


async def stored_media(connection: AsyncConnection) -> set[str]:
    """All media that are in the store, within a transaction."""
    query = sa.select(stored.c.media_id).where(stored.c.state == Place.STORED.value)
    return set((await connection.execute(query)).scalars())


async def held_files(connection: AsyncConnection) -> dict[str, dict[str, int]]:
    """Sizes by name, of all media that are in the store, within a transaction."""
    query = sa.select(stored.c.media_id, stored.c.files).where(stored.c.state == Place.STORED.value)
    return {media_id: _FILES.decode(packed) for media_id, packed in await connection.execute(query)}


async def let_go(connection: AsyncConnection, media_id: str) -> None:
    """From the end of this transaction on nobody needs what the store has of these media."""
    row = {"state": Place.REMOVING.value}
    await connection.execute(sa.update(stored).where(stored.c.media_id == media_id).values(row))


async def _hold_users(connection: AsyncConnection, media_id: str) -> bool:
    """Whether tracks use these media; none of them can be deleted before the transaction has ended."""
    users = sa.update(tracks).where(tracks.c.media_id == media_id).values(media_id=tracks.c.media_id)
    return (await connection.execute(users)).rowcount > 0
