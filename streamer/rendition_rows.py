"""Renditions of tracks in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from hls import ladder
from hls.model import Rendition, Segment
from hls.playlist import average_bandwidth
from streamer.tables import renditions
from streamer.track import RenditionView, TrackRecord

_SEGMENTS = msgspec.msgpack.Decoder(list[Segment])
_RANK = {name: place for place, name in enumerate(ladder.NAMES)}


async def write(connection: AsyncConnection, record: TrackRecord, *, unfinished: bool = False) -> None:
    """Store the renditions of a track that is ready, instead of those it had; or, if it is not, which there
    are.
    """
    await connection.execute(sa.delete(renditions).where(renditions.c.track_id == record.id))
    rows = [_row(record.id, rendition, unfinished) for rendition in record.renditions.values()]
    if rows:
        await connection.execute(sa.insert(renditions), rows)


async def load(connection: AsyncConnection, record: TrackRecord) -> None:
    """Let a record have its renditions, with all their segments."""
    query = sa.select(renditions).where(renditions.c.track_id == record.id)
    parts = (await connection.execute(query)).mappings().all()
    ordered = sorted(parts, key=lambda part: _RANK.get(part["name"], len(_RANK)))
    record.renditions = {part["name"]: from_row(part) for part in ordered}
    if record.renditions:
        record.packaged_ticks = next(iter(record.renditions.values())).duration_ticks


async def list_for(connection: AsyncConnection, records: Sequence[TrackRecord]) -> None:
    """Let records have their renditions as they are listed, without segments."""
    by_id = {record.id: record for record in records}
    columns = (
        renditions.c[name] for name in ("track_id", "name", "codecs", "bitrate", "timescale", "channels")
    )
    found = await connection.execute(sa.select(*columns).where(renditions.c.track_id.in_(by_id)))
    for track_id, *columns_of_one in sorted(found, key=lambda row: _RANK.get(row.name, len(_RANK))):
        by_id[track_id].listed.append(RenditionView(*columns_of_one))


def _row(track_id: str, rendition: Rendition, unfinished: bool) -> dict[str, Any]:
    return {
        "track_id": track_id,
        "name": rendition.name,
        "codecs": rendition.codecs,
        "timescale": rendition.timescale,
        "channels": rendition.channels,
        "init_size_bytes": rendition.init_size_bytes,
        "segments": msgspec.msgpack.encode([] if unfinished else rendition.segments),
        "bitrate": average_bandwidth(rendition) if rendition.segments else 0,
    }


def from_row(row: sa.RowMapping) -> Rendition:
    """A rendition with its segments.

    Raises:
        msgspec.DecodeError: its table can't be read.
    """
    return Rendition(
        name=row["name"],
        codecs=row["codecs"],
        timescale=row["timescale"],
        channels=row["channels"],
        init_size_bytes=row["init_size_bytes"],
        segments=_SEGMENTS.decode(row["segments"]),
        complete=True,
    )
