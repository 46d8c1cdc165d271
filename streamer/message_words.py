"""The words of messages in the database: written in the transaction that changes a message, and asked.

Both databases hold what `streamer.words` makes of a text, as in `streamer.index`; before each word stands the
room, so that a question reads nothing of other rooms.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from streamer.database import execute_often
from streamer.tables_log import message_words
from streamer.words import indexed

_MARK = "\ue080"  # not one of those in `streamer.words`


def terms(room: str, body: str) -> str:
    """What is indexed of a message."""
    before = _before(room)
    return " ".join([before + word for word in sorted(indexed(body))])


def put(connection: Connection, said: Sequence[tuple[str, int, str]]) -> None:
    """Index messages, given as (room, seq, body), or index them anew."""
    rows = [(room, seq, terms(room, body)) for room, seq, body in said]
    execute_often(connection, _statement(connection.dialect), rows)


def remove(connection: Connection, room: str, seq: int) -> None:
    """A message is not found any more."""
    connection.execute(
        sa.delete(message_words).where(message_words.c.room == room, message_words.c.seq == seq)
    )


def find(
    connection: Connection, room: str, asked: Sequence[str], before: int | None, limit: int
) -> list[int]:
    """The seqs of messages of a room that have all words, newest first.

    Args:
        asked: prefixes of words, from `streamer.words.words`; at least one.
        before: only smaller seqs.
    """
    mark = _before(room)
    values: dict[str, Any] = {"room": room, "limit": limit}
    if connection.dialect.name == "sqlite":
        # The order of serials is that of seqs, and FTS5 gives it for nothing.
        source = "message_index JOIN message_words ON serial = message_index.rowid"
        where, order = "message_index MATCH :match", "message_index.rowid"
        values["match"] = " AND ".join(f'"{mark}{word}"*' for word in asked)
    else:
        source, where, order = "message_words", "terms @@ CAST(:match AS tsquery)", "seq"
        values["match"] = " & ".join(f"'{mark}{word}':*" for word in asked)
    query = f"SELECT seq FROM {source} WHERE {where} AND room = :room"
    if before is not None:
        query += " AND seq < :before"
        values["before"] = before
    rows = connection.execute(sa.text(f"{query} ORDER BY {order} DESC LIMIT :limit"), values)
    return [seq for (seq,) in rows]


@lru_cache(maxsize=4)
def _statement(dialect: sa.Dialect) -> str:
    value = "array_to_tsvector(string_to_array(:terms, ' '))" if dialect.name == "postgresql" else ":terms"
    query = (
        f"INSERT INTO message_words (room, seq, terms) VALUES (:room, :seq, {value}) "
        "ON CONFLICT (room, seq) DO UPDATE SET terms = excluded.terms"
    )
    return str(sa.text(query).compile(dialect=dialect))


@lru_cache(maxsize=1000)
def _before(room: str) -> str:
    return _MARK + hashlib.blake2b(room.encode(), digest_size=5).hexdigest()
