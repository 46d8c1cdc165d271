"""What was said during a show, as the timed comments of its recording."""

from collections.abc import Callable

import msgspec
import structlog
from sqlalchemy import Connection, insert, select

from chat.broker import Broker, LogUnavailable
from streamer.comment import MAX_COMMENT_CHARS
from streamer.lane import DatabaseFailed, Lane
from streamer.tables import comments, messages, tracks

_MARGIN_MS = 60_000
"""Who listens late talks late: what is said so long after the end may still be about the show."""

log = structlog.get_logger()


class _More(msgspec.Struct):
    media: int | None = None


class Sayings:
    """Copies them. Who said it stays; what was deleted is not copied, and what is deleted later stays."""

    def __init__(self, lane: Lane, broker: Broker, max_per_track: int) -> None:
        self._lane = lane
        self._broker = broker
        self._max_per_track = max_per_track

    async def copy(
        self, room: str, track_id: str, began_ms: int, ended_ms: int, place_ms: Callable[[int], int]
    ) -> None:
        """Bring them to the track, once. What goes wrong is logged: a track without is better than none.

        Args:
            began_ms, ended_ms: of the show, since the Unix epoch.
            place_ms: where in the track a moment is; microseconds since the Unix epoch.
        """
        most = self._max_per_track
        try:
            await self._broker.caught_up(room)
            await self._lane.run(copy_sayings, room, track_id, began_ms, ended_ms, place_ms, most)
        except (LogUnavailable, DatabaseFailed) as error:
            log.error("what was said in a show is not with its recording", track=track_id, error=str(error))


def copy_sayings(
    connection: Connection,
    room: str,
    track_id: str,
    began_ms: int,
    ended_ms: int,
    place_ms: Callable[[int], int],
    max_per_track: int,
) -> int:
    """The copy, in one transaction. Returns how many came. A message becomes a comment with its id."""
    if connection.execute(select(tracks.c.id).where(tracks.c.id == track_id)).first() is None:
        return 0
    there = set(connection.scalars(select(comments.c.id).where(comments.c.track_id == track_id)))
    query = (
        select(messages)
        .where(messages.c.room == room, messages.c.kind == "message", messages.c.deleted_at.is_(None))
        .where(messages.c.at >= began_ms, messages.c.at <= ended_ms + _MARGIN_MS)
        .order_by(messages.c.seq)
        .limit(max_per_track)
    )
    rows = []
    for row in connection.execute(query).mappings():
        media = msgspec.json.decode(row["more"], type=_More).media if row["more"] else None
        heard_ms = row["at"] if media is None else media
        if began_ms <= heard_ms <= ended_ms and row["body"] and row["id"] not in there:
            rows.append(
                {
                    "id": row["id"],
                    "track_id": track_id,
                    "at_ms": place_ms(heard_ms * 1000),
                    "body": row["body"][:MAX_COMMENT_CHARS],
                    "author_id": row["author_id"],
                    "author_name": row["author_name"],
                    "created_at": row["at"],
                }
            )
    rows = rows[: max(0, max_per_track - len(there))]
    if rows:
        connection.execute(insert(comments), rows)
    return len(rows)
