"""Every track of this server: begun, found, listed, deleted, and taken up again after a restart."""

import asyncio
from collections.abc import Callable, Container
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from streamer import folder
from streamer.auth import Identity
from streamer.catalogue import Forgotten, Standing
from streamer.database import heed_cancel
from streamer.desk import Desk
from streamer.ids import is_id
from streamer.problems import RequestInvalid, ServerStopping, TrackUnknown
from streamer.track import Event, State, TrackPage, TrackRecord, advance, view
from streamer.work import Work

_SWEEP_INTERVAL_S = 3600
_TRACE_TTL_MS = 24 * 3600 * 1000  # what an upload that failed leaves in the list
STOPPED_WHILE_RECEIVING = "the server stopped while the upload was running"

log = structlog.get_logger()


class Library:
    """The tracks, and the work on those that are not finished."""

    def __init__(self, desk: Desk, root: Path, make_id: Callable[[], str]) -> None:
        self._desk = desk
        self._root = root
        self._make_id = make_id
        self._works = desk.works
        self.stopping = False
        self.outcomes = desk.outcomes

    @property
    def desk(self) -> Desk:
        """What work on tracks needs."""
        return self._desk

    async def begin(
        self,
        *,
        filename: str,
        ref: str | None,
        media_type: str,
        announced_bytes: int,
        owner: Identity | None,
        resumable: bool = False,
    ) -> Work:
        """A new track, empty, whose bytes will come.

        Args:
            owner: the account that uploads it.
            resumable: a cut, or a restart, interrupts the upload and does not end it.

        Raises:
            ServerStopping: too late.
        """
        if self.stopping:
            raise ServerStopping
        now = self._desk.now_ms()
        record = TrackRecord(
            id=self._make_id(),
            filename=filename,
            ref=ref,
            media_type=media_type,
            size_bytes=announced_bytes,
            owner_id=None if owner is None else owner.id,
            owner_name=None if owner is None else owner.name,
            created_at=now,
            updated_at=now,
        )
        work = self._take_up(record, resumable=resumable)
        try:
            await asyncio.to_thread(folder.make, work.path)
            await self._desk.catalogue.insert(record)
        except BaseException:
            self._drop(work)
            await asyncio.to_thread(folder.remove, work.path)
            raise
        return work

    async def get(self, track_id: str) -> TrackRecord:
        """The track.

        Raises:
            TrackUnknown: there is none.
        """
        record = await self._desk.shelf.get(track_id)
        if record is None:
            raise TrackUnknown(f"there is no track {track_id}")
        return record

    async def page(
        self, *, limit: int, cursor: str | None, ref: str | None = None, sha256: str | None = None
    ) -> TrackPage:
        """Tracks, newest first; `Catalogue.page` says which.

        Raises:
            RequestInvalid: the cursor is not one of ours.
        """
        if cursor is not None and not is_id(cursor):
            raise RequestInvalid(f"cursor is {cursor!r}, which no page has given")
        most = limit + 1
        working = self._desk.shelf.active()  # what ends while the rows are read is newer than they are
        records = await self._desk.catalogue.page(limit=most, before=cursor, ref=ref, sha256=sha256)
        if ref is None and sha256 is None:
            records = self._with_failed(records, working, cursor)[:most]
        shown = [self._newest(record) for record in records[:limit]]
        if sha256 is not None:  # one that fails is seen in memory before its row says so
            shown = [record for record in shown if record.state is not State.FAILED]
        after = records[limit - 1].id if len(records) > limit else None
        return TrackPage([view(record) for record in shown], after)

    def _with_failed(
        self, records: list[TrackRecord], working: list[TrackRecord], before: str | None
    ) -> list[TrackRecord]:
        """And what was seen to fail, but whose row did not say so yet: after that, the row alone counts."""
        found = {record.id: record for record in records}
        for record in (*working, *self._desk.shelf.active()):
            if record.state is State.FAILED and (before is None or record.id < before):
                found.setdefault(record.id, record)
        return [found[id] for id in sorted(found, reverse=True)]

    def _newest(self, record: TrackRecord) -> TrackRecord:
        """A track as it is in memory, unless its row was changed since, by another server."""
        known = self._desk.shelf.at_hand(record.id)
        return record if known is None or known.updated_at < record.updated_at else known

    async def delete(self, track_id: str) -> None:
        """Remove every byte of a track that no other track uses, whatever is being done with it.

        The row goes first: a crash in between leaves what the next start removes.

        Raises:
            TrackUnknown: there is none.
        """
        forgotten = await self._desk.catalogue.delete(track_id) if is_id(track_id) else None
        if forgotten is None:
            raise TrackUnknown(f"there is no track {track_id}")
        gone = self._desk.shelf.held(track_id)
        self._desk.shelf.remove(track_id)
        self._desk.shelf.forget_original(track_id)
        work = self._works.pop(track_id, None)
        if work is not None:
            await work.leave()
        if (recording := self._desk.recordings.get(track_id)) is not None:
            await recording.leave()
        await self._remove_bytes(track_id, forgotten)
        if gone is not None and gone.state is not State.FAILED:
            gone.state, gone.reason, gone.playable = State.FAILED, "the track was deleted", False
            self._desk.announcer.now(gone)
        log.info("track deleted", track=track_id)

    async def _remove_bytes(self, track_id: str, forgotten: Forgotten) -> None:
        """Remove what a forgotten track had on disk, but for what others still use."""
        await self._desk.covers.forget(track_id)
        if not forgotten.shared:
            await self._desk.leftovers.remove(forgotten.media_id)
        if track_id != forgotten.media_id:  # it has just taken over the media of another
            await self._desk.leftovers.remove(track_id)

    async def recover(self, resumable: Container[str] = ()) -> None:
        """Bring tracks, folders and database together after a restart, before anyone is served.

        Args:
            resumable: ids of tracks whose upload may go on.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        for record in await self._desk.catalogue.unfinished():
            await self._recover_one(record, resumable=record.id in resumable)
        await self._check_files()

    async def sweep(self) -> None:
        """Forget the traces of failed uploads after a day. Runs until cancelled."""
        while True:
            try:
                await self._sweep_once()
            except (OSError, SQLAlchemyError) as error:
                heed_cancel()
                log.error("the traces of failed uploads could not be removed", error=str(error))
            await asyncio.sleep(_SWEEP_INTERVAL_S)

    def expect_stop(self) -> None:
        """No new tracks from now on; what runs may finish, and a killed worker is nobody's fault."""
        self.stopping = True
        for work in self._works.values():
            work.expect_stop()

    async def stop(self) -> None:
        """Uploads that still run end, and say why."""
        for work in list(self._works.values()):
            if work.record.state is State.RECEIVING and not work.resumable:
                await work.fail(Event.BODY_CUT, STOPPED_WHILE_RECEIVING)

    def counts(self) -> dict[str, int]:
        """Tracks being worked on, by state."""
        counts = {State.RECEIVING.value: 0, State.PACKAGING.value: 0, State.LIVE.value: 0}
        for record in self._desk.shelf.active():
            if record.state.value in counts:
                counts[record.state.value] += 1
        return counts

    async def _sweep_once(self) -> None:
        for track_id in await self._desk.catalogue.failed_before(self._desk.now_ms() - _TRACE_TTL_MS):
            forgotten = await self._desk.catalogue.delete(track_id)
            self._desk.shelf.remove(track_id)
            if forgotten is not None:
                await self._remove_bytes(track_id, forgotten)

    def _take_up(self, record: TrackRecord, *, resumable: bool = False) -> Work:
        self._forget_finished()
        path = self._root / record.media_id
        work = self._works[record.id] = Work(record, path, self._desk, resumable=resumable)
        self._desk.shelf.hold(record)
        return work

    def _drop(self, work: Work) -> None:
        self._works.pop(work.record.id, None)
        self._desk.shelf.remove(work.record.id)

    def _forget_finished(self) -> None:
        for track_id, work in list(self._works.items()):
            if work.record.state in (State.READY, State.FAILED):
                del self._works[track_id]

    async def _recover_one(self, record: TrackRecord, *, resumable: bool) -> None:
        work = self._take_up(record, resumable=resumable)
        if record.state is State.RECEIVING and resumable:
            await self._wait_for_rest(work)
            return
        if record.state is State.RECEIVING:
            await work.fail(Event.SERVER_RESTARTED, STOPPED_WHILE_RECEIVING)
            return
        if await work.take_over():
            return
        source = work.path / "source"
        size = source.stat().st_size if source.is_file() else None
        if size != record.received_bytes:
            found = "is missing" if size is None else f"has {size} bytes"
            reason = f"the source {found}, it had {record.received_bytes} bytes when the server stopped"
            await work.fail(Event.FILES_LOST, reason)
            return
        record.state = advance(record.state, Event.SERVER_RESTARTED)
        record.playable = False
        await asyncio.to_thread(folder.empty, work.path, ["source"])
        log.info("packaging again", track=record.id)
        work.resume()

    async def _wait_for_rest(self, work: Work) -> None:
        """The file itself says how much has come: a killed process leaves every byte that it wrote."""
        work.record.playable = False
        received_bytes = await asyncio.to_thread(folder.take_up, work.path)
        if received_bytes:
            work.source_grew(received_bytes)
        log.info("an upload may go on", track=work.record.id, received_bytes=received_bytes)

    def work_on(self, track_id: str) -> Work | None:
        """The work on a track that is not finished."""
        return self._works.get(track_id)

    async def _check_files(self) -> None:
        standings = await self._desk.catalogue.standings()
        used = {standing.media_id for standing in standings.values()}
        await self._desk.leftovers.remove_all(used)
        await self._desk.covers.recover(standings)
        # More likely another database than bytes that nobody wants: nobody's recordings go for that.
        for name in await asyncio.to_thread(folder.strangers, self._root, used):
            log.warning("no track has its bytes in this folder; `veza fsck` can tell more", folder=name)
        missing = await asyncio.to_thread(self._missing, standings)
        for track_id, file in missing.items():
            state = standings[track_id].state
            if file is not None and state is State.READY:
                await self._mark(track_id, Event.FILES_LOST, f"the file {file} is missing")
            elif file is None and state is State.FAILED:
                await self._mark(track_id, Event.FILES_FOUND, None)

    def _missing(self, standings: dict[str, Standing]) -> dict[str, str | None]:
        """Of every track that has been ready, the first file that is not there."""
        return {
            track_id: None
            if standing.stored
            else folder.first_missing(self._root / standing.media_id, standing.packaged)
            for track_id, standing in standings.items()
            if standing.packaged
        }

    async def _mark(self, track_id: str, event: Event, reason: str | None) -> None:
        record = await self._desk.catalogue.get(track_id)
        if record is None:
            return
        record.state = advance(record.state, event)
        record.reason = reason
        record.playable = record.state is State.READY
        record.updated_at = self._desk.now_ms()
        await self._desk.catalogue.update(record)
        log.warning("track files checked", track=track_id, state=record.state.value, reason=reason)
