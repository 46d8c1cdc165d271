"""Tracks in the database. Every method is one transaction; cancelled, it happened whole or not at all."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer import chapter_rows, derived, discography, playlist_rows, rendition_rows
from streamer.discography import AlbumLevel
from streamer.grouping import album_id
from streamer.store_ledger import let_go, stored_files, stored_media
from streamer.tables import leftovers, renditions, tracks
from streamer.tags import read_edits
from streamer.track import State, TrackRecord, tags_of

_COLUMNS = tuple(column.name for column in tracks.columns)
# streamer.editor, streamer.covers and, of duplicates, whoever deletes the original: work on a track must not
# undo what others do meanwhile.
_OTHERS_WRITE = ("edits", "file_cover", "user_cover", "duplicate_of")
_UNFINISHED = (State.RECEIVING.value, State.PACKAGING.value)
_UNLISTED = (*_UNFINISHED, State.LIVE.value)  # unless they play


@dataclass(frozen=True, slots=True)
class Standing:
    """How a track's files are judged. `packaged`: its renditions, if ever ready; `stored`: elsewhere."""

    state: State
    media_id: str
    packaged: list[str]
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A track that is gone from the database; `shared`: others still use its bytes."""

    media_id: str
    shared: bool


class Catalogue:
    """What survives a restart: the tracks, and the renditions of those that are ready."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        #: Told after the transaction: a track is ready; nobody needs these media any more.
        self.became_ready: Callable[[], None] = lambda: None
        self.let_go: Callable[[str], None] = lambda media_id: None
        self.tell: Callable[[list[AlbumLevel]], None] = lambda _levels: None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may change tracks. What follows for albums is told when it is committed."""
        async with self._engine.begin() as connection:
            with derived.collecting(connection) as levels:
                yield connection
        self.tell(levels)

    async def insert(self, record: TrackRecord) -> None:
        """Add a new track, without renditions."""
        async with self.begin() as connection:
            await connection.execute(sa.insert(tracks).values(_row(record)))

    async def update(self, record: TrackRecord) -> None:
        """Store a track's state; a no-op if it has been deleted meanwhile."""
        async with self.begin() as connection:
            await update_row(connection, record)

    async def finish(self, record: TrackRecord, unlike: Collection[str] = ()) -> str | None:
        """Store a track that became ready, and its renditions, together; or find that another was first.

        Args:
            unlike: tracks with the same bytes that may be ready all the same.

        Returns: a ready track with the same bytes, and nothing is stored; else None.
        """
        async with self.begin() as connection:
            if record.sha256 is not None:
                await hold_twins(connection, record.sha256)
                twin = await connection.scalar(ready_twins(record, unlike))
                if twin is not None:
                    return twin
            if not await update_row(connection, record):
                return None
            await rendition_rows.write(connection, record)
        self.became_ready()
        return None

    async def write_recording(self, record: TrackRecord) -> None:
        """Store a track that records a show: how far it has come, its chapters, and which renditions it has.

        Their segments are found in their files, should nobody live to store them.
        """
        async with self.begin() as connection:
            if await update_row(connection, record):
                await rendition_rows.write(connection, record, unfinished=True)
                await chapter_rows.write(connection, record)

    async def recordings(self) -> list[str]:
        """Ids of tracks that record a show, or did when their server stopped."""
        query = sa.select(tracks.c.id).where(tracks.c.state == State.LIVE.value).order_by(tracks.c.id)
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def get(self, track_id: str) -> TrackRecord | None:
        """The track with its renditions, or None."""
        async with self._engine.connect() as connection:
            found = await connection.execute(sa.select(tracks).where(tracks.c.id == track_id))
            row = found.mappings().first()
            if row is None:
                return None
            record = _record(row)
            record.stored = await stored_files(connection, record.media_id)
            await rendition_rows.load(connection, record)
            await chapter_rows.load(connection, [record])
            await _level(connection, [record])
        return record

    async def page(
        self, *, limit: int, before: str | None, ref: str | None = None, sha256: str | None = None
    ) -> list[TrackRecord]:
        """Tracks, newest first; their renditions as they are listed, without segments.

        Args:
            limit: most tracks to return, >= 1.
            before: only tracks older than the one with this id.
            ref: only tracks with this mark, in any state.
            sha256: only tracks made of this source, that did not fail. Without this and `ref`: tracks that
                one can play, and failures.
        """
        query = sa.select(tracks).order_by(tracks.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(tracks.c.id < before)
        if ref is not None:
            query = query.where(tracks.c.ref == ref)
        if sha256 is not None:
            query = query.where(tracks.c.sha256 == sha256, tracks.c.state != State.FAILED.value)
        if ref is None and sha256 is None:
            query = query.where(sa.or_(tracks.c.playable, tracks.c.state.not_in(_UNLISTED)))
        async with self._engine.connect() as connection:
            records = [_record(row) for row in (await connection.execute(query)).mappings()]
            await rendition_rows.list_for(connection, records)
            await chapter_rows.load(connection, records)
            await _level(connection, records)
        return records

    async def several(self, track_ids: Sequence[str]) -> list[TrackRecord]:
        """The tracks with these ids, in this order, as `page` gives them; without those that are gone."""
        query = sa.select(tracks).where(tracks.c.id.in_(track_ids))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings()
            found = {row["id"]: _record(row) for row in rows}
            records = [found[track_id] for track_id in track_ids if track_id in found]
            await rendition_rows.list_for(connection, records)
            await chapter_rows.load(connection, records)
            await _level(connection, records)
        return records

    async def delete(self, track_id: str) -> Forgotten | None:
        """Forget a track; what becomes of its bytes is the caller's. None if there was none."""
        its_media = sa.select(tracks.c.media_id).where(tracks.c.id == track_id).scalar_subquery()
        users = tracks.c.media_id == its_media
        async with self.begin() as connection:
            # A write to all that share the bytes comes first: of two who let go of them at once, or let go
            # and take over, one waits here for the other, and then sees what the other has done.
            await connection.execute(sa.update(tracks).where(users).values(media_id=tracks.c.media_id))
            await derived.unfollow(connection, track_id)
            await playlist_rows.forget_track(connection, track_id)
            await connection.execute(sa.delete(renditions).where(renditions.c.track_id == track_id))
            gone = sa.delete(tracks).where(tracks.c.id == track_id).returning(tracks.c.media_id)
            media_id = (await connection.execute(gone)).scalar()
            if media_id is None:
                return None
            originals = tracks.c.duplicate_of == track_id
            await connection.execute(sa.update(tracks).where(originals).values(duplicate_of=None))
            other = sa.select(tracks.c.id).where(tracks.c.media_id == media_id).limit(1)
            shared = (await connection.execute(other)).first() is not None
            if not shared:
                await note_leftover(connection, media_id)
                await let_go(connection, media_id)
        if not shared:
            self.let_go(media_id)
        return Forgotten(media_id, shared)

    async def stored_bytes(self, owner_id: str | None, but: Sequence[str]) -> int:
        """Bytes of the sources that an account, or with None everybody without one, keeps; not of `but`."""
        stored = (State.PACKAGING.value, State.LIVE.value, State.READY.value)
        query = sa.select(sa.func.coalesce(sa.func.sum(tracks.c.size_bytes), 0))
        query = query.where(tracks.c.owner_id.is_not_distinct_from(owner_id), tracks.c.state.in_(stored))
        async with self._engine.connect() as connection:
            return int((await connection.execute(query.where(tracks.c.id.not_in(but)))).scalar_one())

    async def count(self, owner_id: str | None) -> int:
        """Tracks of an account that have not failed."""
        query = sa.select(sa.func.count()).where(
            tracks.c.owner_id.is_not_distinct_from(owner_id), tracks.c.state != State.FAILED.value
        )
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def leftovers(self) -> list[str]:
        """Folders that nobody needs any more."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(sa.select(leftovers.c.media_id))).scalars())

    async def removed(self, media_id: str) -> None:
        """A leftover is gone from the disk."""
        async with self.begin() as connection:
            await connection.execute(sa.delete(leftovers).where(leftovers.c.media_id == media_id))

    async def unfinished(self) -> list[TrackRecord]:
        """Tracks that a former process was working on, oldest first."""
        query = sa.select(tracks).where(tracks.c.state.in_(_UNFINISHED)).order_by(tracks.c.id)
        async with self._engine.connect() as connection:
            return [_record(row) for row in (await connection.execute(query)).mappings()]

    async def standings(self) -> dict[str, Standing]:
        """Every track, by id."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(tracks.c.id, tracks.c.state, tracks.c.media_id))
            there = await stored_media(connection)
            found = {key: Standing(State(state), media, [], media in there) for key, state, media in rows}
            names = await connection.execute(sa.select(renditions.c.track_id, renditions.c.name))
            for track_id, name in names:
                if track_id in found:  # else it came between the two questions
                    found[track_id].packaged.append(name)
        return found

    async def failed_before(self, at_ms: int) -> list[str]:
        """Tracks that failed before `at_ms` without ever having been ready: nothing of them is on disk."""
        query = sa.select(tracks.c.id).where(
            tracks.c.state == State.FAILED.value,
            tracks.c.updated_at < at_ms,
            tracks.c.id.not_in(sa.select(renditions.c.track_id)),
        )
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())


