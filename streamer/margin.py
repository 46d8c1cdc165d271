"""Timed comments in the database. Every method is one transaction; cancelled, it happened or not."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.comment import Comment, Commenter
from streamer.tables import comments, tracks


class Margin:
    """Goes with its track: who deletes the one deletes the other."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def insert(self, comment: Comment, max_per_track: int) -> bool:
        """Note a comment. False if its track has `max_per_track` already, or is gone."""
        values = _values(comment)
        room = sa.select(sa.func.count()).where(comments.c.track_id == comment.track).scalar_subquery()
        row = (
            sa.select(*(sa.literal(value, comments.c[name].type) for name, value in values.items()))
            .select_from(tracks)
            .where(tracks.c.id == comment.track, room < max_per_track)
        )
        # PostgreSQL would let two that come at once both see the last free place.
        lock = sa.select(tracks.c.id).where(tracks.c.id == comment.track).with_for_update(key_share=True)
        async with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(lock)
            done = await connection.execute(sa.insert(comments).from_select(list(values), row))
        return done.rowcount > 0

    async def page(self, track_id: str, *, limit: int, after: tuple[int, str] | None) -> list[Comment]:
        """Comments of a track, by `at_ms` and then by id.

        Args:
            limit: most to return, >= 1.
            after: only those behind this place.
        """
        place = sa.tuple_(comments.c.at_ms, comments.c.id)
        query = sa.select(comments).where(comments.c.track_id == track_id)
        query = query.order_by(comments.c.at_ms, comments.c.id).limit(limit)
        if after is not None:
            query = query.where(place > sa.tuple_(*(sa.literal(part) for part in after)))
        async with self._engine.connect() as connection:
            return [_comment(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, track_id: str, comment_id: str) -> Comment | None:
        """The comment, or None if this track has none of that id."""
        query = sa.select(comments).where(comments.c.id == comment_id, comments.c.track_id == track_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _comment(row)

    async def delete(self, comment_id: str) -> bool:
        """Forget a comment. False if there was none."""
        async with self._engine.begin() as connection:
            done = await connection.execute(sa.delete(comments).where(comments.c.id == comment_id))
        return done.rowcount > 0


def _values(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "track_id": comment.track,
        "at_ms": comment.at_ms,
        "body": comment.body,
        "author_id": comment.author.id,
        "author_name": comment.author.name,
        "created_at": comment.created_at,
    }


def _comment(row: sa.RowMapping) -> Comment:
    return Comment(
        id=row["id"],
        track=row["track_id"],
        at_ms=row["at_ms"],
        body=row["body"],
        author=Commenter(row["author_id"], row["author_name"]),
        created_at=row["created_at"],
    )
