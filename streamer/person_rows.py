"""People in SQL: statements, each for one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, func, or_, select, text

from chat.fields import Author
from streamer.tables import messages, rooms
from streamer.tables_people import blocks, directs, persons, read_markers

# What both databases understand; an upsert of SQLAlchemy is one dialect's.
_NOTE_PERSON = text(
    "INSERT INTO persons (id, name, guest, seen_at) VALUES (:id, :name, :guest, :seen_at) "
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at"
)
_SET_MARKER = text(
    "INSERT INTO read_markers (person, room, epoch, seq, at) VALUES (:person, :room, :epoch, :seq, :at) "
    "ON CONFLICT (person, room) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, at = excluded.at "
    "WHERE read_markers.epoch <> excluded.epoch OR read_markers.seq < excluded.seq"
)
_OPEN_DIRECT = text(
    "INSERT INTO directs (room, first, second, created_at) VALUES (:room, :first, :second, :at) "
    "ON CONFLICT DO NOTHING"
)
_BLOCK = text(
    "INSERT INTO blocks (person, blocked, at) VALUES (:person, :blocked, :at) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two of a direct room.

    Attributes:
        blocked: one of them has blocked the other.
    """

    first: str
    second: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class DirectRow:
    """A direct room as one of the two sees it: `at` is when something last happened there."""

    room: str
    other: Author
    seq: int
    read: int
    at: int


def write(
    connection: Connection, known: Sequence[Mapping[str, Any]], markers: Sequence[Mapping[str, Any]]
) -> None:
    """Note who was here, and how far people have read. Sorted, so that two nodes do not lock each other."""
    if known:
        connection.execute(_NOTE_PERSON, sorted(known, key=lambda row: row["id"]))
    if markers:
        connection.execute(_SET_MARKER, sorted(markers, key=lambda row: (row["person"], row["room"])))


def read_markers_of(connection: Connection, ids: Sequence[str]) -> Sequence[Any]:
    """(person, room, epoch, seq), those set last at the end."""
    columns = (read_markers.c.person, read_markers.c.room, read_markers.c.epoch, read_markers.c.seq)
    query = select(*columns).where(read_markers.c.person.in_(ids)).order_by(read_markers.c.at)
    return connection.execute(query).all()


def find_name(connection: Connection, id: str) -> str | None:
    """The name that somebody had last; None for who was never here."""
    return connection.scalar(select(persons.c.name).where(persons.c.id == id))


def is_blocked(connection: Connection, one: str, other: str) -> bool:
    """Whether one of two has blocked the other."""
    either = or_(
        and_(blocks.c.person == one, blocks.c.blocked == other),
        and_(blocks.c.person == other, blocks.c.blocked == one),
    )
    return connection.scalar(select(func.count()).select_from(blocks).where(either)) != 0


def find_pair(connection: Connection, room: str) -> Pair | None:
    """Who may be in a direct room."""
    row = connection.execute(select(directs).where(directs.c.room == room)).first()
    return None if row is None else Pair(row.first, row.second, is_blocked(connection, row.first, row.second))


def open_direct(connection: Connection, room: str, one: str, other: str, at: int) -> tuple[str, bool]:
    """The direct room of two, to be called `room` if there is none yet; and whether it is new."""
    first, second = sorted((one, other))
    values = {"room": room, "first": first, "second": second, "at": at}
    new = connection.execute(_OPEN_DIRECT, values).rowcount > 0
    where = (directs.c.first == first) & (directs.c.second == second)
    return connection.execute(select(directs.c.room).where(where)).scalar_one(), new


def list_directs(connection: Connection, id: str, limit: int) -> list[DirectRow]:
    """The direct rooms of somebody; where something happened last comes first."""
    newest: Select[Any] = (
        select(messages.c.at)
        .where(messages.c.room == directs.c.room)
        .order_by(messages.c.seq.desc())
        .limit(1)
    )
    top = select(func.max(messages.c.seq)).where(messages.c.room == directs.c.room).scalar_subquery()
    at = func.coalesce(newest.scalar_subquery(), directs.c.created_at).label("at")
    other = case((directs.c.first == id, directs.c.second), else_=directs.c.first).label("other")
    mine = and_(read_markers.c.room == directs.c.room, read_markers.c.person == id)
    marked = and_(mine, read_markers.c.epoch == rooms.c.epoch)
    query = (
        select(directs.c.room, other, persons.c.name, top.label("seq"), read_markers.c.seq.label("read"), at)
        .outerjoin(persons, persons.c.id == other)
        .outerjoin(rooms, rooms.c.name == directs.c.room)
        .outerjoin(read_markers, marked)
        .where(or_(directs.c.first == id, directs.c.second == id))
        .order_by(at.desc(), directs.c.room)
        .limit(limit)
    )
    return [
        DirectRow(row.room, Author(row.other, row.name or ""), row.seq or 0, row.read or 0, row.at)
        for row in connection.execute(query)
    ]


def block(connection: Connection, id: str, other: str, at: int, max_blocks: int) -> tuple[bool, str | None]:
    """Whether somebody is blocked now, and not one too many; and the direct room of the two."""
    connection.execute(_BLOCK, {"person": id, "blocked": other, "at": at})
    count = connection.scalar(select(func.count()).select_from(blocks).where(blocks.c.person == id)) or 0
    if count > max_blocks:
        unblock(connection, id, other)
        return False, None
    first, second = sorted((id, other))
    where = (directs.c.first == first) & (directs.c.second == second)
    return True, connection.scalar(select(directs.c.room).where(where))


def unblock(connection: Connection, id: str, other: str) -> None:
    connection.execute(delete(blocks).where(blocks.c.person == id, blocks.c.blocked == other))


def list_blocks(connection: Connection, id: str) -> list[Author]:
    """Whom somebody has blocked, the last first."""
    query = select(blocks.c.blocked, persons.c.name).outerjoin(persons, persons.c.id == blocks.c.blocked)
    query = query.where(blocks.c.person == id).order_by(blocks.c.at.desc(), blocks.c.blocked)
    return [Author(row.blocked, row.name or "") for row in connection.execute(query)]


def blockers(connection: Connection, id: str, ids: Sequence[str]) -> set[str]:
    """Those of `ids` who have blocked somebody."""
    return set(
        connection.scalars(select(blocks.c.person).where(blocks.c.blocked == id, blocks.c.person.in_(ids)))
    )


def forget_guests(connection: Connection, before_ms: int) -> None:
    """Let go of guests whose tokens have expired; whoever shares a direct room with one still sees a name."""
    gone = select(persons.c.id).where(persons.c.guest, persons.c.seen_at < before_ms)
    connection.execute(delete(read_markers).where(read_markers.c.person.in_(gone)))
    connection.execute(delete(blocks).where(blocks.c.person.in_(gone)))
    talked = select(directs.c.first).union(select(directs.c.second))
    connection.execute(
        delete(persons).where(persons.c.guest, persons.c.seen_at < before_ms, persons.c.id.not_in(talked))
    )