async def note_leftover(connection: AsyncConnection, media_id: str) -> None:
    """From the end of this transaction on nobody needs a folder."""
    await connection.execute(sa.delete(leftovers).where(leftovers.c.media_id == media_id))
    await connection.execute(sa.insert(leftovers).values(media_id=media_id))


async def hold_twins(connection: AsyncConnection, sha256: str) -> None:
    """Let no two transactions think at the same time about tracks made of these bytes."""
    # A write, for that is what makes others wait in any database.
    await connection.execute(sa.update(tracks).where(tracks.c.sha256 == sha256).values(sha256=sha256))


def ready_twins(record: TrackRecord, unlike: Collection[str]) -> sa.Select[str]:
    """The id of the oldest ready track made of the same bytes."""
    return (
        sa.select(tracks.c.id)
        .where(tracks.c.sha256 == record.sha256, tracks.c.state == State.READY.value)
        .where(tracks.c.id.not_in({record.id, *unlike}))
        .order_by(tracks.c.id)
        .limit(1)
    )


async def update_row(connection: AsyncConnection, record: TrackRecord) -> bool:
    """Store a track as it is. False if it has been deleted."""
    done = await connection.execute(sa.update(tracks).where(tracks.c.id == record.id).values(_row(record)))
    if not done.rowcount:
        return False
    await derived.follow(connection, record.id)
    return True


async def _level(connection: AsyncConnection, records: Sequence[TrackRecord]) -> None:
    """Let records have the loudness of their albums."""
    album_ids = {record.id: found for record in records if (found := album_id(tags_of(record))) is not None}
    levels = await discography.loudness_of(connection, album_ids.values())
    for record in records:
        record.album_loudness = levels.get(album_ids.get(record.id, ""))


def _row(record: TrackRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _COLUMNS if name not in _OTHERS_WRITE}
    row["state"] = record.state.value
    row["size_bytes"] = record.received_bytes
    return row


def _record(row: sa.RowMapping) -> TrackRecord:
    values = {name: row[name] for name in _COLUMNS}
    values["state"] = State(values["state"])
    values["edits"] = read_edits(values["edits"])
    return TrackRecord(**values, received_bytes=row["size_bytes"])
