"""What follows from a track's row: the words it is found by, and its place in an album.

Written in the transaction that writes the row, by whoever does, so that it is never out of step.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from streamer import discography, index
from streamer.cover import COVER, cover_link
from streamer.discography import AlbumLevel
from streamer.grouping import Membership, membership
from streamer.index import Kind
from streamer.tables import tracks
from streamer.tags import Tags, read_edits, shown
from streamer.words import terms

_LEVELS = "album levels"
_OF_ONE = sa.select(
    *(tracks.c[name] for name in ("filename", "playable", "edits", "duration_ms", *COVER)),
    *(tracks.c[name] for name in Tags.__struct_fields__),
    tracks.c.loudness_histogram.is_not(None).label("measured"),
).where(tracks.c.id == sa.bindparam("id"))


@contextmanager
def collecting(connection: AsyncConnection) -> Iterator[list[AlbumLevel]]:
    """What changes for the loudness of albums on this connection: true once it is committed."""
    levels: list[AlbumLevel] = []
    connection.info[_LEVELS] = levels
    try:
        yield levels
    finally:
        del connection.info[_LEVELS]


async def follow(connection: AsyncConnection, track_id: str) -> None:
    """Bring in step what follows from a track, as it is in the database now, with its edits.

    A track that can't be played is neither found nor in an album.
    """
    row = (await connection.execute(_OF_ONE, {"id": track_id})).mappings().first()
    if row is None or not row["playable"]:
        await index.remove(connection, Kind.TRACK, track_id)
        await _place(connection, track_id, None)
        return
    await index.put(connection, Kind.TRACK, track_id, words_of(row))
    now = membership(
        _tags(row),
        duration_ms=row["duration_ms"] or 0,
        has_cover=cover_link(track_id, **{name: row[name] for name in COVER}) is not None,
        measured=bool(row["measured"]),
    )
    await _place(connection, track_id, now)


def words_of(row: sa.RowMapping) -> str:
    """What a track that has these columns is found by."""
    tags = _tags(row)
    rest = [tags.genre, row["filename"]]
    texts = ([tags.title], [tags.artist, tags.album_artist], [tags.album], rest)
    assert len(texts) == index.TIERS[Kind.TRACK]
    return terms(Kind.TRACK, texts)


async def unfollow(connection: AsyncConnection, track_id: str) -> None:
    """Take a track out of its album, before it is deleted; the words go with its row."""
    await _place(connection, track_id, None)


def _tags(row: sa.RowMapping) -> Tags:
    return shown({name: row[name] for name in Tags.__struct_fields__}, read_edits(row["edits"]))


async def _place(connection: AsyncConnection, track_id: str, now: Membership | None) -> None:
    levels = await discography.place(connection, track_id, now)
    told: list[AlbumLevel] | None = connection.info.get(_LEVELS)
    if told is not None:  # else nobody listens: fsck, beside a server
        told += levels
