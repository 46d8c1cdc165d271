"""Invites in the database, as long as they have not expired: who has one brings a token that says all of it.

Functions of a synchronous connection, as those of `streamer.order_rows`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update

from streamer.order_rows import Deed, bound, move, note
from streamer.tables_order import room_invites


def keep_invite(connection: Connection, deed: Deed, values: dict[str, Any], max_kept: int) -> None:
    """Note an invite, which `values` are the columns of; what has expired is removed.

    Raises:
        TooMany: as many are kept, those that were revoked by themselves among them.
    """
    mine = room_invites.c.room == deed.room
    move(connection, deed)
    connection.execute(delete(room_invites).where(mine, room_invites.c.expires_at <= deed.at))
    bound(connection, room_invites, mine, max_kept, "invites into one room")
    connection.execute(insert(room_invites).values(values))
    note(connection, deed)


def revoke_invite(connection: Connection, deed: Deed, id: str) -> bool:
    """One invite is good for nothing any more. Returns whether it was until now."""
    good = and_(
        room_invites.c.room == deed.room,
        room_invites.c.id == id,
        room_invites.c.revoked.is_(False),
        room_invites.c.expires_at > deed.at,
    )
    if not connection.execute(update(room_invites).where(good).values(revoked=True)).rowcount:
        return False
    move(connection, deed)
    note(connection, deed)
    return True


def read_invites(connection: Connection, room: str, now_ms: int) -> Sequence[RowMapping]:
    """Invites that are good, newest first."""
    good = and_(
        room_invites.c.room == room, room_invites.c.revoked.is_(False), room_invites.c.expires_at > now_ms
    )
    query = select(room_invites).where(good).order_by(room_invites.c.id.desc())
    return list(connection.execute(query).mappings())
