"""The search index in the database: written in the transaction that changes what is found by it.

SQLite has an FTS5 table, PostgreSQL a tsvector; both hold the words that `streamer.words` makes, and answer
alike. Words of a question are prefixes; all of them have to match.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from streamer.tables import search_words
from streamer.words import mark


class Kind(IntEnum):
    """What can be found."""

    TRACK = 0
    ALBUM = 1
    PLAYLIST = 2


# Of a track: title; artists; album; genre and the name of its file. Of the others: title; the rest.
TIERS = {Kind.TRACK: 4, Kind.ALBUM: 2, Kind.PLAYLIST: 2}
_REFERENCES = {
    Kind.TRACK: search_words.c.track_id,
    Kind.ALBUM: search_words.c.album_id,
    Kind.PLAYLIST: search_words.c.playlist_id,
}


async def put(connection: AsyncConnection, kind: Kind, reference: str, found_by: str) -> None:
    """Index a thing, or index it anew; it keeps its place.

    Args:
        found_by: `streamer.words.terms` of it, in as many tiers as its kind has.
    """
    column = _REFERENCES[kind].name
    value = ":terms"
    if connection.dialect.name == "postgresql":
        value = "array_to_tsvector(string_to_array(:terms, ' '))"
    query = (
        f"INSERT INTO search_words ({column}, terms) VALUES (:reference, {value}) ON CONFLICT ({column}) "
        "DO UPDATE SET terms = excluded.terms WHERE search_words.terms <> excluded.terms"
    )
    await connection.execute(sa.text(query), {"reference": reference, "terms": found_by})


async def remove(connection: AsyncConnection, kind: Kind, reference: str) -> None:
    """A thing is not found any more. One that is deleted takes its words along."""
    await connection.execute(sa.delete(search_words).where(_REFERENCES[kind] == reference))


async def find(
    connection: AsyncConnection,
    kind: Kind,
    asked: Sequence[str],
    *,
    tier: int,
    before: int | None,
    limit: int,
) -> list[tuple[int, str]]:
    """What matches in a tier and not in a better one, newest first, as (serial, id).

    Args:
        asked: prefixes of words, from `streamer.words.words`; at least one.
        before: only what has a smaller serial.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    match = _fts5(kind, asked, tier) if on_sqlite else _tsquery(kind, asked, tier)
    column = _REFERENCES[kind].name
    if on_sqlite:
        source = "search_index JOIN search_words ON serial = search_index.rowid"
        where, place = "search_index MATCH :match", "search_index.rowid"
    else:
        source, where, place = "search_words", "terms @@ CAST(:match AS tsquery)", "serial"
    query = f"SELECT serial, {column} FROM {source} WHERE {where}"
    values: dict[str, Any] = {"match": match, "limit": limit}
    if before is not None:
        query += f" AND {place} < :before"
        values["before"] = before
    rows = await connection.execute(sa.text(f"{query} ORDER BY {place} DESC LIMIT :limit"), values)
    return [(serial, reference) for serial, reference in rows]


async def best(connection: AsyncConnection, kind: Kind, asked: Sequence[str], limit: int) -> list[str]:
    """The ids of the first of what matches in any tier."""
    found: list[str] = []
    for tier in range(TIERS[kind]):
        rows = await find(connection, kind, asked, tier=tier, before=None, limit=limit - len(found))
        found += [reference for _, reference in rows]
        if len(found) >= limit:
            break
    return found


def _fts5(kind: Kind, asked: Sequence[str], tier: int) -> str:
    """In FTS5's language, where a word in quotes is nothing but a word; ours have no quotes in them."""
    every = [" AND ".join(f'"{mark(kind, each)}{word}"*' for word in asked) for each in range(tier + 1)]
    return f"({every[tier]}) NOT ({every[tier - 1]})" if tier else every[0]


def _tsquery(kind: Kind, asked: Sequence[str], tier: int) -> str:
    every = [" & ".join(f"'{mark(kind, each)}{word}':*" for word in asked) for each in range(tier + 1)]
    return f"({every[tier]}) & !({every[tier - 1]})" if tier else every[0]
