"""Shows in the database. Functions of a synchronous connection, each for one transaction."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import Connection, insert, select, update

from streamer.tables_live import shows

LIVE, ENDED = "live", "ended"


class ShowRow(Struct, frozen=True):
    """A show that is on, or was. `began_at_us` is media time; other times are ms since the Unix epoch."""

    id: str
    room: str
    state: str
    node: str
    title: str
    person: str
    person_name: str
    began_at_us: int
    seen_at: int
    ended_at: int | None = None


def claim(connection: Connection, row: ShowRow, stale_before: int, after: str = "") -> bool:
    """Let a room's show be this one, on this node.

    Args:
        stale_before: a show of another node that was not seen since is none any more.
        after: id of the one that it goes on with.

    Returns: False if another node has one.
    """
    here = (shows.c.room == row.room) & (shows.c.state == LIVE) & (shows.c.id != row.id)
    for other in connection.execute(select(shows).where(here)).mappings().all():
        if other["node"] != row.node and other["seen_at"] >= stale_before and other["id"] != after:
            return False
        end(connection, other["id"], row.seen_at)
    values = {name: getattr(row, name) for name in ShowRow.__struct_fields__}
    if not connection.execute(update(shows).where(shows.c.id == row.id).values(values)).rowcount:
        connection.execute(insert(shows).values(values))
    return True


def see(connection: Connection, ids: Collection[str], at: int) -> None:
    """These are on."""
    connection.execute(update(shows).where(shows.c.id.in_(ids)).values(seen_at=at))


def end(connection: Connection, id: str, at: int) -> None:
    """It is over."""
    connection.execute(update(shows).where(shows.c.id == id).values(state=ENDED, ended_at=at))


def read_live(connection: Connection, node: str) -> list[ShowRow]:
    """What was on when this node stopped, oldest first."""
    query = select(shows).where(shows.c.state == LIVE, shows.c.node == node).order_by(shows.c.id)
    return [ShowRow(**row) for row in connection.execute(query).mappings()]
