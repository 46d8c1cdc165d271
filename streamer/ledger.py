"""Resumable uploads in the database. Every method is one transaction; cancelled, it happened or not."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.tables import tracks, uploads
from streamer.track import State


@dataclass(slots=True)
class UploadRow:
    """What is known of an upload besides its track.

    Attributes:
        length_bytes: of the whole recording, None while its client has not said.
        client_metadata: Upload-Metadata as it was sent.
        expires_at: ms since the epoch; each request moves it on.
    """

    track_id: str
    length_bytes: int | None
    client_metadata: str | None
    expires_at: int


class Ledger:
    """Goes with its track: who deletes the one deletes the other."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, row: UploadRow) -> None:
        """Note a new upload, whose track is there."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(uploads).values(_values(row)))

    async def update(self, row: UploadRow) -> None:
        """Store length and expiry; a no-op if it is gone."""
        query = sa.update(uploads).where(uploads.c.track_id == row.track_id)
        async with self._engine.begin() as connection:
            await connection.execute(query.values(_values(row)))

    async def get(self, track_id: str) -> UploadRow | None:
        """The upload, or None."""
        query = sa.select(uploads).where(uploads.c.track_id == track_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else UploadRow(**row)

    async def unfinished(self) -> list[UploadRow]:
        """Uploads whose bytes were still coming, oldest first."""
        query = (
            sa.select(uploads)
            .join(tracks, tracks.c.id == uploads.c.track_id)
            .where(tracks.c.state == State.RECEIVING.value)
            .order_by(uploads.c.track_id)
        )
        async with self._engine.connect() as connection:
            return [UploadRow(**row) for row in (await connection.execute(query)).mappings()]

    async def forget_ended(self, before_ms: int) -> None:
        """Forget uploads that have ended, one way or the other, and expired."""
        ended = sa.select(tracks.c.id).where(tracks.c.state != State.RECEIVING.value)
        query = sa.delete(uploads).where(uploads.c.expires_at < before_ms, uploads.c.track_id.in_(ended))
        async with self._engine.begin() as connection:
            await connection.execute(query)


def _values(row: UploadRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
