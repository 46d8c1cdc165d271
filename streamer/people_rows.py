"""Rows of who has spoken, whose names are taken, what waits for a moderator and what was reported."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select, update

from chat.skeleton import skeleton
from streamer.order_rows import Deed, TooMany, note, upsert
from streamer.tables_order import account_names, held_messages, reports, room_people, room_roles


def note_people(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Remember who has spoken, and from where. Columns of `room_people`, but for the skeleton."""
    for row in rows:
        upsert(connection, room_people, row | {"skeleton": skeleton(row["name"])})


def note_account(connection: Connection, author_id: str, name: str, at: int) -> None:
    """Remember the name of an account."""
    row = {"author_id": author_id, "name": name, "skeleton": skeleton(name), "at": at}
    upsert(connection, account_names, row)


def read_account_names(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """(skeleton, author id) of the accounts, the newest ones."""
    query = select(account_names).order_by(account_names.c.at.desc()).limit(limit)
    return [(row.skeleton, row.author_id) for row in connection.execute(query)]


def has_spoken(connection: Connection, room: str, author_id: str) -> bool:
    """Whether something of theirs was let into the room."""
    query = select(room_people.c.at).where(room_people.c.room == room, room_people.c.author_id == author_id)
    return connection.execute(query).first() is not None


def find_people(connection: Connection, room: str, subject: str) -> list[dict[str, Any]]:
    """Who is meant by an id, or by a name: `author_id`, `name`, `account` and `network` of each.

    Newest first; accounts that have never spoken here come last.
    """
    found: dict[str, dict[str, Any]] = {}
    shown = skeleton(subject)
    here = room_people.c.room == room
    which = (room_people.c.author_id == subject) | (room_people.c.skeleton == shown)
    query = select(room_people).where(here, which).order_by(room_people.c.at.desc()).limit(100)
    rows = [(row, row["account"], row["network"]) for row in connection.execute(query).mappings()]
    roles = select(room_roles).where(room_roles.c.room == room)
    rows += [(row, None, None) for row in connection.execute(roles).mappings()]
    named = (account_names.c.author_id == subject) | (account_names.c.skeleton == shown)
    rows += [(row, True, None) for row in connection.execute(select(account_names).where(named)).mappings()]
    for row, account, network in rows:
        if subject == row["author_id"] or row["name"].casefold() == subject.casefold():
            one = {"author_id": row["author_id"], "name": row["name"], "account": account, "network": network}
            found.setdefault(row["author_id"], one)
    return list(found.values())


def forget_addresses(connection: Connection, before_ms: int) -> None:
    """Forget from where people spoke who have not for long."""
    old = and_(room_people.c.at < before_ms, room_people.c.network.is_not(None))
    connection.execute(update(room_people).where(old).values(network=None))


def hold(connection: Connection, row: dict[str, Any], since_ms: int, most: int, most_each: int) -> str:
    """Keep a message until a moderator has seen it; one with its nonce is kept once. Returns its id.

    Raises:
        TooMany: in the room, or of this author.
    """
    here = held_messages.c.room == row["room"]
    connection.execute(delete(held_messages).where(here, held_messages.c.at < since_ms))
    mine = and_(here, held_messages.c.author_id == row["author_id"])
    known = connection.scalar(select(held_messages.c.id).where(mine, held_messages.c.nonce == row["nonce"]))
    if known is not None:
        return str(known)
    for where, bound in ((mine, most_each), (here, most)):
        count = connection.scalar(select(func.count()).select_from(held_messages).where(where)) or 0
        if count >= bound:
            raise TooMany(f"{count} messages wait for a moderator, and no more may")
    connection.execute(insert(held_messages).values(row))
    return str(row["id"])


def read_held(
    connection: Connection, room: str, since_ms: int, subject: str | None = None
) -> list[RowMapping]:
    """What waits in a room, oldest first: all, or that with this id, or of who has this id or name."""
    here = and_(held_messages.c.room == room, held_messages.c.at >= since_ms)
    rows = connection.execute(select(held_messages).where(here).order_by(held_messages.c.id)).mappings()
    return [
        row
        for row in rows
        if subject is None
        or subject in (row["id"], row["author_id"])
        or row["author_name"].casefold() == subject.casefold()
    ]


def drop_held(connection: Connection, deed: Deed, ids: Sequence[str]) -> None:
    """What waited was decided."""
    connection.execute(delete(held_messages).where(held_messages.c.id.in_(ids)))
    note(connection, deed)


def report(connection: Connection, row: dict[str, Any], most: int) -> bool:
    """Keep a report; one person reports the same once. Returns whether it is new.

    Raises:
        TooMany
    """
    here = reports.c.room == row["room"]
    same = [reports.c[name] == row[name] for name in ("by_id", "author_id", "message_id")]
    if connection.execute(select(reports.c.id).where(here, *same)).first():
        return False
    count = connection.scalar(select(func.count()).select_from(reports).where(here)) or 0
    if count >= most:
        raise TooMany(f"{count} reports wait for a moderator, and no more may")
    connection.execute(insert(reports).values(row))
    return True


def read_reports(connection: Connection, room: str) -> list[RowMapping]:
    """What was reported and nobody has settled, oldest first."""
    query = select(reports).where(reports.c.room == room).order_by(reports.c.id)
    return list(connection.execute(query).mappings())


def settle_report(connection: Connection, deed: Deed, report_id: str) -> bool:
    """A moderator has seen to it. Returns whether there was one."""
    mine = and_(reports.c.room == deed.room, reports.c.id == report_id)
    if not connection.execute(delete(reports).where(mine)).rowcount:
        return False
    note(connection, deed)
    return True
