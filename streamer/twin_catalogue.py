"""Tracks made of the same bytes, in the database. Every method is one transaction."""

import asyncio
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer import derived
from streamer.catalogue import Catalogue, hold_twins, note_leftover, ready_twins, update_row
from streamer.store_ledger import stored_files
from streamer.tables import renditions, tracks
from streamer.track import State, TrackRecord
from streamer.twin import TAKEN


class TwinCatalogue:
    """Finds the twins of a track, and lets a track share the media of one."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue) -> None:
        self._engine = engine
        self._catalogue = catalogue
        # Of two uploads of the same recording that end at once, one comes first, whatever the database.
        self._receiving = asyncio.Lock()

    async def received(self, record: TrackRecord) -> None:
        """Store a track whose last byte has come; learn which is the oldest other one with its bytes."""
        query = (
            sa.select(sa.func.min(tracks.c.id))
            .where(tracks.c.sha256 == record.sha256, tracks.c.id != record.id)
            .where(tracks.c.state != State.FAILED.value)
        )
        async with self._receiving, self._catalogue.begin() as connection:
            await update_row(connection, record)
            original = record.duplicate_of = (await connection.execute(query)).scalar()
            one = tracks.c.id == record.id
            await connection.execute(sa.update(tracks).where(one).values(duplicate_of=original))

    async def find(self, record: TrackRecord, unlike: Collection[str]) -> TrackRecord | None:
        """The oldest track with the same bytes that is ready, but for those in `unlike`."""
        if record.sha256 is None:
            return None
        async with self._engine.connect() as connection:
            twin_id = await connection.scalar(ready_twins(record, unlike))
        return None if twin_id is None else await self._catalogue.get(twin_id)

    async def stored(self, media_id: str) -> dict[str, int] | None:
        """The files of media that are in the store; None if they are not."""
        async with self._engine.connect() as connection:
            return await stored_files(connection, media_id)

    async def share(self, taken: TrackRecord, other_id: str) -> bool:
        """Store that a track is ready with the media of another.

        Its own folder is noted as a leftover: whatever happens now, nobody needs it any more.

        Args:
            taken: the track as it then is.

        Returns: False if the other is not what it was, or the track itself is gone; nothing is stored then.
        """
        async with self._catalogue.begin() as connection:
            await hold_twins(connection, taken.sha256 or "")
            own_media = await connection.scalar(sa.select(tracks.c.media_id).where(tracks.c.id == taken.id))
            if own_media is None or not await _still_has(connection, other_id, taken.media_id):
                return False
            row = {name: getattr(taken, name) for name in TAKEN} | {"state": taken.state.value}
            await connection.execute(sa.update(tracks).where(tracks.c.id == taken.id).values(row))
            await derived.follow(connection, taken.id)
            await connection.execute(sa.delete(renditions).where(renditions.c.track_id == taken.id))
            await _copy_renditions(connection, other_id, taken.id)
            await note_leftover(connection, own_media)
        return True


async def _still_has(connection: AsyncConnection, track_id: str, media_id: str) -> bool:
    query = sa.select(tracks.c.id).where(
        tracks.c.id == track_id, tracks.c.media_id == media_id, tracks.c.state == State.READY.value
    )
    return (await connection.execute(query)).first() is not None


async def _copy_renditions(connection: AsyncConnection, from_id: str, to_id: str) -> None:
    others = [column for column in renditions.columns if column.name != "track_id"]
    source = sa.select(sa.literal(to_id), *others).where(renditions.c.track_id == from_id)
    names = ["track_id", *(column.name for column in others)]
    await connection.execute(sa.insert(renditions).from_select(names, source))
