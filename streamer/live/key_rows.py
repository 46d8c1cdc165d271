"""Stream keys in the database. Functions of a synchronous connection, each for one transaction."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, or_, select, update

from streamer.order_rows import TooMany
from streamer.tables_live import stream_keys


class KeyRow(Struct, frozen=True):
    """A stream key, but for the key. Times are milliseconds since the Unix epoch."""

    id: str
    room: str
    person: str
    person_name: str
    label: str
    priority: int
    hash: str
    created_at: int
    expires_at: int | None


def add_key(connection: Connection, row: KeyRow, max_keys: int) -> None:
    """Keep a new key; those of the room that have expired go.

    Raises:
        TooMany: the room has as many as it may.
    """
    here = stream_keys.c.room == row.room
    connection.execute(delete(stream_keys).where(here, stream_keys.c.expires_at <= row.created_at))
    count = connection.scalar(select(func.count()).select_from(stream_keys).where(here)) or 0
    if count >= max_keys:
        raise TooMany(f"there are {count} stream keys of one room, and may be {max_keys}")
    values = {name: getattr(row, name) for name in KeyRow.__struct_fields__}
    connection.execute(insert(stream_keys).values(values))


def read_keys(connection: Connection, room: str, now_ms: int) -> list[KeyRow]:
    """The keys of a room that are good, oldest first."""
    return _read(connection, now_ms, stream_keys.c.room == room)


def find_key(connection: Connection, hash: str, now_ms: int) -> KeyRow | None:
    """The key with this hash, if it is good."""
    return next(iter(_read(connection, now_ms, stream_keys.c.hash == hash)), None)


def good_keys(connection: Connection, ids: Sequence[str], now_ms: int) -> dict[str, str]:
    """The hashes of those of these keys that are good, by id."""
    return {row.id: row.hash for row in _read(connection, now_ms, stream_keys.c.id.in_(ids))}


def rotate_key(connection: Connection, room: str, id: str, hash: str) -> bool:
    """Let another secret stand for a key. False if there is no such key."""
    mine = (stream_keys.c.room == room) & (stream_keys.c.id == id)
    return bool(connection.execute(update(stream_keys).where(mine).values(hash=hash)).rowcount)


def remove_key(connection: Connection, room: str, id: str) -> bool:
    """A key is good for nothing any more. False if there was none."""
    mine = (stream_keys.c.room == room) & (stream_keys.c.id == id)
    return bool(connection.execute(delete(stream_keys).where(mine)).rowcount)


def _read(connection: Connection, now_ms: int, where: Any) -> list[KeyRow]:
    good = or_(stream_keys.c.expires_at.is_(None), stream_keys.c.expires_at > now_ms)
    query = select(stream_keys).where(where, good).order_by(stream_keys.c.id)
    return [KeyRow(**row) for row in connection.execute(query).mappings()]
