"""Mends what `veza fsck` has found, one finding at a time, files first and then the database.

So an interrupted repair leaves at worst a file that nobody asks for, which the next run finds.
"""

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from streamer import derived
from streamer.finding import Finding, Kind, Remedy
from streamer.holdings import Holdings
from streamer.tables import leftovers, renditions, tracks
from streamer.track import Event, State, advance


class Repair:
    """The remedies. Nobody else has the data folder."""

    def __init__(self, engine: AsyncEngine, holdings: Holdings, hashes: dict[str, str]) -> None:
        """Args: `hashes` of sources, by folder, as far as they were computed."""
        self._engine = engine
        self._holdings = holdings
        self._hashes = hashes
        self._packaged_again: set[str] = set()

    async def mend(self, finding: Finding) -> None:
        """Apply the remedy of a finding.

        Raises:
            OSError, SQLAlchemyError: it could not be applied; what was done so far stays.
        """
        match finding.remedy:
            case Remedy.PACKAGE_AGAIN:
                await self._package_again(finding.folder or "")
            case Remedy.SET_ASIDE | Remedy.REMOVE:
                await self._put_away(finding)
            case Remedy.DROP_RENDITION | Remedy.LET_SOURCE_GO:
                await self._drop(finding)
            case Remedy.DELETE_ROW:
                await self._delete_row(finding)
            case Remedy.NONE:
                pass
            case _:
                await self._mend_row(finding)

    async def _mend_row(self, finding: Finding) -> None:
        one = tracks.c.id == finding.track
        if finding.kind in (Kind.UPLOAD_ENDED, Kind.SOURCE_LOST) and finding.remedy is Remedy.GIVE_UP:
            async with self._engine.connect() as connection:
                state = await connection.scalar(sa.select(tracks.c.state).where(one))
            if state in (State.RECEIVING.value, State.PACKAGING.value):
                await asyncio.to_thread(self._holdings.set_aside, finding.folder or "")
        async with self._engine.begin() as connection:
            match finding.remedy:
                case Remedy.GIVE_UP:
                    await _give_up(connection, tracks.c.media_id == finding.folder, finding.detail)
                case Remedy.REVIVE:
                    await _change(connection, one, Event.FILES_FOUND, reason=None, playable=True)
                case Remedy.RELINK:
                    await connection.execute(sa.update(tracks).where(one).values(media_id=tracks.c.id))
                case Remedy.FILL_IN:
                    value = self._hashes[finding.folder or ""]
                    await connection.execute(sa.update(tracks).where(one).values(sha256=value))
                case Remedy.FORGET_ORIGINAL:
                    await connection.execute(sa.update(tracks).where(one).values(duplicate_of=None))
                case Remedy.INDEX_AGAIN:
                    await derived.follow(connection, finding.track or "")

    async def _package_again(self, media_id: str) -> None:
        """Each track that shared the folder gets the source; the first to be packaged is shared again."""
        if media_id in self._packaged_again:
            return
        self._packaged_again.add(media_id)
        query = sa.select(tracks.c.id).where(tracks.c.media_id == media_id).order_by(tracks.c.id)
        async with self._engine.connect() as connection:
            ids = list((await connection.execute(query)).scalars())
        keeps = media_id if media_id in ids else ids[0]
        for track_id in ids:
            if track_id != keeps:
                await asyncio.to_thread(self._holdings.give_source, media_id, track_id)
        async with self._engine.begin() as connection:
            others = sa.and_(tracks.c.media_id == media_id, tracks.c.id != keeps)
            await connection.execute(sa.delete(leftovers).where(leftovers.c.media_id.in_(ids)))
            await _change(
                connection, tracks.c.media_id == media_id, Event.MEDIA_LOST, reason=None, playable=False
            )
            await connection.execute(sa.update(tracks).where(others).values(media_id=tracks.c.id))
            await connection.execute(sa.delete(renditions).where(renditions.c.track_id.in_(ids)))

    async def _put_away(self, finding: Finding) -> None:
        put = self._holdings.remove if finding.remedy is Remedy.REMOVE else self._holdings.set_aside
        await asyncio.to_thread(put, finding.folder or "", finding.file)
        if finding.file is None:
            async with self._engine.begin() as connection:
                await connection.execute(sa.delete(leftovers).where(leftovers.c.media_id == finding.folder))

    async def _drop(self, finding: Finding) -> None:
        await asyncio.to_thread(self._holdings.set_aside, finding.folder or "", finding.file)
        users = sa.select(tracks.c.id).where(tracks.c.media_id == finding.folder)
        async with self._engine.begin() as connection:
            if finding.remedy is Remedy.LET_SOURCE_GO:
                values: dict[str, Any] = {"size_bytes": 0, "sha256": None}
                await connection.execute(
                    sa.update(tracks).where(tracks.c.media_id == finding.folder).values(values)
                )
                return
            name = (finding.file or "").removesuffix(".mp4")
            gone = sa.and_(renditions.c.track_id.in_(users), renditions.c.name == name)
            await connection.execute(sa.delete(renditions).where(gone))

    async def _delete_row(self, finding: Finding) -> None:
        table, _, rowid = (finding.file or "").partition("#")
        quoted = self._engine.dialect.identifier_preparer.quote(table)
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.text(f"DELETE FROM {quoted} WHERE rowid = :rowid"), {"rowid": int(rowid)}
            )


async def _give_up(connection: AsyncConnection, which: sa.ColumnElement[bool], reason: str) -> None:
    rows = (await connection.execute(sa.select(tracks.c.id, tracks.c.state).where(which))).all()
    for track_id, state in rows:
        event = Event.SERVER_RESTARTED if state == State.RECEIVING.value else Event.FILES_LOST
        if state in (State.RECEIVING.value, State.PACKAGING.value):
            await connection.execute(sa.delete(renditions).where(renditions.c.track_id == track_id))
        if state != State.FAILED.value:
            await _change(connection, tracks.c.id == track_id, event, reason=reason, playable=False)


async def _change(
    connection: AsyncConnection, which: sa.ColumnElement[bool], event: Event, **values: Any
) -> None:
    """Take tracks to their next state, and the search along."""
    rows = (await connection.execute(sa.select(tracks.c.id, tracks.c.state).where(which))).all()
    for track_id, state in rows:
        row = values | {"state": advance(State(state), event).value}
        await connection.execute(sa.update(tracks).where(tracks.c.id == track_id).values(row))
        await derived.follow(connection, track_id)
