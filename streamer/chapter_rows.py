"""Chapters of tracks in the database."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from streamer.tables_live import chapters
from streamer.track import Chapter, TrackRecord


async def load(connection: AsyncConnection, records: Sequence[TrackRecord]) -> None:
    """Let records have their chapters; only what was recorded has any."""
    recorded = {record.id: record for record in records if record.room is not None}
    if not recorded:
        return
    query = sa.select(chapters).where(chapters.c.track_id.in_(recorded)).order_by(chapters.c.start_ms)
    for row in await connection.execute(query):
        recorded[row.track_id].chapters.append(Chapter(row.start_ms, row.title))


async def write(connection: AsyncConnection, record: TrackRecord) -> None:
    """Store the chapters of a track instead of those it had."""
    await connection.execute(sa.delete(chapters).where(chapters.c.track_id == record.id))
    if record.chapters:
        rows = [
            {"track_id": record.id, "start_ms": one.start_ms, "title": one.title} for one in record.chapters
        ]
        await connection.execute(sa.insert(chapters), rows)
