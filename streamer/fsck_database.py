"""What the database can say of itself: damage, rows without the row that they belong to, the search index."""

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from hls.model import Rendition, Segment
from streamer import derived
from streamer.finding import Finding, Kind, Remedy
from streamer.rendition_rows import from_row
from streamer.tables import renditions, search_words, tracks

_SEGMENTS = msgspec.msgpack.Decoder(list[Segment])


async def damage(connection: AsyncConnection, *, thorough: bool) -> list[Finding]:
    """What SQLite finds wrong with its file. PostgreSQL looks after its own."""
    if connection.dialect.name != "sqlite":
        return []
    pragma = "PRAGMA integrity_check(5)" if thorough else "PRAGMA quick_check(5)"
    said = [row[0] for row in await connection.execute(sa.text(pragma))]
    if said == ["ok"]:
        return []
    return [
        Finding(kind=Kind.DATABASE_DAMAGED, remedy=Remedy.NONE, detail=str(words).partition("\n")[0])
        for words in said
    ]


async def look(connection: AsyncConnection, *, running: bool) -> list[Finding]:
    """Rows that dangle, and words of the search that are out of step. `running`: others write meanwhile."""
    found = await _dangling(connection)
    return found if running else found + await _stale(connection)


async def _dangling(connection: AsyncConnection) -> list[Finding]:
    if connection.dialect.name != "sqlite":
        return []  # which never lets go of a foreign key
    rows = (await connection.execute(sa.text("PRAGMA foreign_key_check"))).all()
    return [
        Finding(
            kind=Kind.ROW_DANGLING,
            remedy=Remedy.DELETE_ROW,
            folder=None,
            file=f"{table}#{rowid}",
            detail=f"row {rowid} of {table} belongs to a row of {parent} that is gone",
        )
        for table, rowid, parent, _ in rows
        if rowid is not None
    ]


async def _stale(connection: AsyncConnection) -> list[Finding]:
    """Tracks that the search would miss, or find by what they are not called any more."""
    query = sa.select(tracks, search_words.c.terms).join_from(
        tracks, search_words, search_words.c.track_id == tracks.c.id, isouter=True
    )
    found = []
    exact = connection.dialect.name == "sqlite"  # PostgreSQL's vectors do not read back as they were written
    async for row in (await connection.stream(query)).mappings():
        asked = derived.words_of(row) if row["playable"] else None
        differs = row["terms"] != asked if exact else (row["terms"] is None) != (asked is None)
        if differs:
            words = "the search does not find it" if row["terms"] is None else "the search has it otherwise"
            remedy = Remedy.INDEX_AGAIN
            found.append(Finding(kind=Kind.INDEX_STALE, remedy=remedy, track=row["id"], detail=words))
    return found


def end_of(init_size_bytes: int, segments: bytes) -> int | None:
    """Where a rendition's last segment ends; None if the table can't be read or has a hole."""
    try:
        table = _SEGMENTS.decode(segments)
    except msgspec.DecodeError:
        return None
    at = init_size_bytes
    for segment in table:
        if segment.offset_bytes != at or segment.size_bytes <= 0:
            return None
        at += segment.size_bytes
    return at if table else None


async def rendition(connection: AsyncConnection, track_id: str, name: str) -> Rendition | None:
    """One rendition of a track, its table as `end_of` has found it to be."""
    query = sa.select(renditions).where(renditions.c.track_id == track_id, renditions.c.name == name)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else from_row(row)
