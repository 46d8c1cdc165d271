"""Albums in the database: rows of their own, made anew in the transaction that changes one of their tracks.

So a page of albums is one read of an index, however many tracks there are, and that of tracks with the
loudness of their albums is one more read for all of them.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from hls.loudness import Loudness, combine
from streamer import index
from streamer.album import loudness_in
from streamer.cover import COVER
from streamer.grouping import Membership, sort_key
from streamer.index import Kind
from streamer.tables import album_tracks, albums, tracks
from streamer.words import terms

# Of albums with more tracks the loudness is not kept: nobody levels a thousand episodes of a feed
# together, and each new one would mean reading all the others.
MAX_MEASURED = 500

_IN_ORDER = (album_tracks.c.place, album_tracks.c.track_id)
_LOUDNESS = tuple(albums.c[name] for name in ("integrated_lufs", "range_lu", "true_peak_dbtp"))
_TAKE = sa.text(
    "INSERT INTO albums (id, sort, title, track_count, duration_ms) VALUES (:id, '', '', 0, 0) "
    "ON CONFLICT (id) DO UPDATE SET id = excluded.id"
)


@dataclass(frozen=True, slots=True)
class AlbumLevel:
    """The loudness of the album of these tracks, None while it is not known."""

    track_ids: Sequence[str]
    loudness: Loudness | None


async def place(connection: AsyncConnection, track_id: str, now: Membership | None) -> list[AlbumLevel]:
    """Put a track into an album, or with None into none, and bring in step the albums that this concerns.

    Returns:
        The loudness of these albums, as it is from the commit on.
    """
    mine = album_tracks.c.track_id == track_id
    row = (await connection.execute(sa.select(album_tracks).where(mine))).mappings().first()
    values = {} if row is None else dict(row)
    values.pop("track_id", None)
    before = Membership(**values) if values else None
    if before == now:
        return []
    await connection.execute(sa.delete(album_tracks).where(mine))
    if now is not None:
        values = {name: getattr(now, name) for name in Membership.__struct_fields__}
        await connection.execute(sa.insert(album_tracks).values(track_id=track_id, **values))
    # In one order for all, so that of two who move tracks between two albums neither waits for the other.
    concerned = sorted({each.album_id for each in (before, now) if each is not None})
    levels = [await _renew(connection, album_id) for album_id in concerned]
    if now is None or not any(track_id in level.track_ids for level in levels):
        levels.append(AlbumLevel([track_id], None))
    return levels


def listed() -> sa.Select[Any]:
    """Albums, with what `streamer.album.view_album` needs of the track that gives each its cover."""
    covers = tracks.alias()
    query = sa.select(albums, *(covers.c[name] for name in COVER))
    return query.join(covers, covers.c.id == albums.c.cover_track_id, isouter=True)


async def loudness_of(connection: AsyncConnection, album_ids: Iterable[str]) -> dict[str, Loudness | None]:
    """The loudness of albums, by id."""
    wanted = set(album_ids)
    if not wanted:
        return {}
    query = sa.select(albums.c.id, *_LOUDNESS).where(albums.c.id.in_(wanted))
    return {row["id"]: loudness_in(row) for row in (await connection.execute(query)).mappings()}


async def _renew(connection: AsyncConnection, album_id: str) -> AlbumLevel:
    """Make an album's row from those of its tracks; without any, there is no album."""
    of_album = album_tracks.c.album_id == album_id
    # The row is written to first: who renews the same album meanwhile waits here, and then sees our tracks.
    await connection.execute(_TAKE, {"id": album_id})
    totals = sa.select(
        sa.func.count().label("track_count"),
        sa.func.sum(album_tracks.c.duration_ms).label("duration_ms"),
        sa.func.min(album_tracks.c.year).label("year"),
    ).where(of_album)
    row = (await connection.execute(totals)).mappings().one()
    one = albums.c.id == album_id
    if row["track_count"] == 0:
        await connection.execute(sa.delete(albums).where(one))
        await index.remove(connection, Kind.ALBUM, album_id)
        return AlbumLevel([], None)
    in_order = sa.select(album_tracks).where(of_album).order_by(*_IN_ORDER).limit(1)
    first = (await connection.execute(in_order)).mappings().one()
    with_cover = (await connection.execute(in_order.where(album_tracks.c.has_cover))).mappings().first()
    level = await _measure(connection, album_id)
    title, artist = first["title"], first["artist"]
    await connection.execute(
        sa.update(albums)
        .where(one)
        .values(
            sort=sort_key(album_id, title, artist, row["year"]),
            title=title,
            artist=artist,
            year=row["year"],
            track_count=row["track_count"],
            duration_ms=int(row["duration_ms"]),
            cover_track_id=None if with_cover is None else with_cover["track_id"],
            **_columns(level.loudness),
        )
    )
    await index.put(connection, Kind.ALBUM, album_id, terms(Kind.ALBUM, ([title], [artist])))
    return level


async def _measure(connection: AsyncConnection, album_id: str) -> AlbumLevel:
    query = (
        sa.select(album_tracks.c.track_id, tracks.c.loudness_histogram)
        .join(tracks, tracks.c.id == album_tracks.c.track_id)
        .where(album_tracks.c.album_id == album_id)
        .limit(MAX_MEASURED + 1)
    )
    rows = (await connection.execute(query)).all()
    if len(rows) > MAX_MEASURED:
        return AlbumLevel([], None)
    histograms = [row.loudness_histogram for row in rows if row.loudness_histogram is not None]
    whole = len(histograms) == len(rows)
    loudness = await asyncio.to_thread(combine, histograms) if whole else None
    return AlbumLevel([row.track_id for row in rows], loudness)


def _columns(loudness: Loudness | None) -> dict[str, float | None]:
    return {column.name: getattr(loudness, column.name, None) for column in _LOUDNESS}
