"""Playlists in the database. Every method is one transaction; cancelled, it happened whole or not at all.

An entry's position only says what comes before what. New positions lie a large step apart, so that an entry
is put between two others without touching them; when there is no number left between two, the whole playlist
is numbered anew. Each change begins by writing the row of the playlist: of two at once, the second waits, and
sees what the first has done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer import index
from streamer.index import Kind
from streamer.playlist import MAX_ENTRIES, MAX_PLAYLISTS
from streamer.problems import (
    EntryUnknown,
    PlaylistFull,
    PlaylistUnknown,
    RequestInvalid,
    RevisionWrong,
    TrackUnknown,
)
from streamer.tables import playlist_items, playlists, tracks
from streamer.words import terms

STEP = 1 << 32  # between two positions: thirty-two entries fit in one place before numbers run out

_NUMBER_ANEW = sa.text(
    "UPDATE playlist_items SET position = numbered.place FROM (SELECT id, row_number() OVER "
    f"(ORDER BY position, id) * {STEP} AS place FROM playlist_items WHERE playlist_id = :id) AS numbered "
    "WHERE playlist_items.id = numbered.id"
)


@dataclass(frozen=True, slots=True)
class Change:
    """Which playlist is changed, and when; `revision` is what it must have been until now, None for any."""

    playlist_id: str
    at_ms: int
    revision: int | None = None


class PlaylistRows:
    """What survives a restart: the playlists and their entries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, *, limit: int, before: str | None) -> list[sa.RowMapping]:
        """Playlists, newest first, as `streamer.playlist.view_playlist` takes them."""
        query = _summed().order_by(playlists.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(playlists.c.id < before)
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).mappings())

    async def several(self, playlist_ids: Sequence[str]) -> list[sa.RowMapping]:
        """The playlists with these ids, in this order; without those that are gone."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_summed().where(playlists.c.id.in_(playlist_ids)))
            found = {row["id"]: row for row in rows.mappings()}
        return [found[playlist_id] for playlist_id in playlist_ids if playlist_id in found]

    async def get(self, playlist_id: str) -> sa.RowMapping:
        """One playlist.

        Raises:
            PlaylistUnknown: there is none.
        """
        for row in await self.several([playlist_id]):
            return row
        raise PlaylistUnknown(f"there is no playlist {playlist_id}")

    async def entries(self, playlist_id: str) -> list[tuple[str, str]]:
        """The entries of a playlist in order, as (id, track)."""
        query = sa.select(playlist_items.c.id, playlist_items.c.track_id).order_by(*_IN_ORDER)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.where(playlist_items.c.playlist_id == playlist_id))
            return [(row.id, row.track_id) for row in rows]

    async def insert(self, playlist_id: str, title: str, description: str | None, at_ms: int) -> None:
        """A new playlist, empty.

        Raises:
            PlaylistFull: there are as many as may be.
        """
        values = {"title": title, "description": description, "created_at": at_ms, "updated_at": at_ms}
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(playlists).values(id=playlist_id, revision=1, **values))
            count = await connection.scalar(sa.select(sa.func.count()).select_from(playlists))
            if (count or 0) > MAX_PLAYLISTS:
                raise PlaylistFull(f"there are {MAX_PLAYLISTS} playlists, which is the most there may be")
            await index.put(connection, Kind.PLAYLIST, playlist_id, _words(title, description))

    async def update(self, change: Change, values: dict[str, Any]) -> None:
        """Change title or description.

        Raises:
            PlaylistUnknown, RevisionWrong: nothing is changed.
        """
        async with self._engine.begin() as connection:
            row = await _take(connection, change, values)
            words = _words(row["title"], row["description"])
            await index.put(connection, Kind.PLAYLIST, change.playlist_id, words)

    async def delete(self, change: Change) -> None:
        """Forget a playlist.

        Raises:
            PlaylistUnknown, RevisionWrong: nothing is changed.
        """
        async with self._engine.begin() as connection:
            await _take(connection, change)
            await index.remove(connection, Kind.PLAYLIST, change.playlist_id)
            mine = playlist_items.c.playlist_id == change.playlist_id
            await connection.execute(sa.delete(playlist_items).where(mine))
            await connection.execute(sa.delete(playlists).where(playlists.c.id == change.playlist_id))

    async def add(self, change: Change, entry_id: str, track_id: str, at: int | None) -> int:
        """Put a track into a playlist, before the entry that is at `at` now. Returns the new revision.

        Raises:
            PlaylistUnknown, RevisionWrong, TrackUnknown, PlaylistFull: nothing is changed.
        """
        async with self._engine.begin() as connection:
            revision = await _revise(connection, change)
            found = await connection.scalar(sa.select(tracks.c.id).where(tracks.c.id == track_id))
            if found is None:
                raise TrackUnknown(f"there is no track {track_id}")
            mine = playlist_items.c.playlist_id == change.playlist_id
            count = await connection.scalar(sa.select(sa.func.count()).where(mine)) or 0
            if count >= MAX_ENTRIES:
                raise PlaylistFull(f"the playlist has {count} entries, which is the most there may be")
            at = count if at is None else min(at, count)
            position = await _between(connection, change.playlist_id, at)
            if position is None:
                await connection.execute(_NUMBER_ANEW, {"id": change.playlist_id})
                position = await _between(connection, change.playlist_id, at)
            values = {"id": entry_id, "playlist_id": change.playlist_id, "track_id": track_id}
            try:
                await connection.execute(sa.insert(playlist_items).values(position=position, **values))
            except sa.exc.IntegrityError:  # deleted in between; what has been done so far is undone
                raise TrackUnknown(f"there is no track {track_id}") from None
        return revision

    async def order(self, change: Change, entry_ids: Sequence[str]) -> None:
        """Give the entries another order.

        Raises:
            RequestInvalid: these are not exactly its entries.
            PlaylistUnknown, RevisionWrong: nothing is changed either.
        """
        mine = playlist_items.c.playlist_id == change.playlist_id
        async with self._engine.begin() as connection:
            await _take(connection, change)
            there = set((await connection.execute(sa.select(playlist_items.c.id).where(mine))).scalars())
            _check_order(there, entry_ids)
            if not entry_ids:
                return
            query = sa.update(playlist_items).where(playlist_items.c.id == sa.bindparam("entry"))
            places = [{"entry": one, "place": (n + 1) * STEP} for n, one in enumerate(entry_ids)]
            await connection.execute(query.values(position=sa.bindparam("place")), places)

    async def remove(self, change: Change, entry_id: str) -> int:
        """Take an entry out of its playlist. Returns the new revision.

        Raises:
            EntryUnknown: it is not in there.
            PlaylistUnknown, RevisionWrong: nothing is changed either.
        """
        one = sa.and_(playlist_items.c.id == entry_id, playlist_items.c.playlist_id == change.playlist_id)
        async with self._engine.begin() as connection:
            revision = await _revise(connection, change)
            done = await connection.execute(sa.delete(playlist_items).where(one))
            if not done.rowcount:
                raise EntryUnknown(f"there is no entry {entry_id} in playlist {change.playlist_id}")
        return revision


async def forget_track(connection: AsyncConnection, track_id: str) -> None:
    """Take a track that is about to be deleted out of every playlist; each of them has then changed."""
    its_entries = playlist_items.c.track_id == track_id
    concerned = sa.select(playlist_items.c.playlist_id).where(its_entries)
    # In one order for all, so that of two who delete tracks neither waits for the other.
    ordered = sa.select(playlists.c.id).where(playlists.c.id.in_(concerned)).order_by(playlists.c.id)
    for playlist_id in (await connection.execute(ordered)).scalars().all():
        query = sa.update(playlists).where(playlists.c.id == playlist_id)
        await connection.execute(query.values(revision=playlists.c.revision + 1))
    await connection.execute(sa.delete(playlist_items).where(its_entries))


async def _take(
    connection: AsyncConnection, change: Change, values: dict[str, Any] | None = None
) -> sa.RowMapping:
    query = (
        sa.update(playlists)
        .where(playlists.c.id == change.playlist_id)
        .values(revision=playlists.c.revision + 1, updated_at=change.at_ms, **(values or {}))
        .returning(*playlists.columns)
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise PlaylistUnknown(f"there is no playlist {change.playlist_id}")
    if change.revision not in (None, row["revision"] - 1):  # the transaction is undone
        raise RevisionWrong(f"it is at revision {row['revision'] - 1}, not at {change.revision}")
    return row


async def _revise(connection: AsyncConnection, change: Change) -> int:
    revision: int = (await _take(connection, change))["revision"]
    return revision


async def _between(connection: AsyncConnection, playlist_id: str, at: int) -> int | None:
    """A position before the entry at `at` and after the one before it; None if there is no number left."""
    query = (
        sa.select(playlist_items.c.position)
        .where(playlist_items.c.playlist_id == playlist_id)
        .order_by(*_IN_ORDER)
        .offset(max(at - 1, 0))
        .limit(2 if at else 1)
    )
    found = list((await connection.execute(query)).scalars())
    before = found.pop(0) if at else 0
    if not found:
        return before + STEP
    position: int = (before + found[0]) // 2
    return None if position in (before, found[0]) else position


def _check_order(there: set[str], entry_ids: Sequence[str]) -> None:
    asked = set(entry_ids)
    if len(asked) < len(entry_ids):
        raise RequestInvalid(f"items has {len(entry_ids) - len(asked)} entries more than once")
    if missing := there - asked:
        raise RequestInvalid(f"items lacks {len(missing)} of the entries, such as {min(missing)}")
    if strange := asked - there:
        raise RequestInvalid(f"items has {len(strange)} that the playlist has not, such as {min(strange)!r}")


def _words(title: str, description: str | None) -> str:
    return terms(Kind.PLAYLIST, ([title], [description]))


def _summed() -> sa.Select[Any]:
    """Playlists, with how many entries each has, and how long they are."""
    entries = (
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(tracks.c.duration_ms), 0))
        .select_from(playlist_items.join(tracks, tracks.c.id == playlist_items.c.track_id))
        .where(playlist_items.c.playlist_id == playlists.c.id)
    )
    count, duration = entries.selected_columns
    return sa.select(
        *playlists.columns,
        entries.with_only_columns(count).scalar_subquery().label("track_count"),
        entries.with_only_columns(duration).scalar_subquery().label("duration_ms"),
    )


_IN_ORDER = (playlist_items.c.position, playlist_items.c.id)
