"""The order of rooms in the database: what is read, and every change of it with its line in the audit log.

Functions of a synchronous connection, each for one transaction of a `streamer.lane.Lane`. A change begins by
moving the revision of the room, so that of two at once the second waits for the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, or_, select, update

from chat.acts import Measure
from chat.networks import Network
from chat.order import Order, Policy, Sanction
from chat.roles import Role
from streamer.line_rows import Line, claim
from streamer.tables import messages
from streamer.tables_live import stream_keys
from streamer.tables_order import audit, room_filters, room_invites, room_orders, room_roles, sanctions

_POLICY = tuple(Policy.__struct_fields__)


class TooMany(Exception):
    """There is no room for more. The text says what of, and how many there may be."""


class Taken(Exception):
    """There is such a room already."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What goes into the audit log: who did what, when, to whom.

    Attributes:
        id: of the line; sorts by time.
        subject: as people read it.
        line: that asked for it; None for what nobody sends again.
    """

    id: str
    room: str
    act: str
    by_id: str
    by_name: str
    at: int
    subject_id: str | None = None
    subject: str = ""
    detail: str = ""
    line: Line | None = None


def read_order(connection: Connection, room: str) -> Order:
    """What holds in a room, "" for everywhere; measures that have run out are still in it."""
    row = connection.execute(select(room_orders).where(room_orders.c.room == room)).mappings().first()
    if row is None:
        return Order(room)
    roles = connection.execute(select(room_roles).where(room_roles.c.room == room))
    found = connection.execute(
        select(sanctions).where(sanctions.c.room == room).order_by(sanctions.c.at, sanctions.c.id)
    )
    words = [row["word"] for row in read_filters(connection, room)]
    return Order(
        room,
        row["revision"],
        Policy(**{name: row[name] for name in _POLICY}),
        {role.author_id: Role(role.role) for role in roles},
        [_sanction(one) for one in found.mappings()],
        words,
        connection.scalars(
            select(room_invites.c.id).where(room_invites.c.room == room, room_invites.c.revoked)
        ),
    )


def read_filters(connection: Connection, room: str) -> list[RowMapping]:
    """Words of the filter and how they were written, as `Order.filters` has them."""
    query = select(room_filters).where(room_filters.c.room == room).order_by(room_filters.c.at)
    return list(connection.execute(query).mappings())


def revisions(connection: Connection, rooms: Sequence[str]) -> dict[str, int]:
    """The revisions of these rooms; those never ruled are not in it."""
    query = select(room_orders.c.room, room_orders.c.revision).where(room_orders.c.room.in_(rooms))
    return {row.room: row.revision for row in connection.execute(query)}


def found_room(connection: Connection, deed: Deed, max_rooms: int) -> None:
    """Make a room with `by` as its owner.

    Raises:
        Taken: it has an order, or somebody has spoken in it, or another has a stream key of it.
        TooMany: the account owns as many rooms as it may.
    """
    now_ms, keys = deed.at, stream_keys
    good = or_(keys.c.expires_at.is_(None), keys.c.expires_at > now_ms)
    others = select(keys.c.id).where(keys.c.room == deed.room, keys.c.person != deed.by_id, good)
    spoken = select(messages.c.seq).where(messages.c.room == deed.room).limit(1)
    ruled = select(room_orders.c.room).where(room_orders.c.room == deed.room)
    if any(connection.execute(query.limit(1)).first() for query in (ruled, spoken, others)):
        raise Taken(f"there is a room {deed.room} already")
    owned = and_(room_roles.c.author_id == deed.by_id, room_roles.c.role == Role.OWNER.value)
    bound(connection, room_roles, owned, max_rooms, "rooms of one owner")
    move(connection, deed)
    _give(connection, deed.room, deed.by_id, deed.by_name, Role.OWNER, deed.at)
    note(connection, deed)


def take(connection: Connection, deed: Deed, sanction: Sanction, max_kept: int) -> None:
    """Take a measure; one of its kind against the same is replaced, and what has run out is removed.

    Raises:
        TooMany
    """
    move(connection, deed)
    values = {name: getattr(sanction, name) for name in sanction.__struct_fields__}
    values |= {
        "measure": sanction.measure.value,
        "network": str(sanction.network) if sanction.network else None,
    }
    if sanction.author_id is not None:
        same = sanctions.c.author_id == sanction.author_id
    else:
        same = and_(sanctions.c.author_id.is_(None), sanctions.c.network == values["network"])
    mine = and_(sanctions.c.room == sanction.room, sanctions.c.measure == values["measure"])
    over = and_(sanctions.c.room == sanction.room, sanctions.c.until <= deed.at)
    connection.execute(delete(sanctions).where(or_(and_(mine, same), over)))
    bound(connection, sanctions, sanctions.c.room == sanction.room, max_kept, "measures in one room")
    connection.execute(insert(sanctions).values(values))
    note(connection, deed)


def widen(connection: Connection, sanction: Sanction, network: str) -> bool:
    """Put the network of a guest into the measure against them, if it has none. Returns whether it had."""
    mine = and_(sanctions.c.id == sanction.id, sanctions.c.network.is_(None))
    if not connection.execute(update(sanctions).where(mine).values(network=network)).rowcount:
        return False
    here = room_orders.c.room == sanction.room
    connection.execute(update(room_orders).where(here).values(revision=room_orders.c.revision + 1))
    return True


def lift(
    connection: Connection, deed: Deed, measure: Measure, author_id: str | None, network: Network | None
) -> int:
    """Lift measures of a kind against somebody, or against a network. Returns how many there were."""
    mine = and_(sanctions.c.room == deed.room, sanctions.c.measure == measure.value)
    if author_id is not None:
        whom = sanctions.c.author_id == author_id
    else:
        whom = sanctions.c.network == str(network)
    lifted = connection.execute(delete(sanctions).where(mine, whom)).rowcount
    if lifted:
        move(connection, deed)
        note(connection, deed)
    return lifted


def find_sanctions(connection: Connection, room: str, name: str, measure: Measure) -> list[tuple[str, str]]:
    """(author id, name) of those against whom there is such a measure, by the name they had."""
    query = select(sanctions.c.author_id, sanctions.c.name).where(
        sanctions.c.room == room,
        sanctions.c.measure == measure.value,
        sanctions.c.author_id.is_not(None),
        func.lower(sanctions.c.name) == name.lower(),
    )
    return [(row.author_id, row.name) for row in connection.execute(query)]


def appoint(connection: Connection, deed: Deed, role: Role | None, max_kept: int) -> None:
    """Give the subject a role, or take it away. Raises TooMany."""
    assert deed.subject_id is not None
    move(connection, deed)
    here = room_roles.c.room == deed.room
    connection.execute(delete(room_roles).where(here, room_roles.c.author_id == deed.subject_id))
    if role is not None:
        bound(connection, room_roles, here, max_kept, "people with a role in one room")
        _give(connection, deed.room, deed.subject_id, deed.subject, role, deed.at)
    note(connection, deed)


def hand_on(connection: Connection, deed: Deed, max_kept: int, max_rooms: int) -> None:
    """Make the subject the owner of the room, and `by` a moderator of it.

    Raises:
        TooMany: also when the subject owns as many rooms as it may.
    """
    owned = and_(room_roles.c.author_id == deed.subject_id, room_roles.c.role == Role.OWNER.value)
    bound(connection, room_roles, owned, max_rooms, f"rooms of {deed.subject}")
    appoint(connection, deed, Role.OWNER, max_kept)
    _give(connection, deed.room, deed.by_id, deed.by_name, Role.MODERATOR, deed.at)


def change(connection: Connection, deed: Deed, values: dict[str, Any]) -> None:
    """Change the policy of a room."""
    move(connection, deed)
    connection.execute(update(room_orders).where(room_orders.c.room == deed.room).values(values))
    note(connection, deed)


def revoke_invites(connection: Connection, deed: Deed) -> None:
    """Invites that were made until now are good for nothing."""
    move(connection, deed)
    mine = room_orders.c.room == deed.room
    connection.execute(update(room_orders).where(mine).values(invites=room_orders.c.invites + 1))
    connection.execute(delete(room_invites).where(room_invites.c.room == deed.room))
    note(connection, deed)


def change_filter(
    connection: Connection, deed: Deed, word: str, add: bool, max_kept: int, written: str | None = None
) -> bool:
    """Put a word into the filter or take it out. Returns whether that changed anything. Raises TooMany."""
    mine = room_filters.c.room == deed.room
    there = connection.execute(select(room_filters).where(mine, room_filters.c.word == word)).first()
    if add == bool(there):
        return False
    move(connection, deed)
    if add:
        bound(connection, room_filters, mine, max_kept, "words in one filter")
        connection.execute(
            insert(room_filters).values(room=deed.room, word=word, written=written, at=deed.at)
        )
    else:
        connection.execute(delete(room_filters).where(mine, room_filters.c.word == word))
    note(connection, deed)
    return True


def note(connection: Connection, deed: Deed) -> None:
    """Write a line of the audit log: the one way there is to change it.

    Raises:
        Repeated: what asks for it was carried out.
    """
    if deed.line is not None:
        claim(connection, deed.line, deed.at)
    connection.execute(insert(audit).values({name: getattr(deed, name) for name in audit.c.keys()}))


def read_audit(connection: Connection, room: str, before: str | None, limit: int) -> list[RowMapping]:
    """Lines of the audit log, newest first."""
    query = select(audit).where(audit.c.room == room).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return list(connection.execute(query).mappings())


def read_roles(connection: Connection, room: str) -> list[RowMapping]:
    """Who was given which role, in that order."""
    query = (
        select(room_roles).where(room_roles.c.room == room).order_by(room_roles.c.at, room_roles.c.author_id)
    )
    return list(connection.execute(query).mappings())


def upsert(connection: Connection, table: Any, values: dict[str, Any]) -> None:
    """Insert a row, or write its other columns over the one with this key."""
    # Each brings its whole dialect along; a server has one of them.
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as upserting
    else:
        # The two have what is used here in common, but no type.
        from sqlalchemy.dialects.postgresql import insert as upserting  # type: ignore[assignment]
    keys = [column.name for column in table.primary_key.columns]
    others = {name: value for name, value in values.items() if name not in keys}
    query = upserting(table).values(values)
    connection.execute(query.on_conflict_do_update(index_elements=keys, set_=others))


def _sanction(row: RowMapping) -> Sanction:
    values = dict(row)
    values["measure"] = Measure(row["measure"])
    values["network"] = ip_network(row["network"]) if row["network"] else None
    return Sanction(**values)


def move(connection: Connection, deed: Deed) -> None:
    """The room has changed once more; it begins to be ruled if it was not."""
    mine = room_orders.c.room == deed.room
    moved = update(room_orders).where(mine).values(revision=room_orders.c.revision + 1)
    if connection.execute(moved).rowcount:
        return
    policy = {name: getattr(Policy(), name) for name in _POLICY}
    upsert(connection, room_orders, {"room": deed.room, "revision": 1, "created_at": deed.at, **policy})


def _give(connection: Connection, room: str, author_id: str, name: str, role: Role, at: int) -> None:
    values = {"room": room, "author_id": author_id, "name": name, "role": role.value, "at": at}
    upsert(connection, room_roles, values)


def bound(connection: Connection, table: Any, where: Any, most: int, what: str) -> None:
    count = connection.scalar(select(func.count()).select_from(table).where(where)) or 0
    if count >= most:
        raise TooMany(f"there are {count} {what}, and may be {most}")
