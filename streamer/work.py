"""One track on its way from the first byte to ready: the only writer of its record."""

import asyncio
from pathlib import Path

import structlog
from msgspec.structs import replace

from hls.report import AnyReport, Broken, Finished, Refused, RenditionFinished, SegmentCut, Tagged
from streamer import folder
from streamer.desk import Desk
from streamer.notes import forget, note
from streamer.shelf import file_sizes
from streamer.track import Event, State, TrackRecord, advance
from streamer.twin import TAKEN, TAKEN_IN_MEMORY
from streamer.worker import Packaging

# After a track has taken over the media of another: a player may be about to open a file of its own.
_LINGER_S = 1.0
# A killed worker is gone in milliseconds; this is for a machine that is out of breath.
_ABANDON_TIMEOUT_S = 10


class Work:
    """Takes a track through its states as its bytes arrive and its worker reports.

    The worker starts with the first bytes on disk. `Finished` counts once the upload is complete too, since a
    worker may have all the sound before the last byte has come.
    """

    def __init__(self, record: TrackRecord, path: Path, desk: Desk, *, resumable: bool = False) -> None:
        self.record = record
        self.path = path
        self.resumable = resumable  # a cut line, or the end of this process, does not end the upload
        self._desk = desk
        self._packaging: Packaging | None = None
        self._storing = asyncio.Lock()
        self._received = asyncio.Event()
        self._idle = asyncio.Event()  # no worker runs
        self._idle.set()
        self._left = False  # deleted, or left to the next start of the server
        self._stopping = False
        self._unlike: set[str] = set()  # tracks with the same bytes, packaged otherwise
        self._follower: asyncio.Task[None] | None = None
        self._log = structlog.get_logger().bind(track=record.id)

    @property
    def wants_bytes(self) -> bool:
        """False once the rest of the upload may be thrown away."""
        return not self._left and self.record.state is State.RECEIVING

    @property
    def deleted(self) -> bool:
        return self._left

    def resume(self) -> None:
        """Package a source that a former process received."""
        self._received.set()
        self._start_packaging(complete=True)

    def _start_packaging(self, *, complete: bool) -> None:
        self._packaging = self._desk.workers.package(self.path / "source", self.path, complete=complete)
        self._idle.clear()
        following = self._follow(self._packaging)
        self._follower = self._desk.tasks.create_task(following, name=f"package {self.record.id}")

    async def park(self) -> None:
        """Let the worker go while no bytes come. What it made stays; when they come, packaging begins anew.

        Packaging gives the same bytes every time: who plays the track sees it shrink and grow again, no more.
        """
        if self._packaging is None or self._follower is None or not self.wants_bytes:
            return
        self._packaging = None
        self._follower.cancel()
        await asyncio.wait([self._follower])
        self._idle.set()  # one that was cancelled before it began does not say so

    def source_grew(self, received_bytes: int) -> None:
        """So much of the source is on disk now."""
        self.record.received_bytes = received_bytes
        if not self.wants_bytes:
            return
        if self._packaging is None:
            self._forget_packaged()
            self._start_packaging(complete=False)
        else:
            self._packaging.source_grew()
        self._desk.announcer.soon(self.record)

    def _forget_packaged(self) -> None:
        forget(self.record)
        self._desk.shelf.hold(self.record)  # anew: playlists remember their lines

    async def source_completed(self, sha256: str | None) -> None:
        """The whole source is on disk, and synced. `sha256`: its hash; None if it is gone already."""
        self.record.sha256 = sha256
        if self._packaging is not None:
            self._packaging.source_completed()
        self._change(Event.BODY_RECEIVED)
        if self.record.received_bytes == 0 and self.record.state is State.PACKAGING:
            await self.fail(Event.MEDIA_REFUSED, "the file is empty")
            return
        if self.record.state is State.PACKAGING and sha256 is not None:
            async with self._storing:
                await self._desk.twins.received(self.record)
            await self.take_over()
        await self._store()
        self._received.set()

    async def take_over(self) -> bool:
        """Share the media of a ready track with the same bytes, if there is one. True: it does from now on.

        Where players listen they are not disturbed: see `twin`.
        """
        async with self._storing:
            taken = await self._desk.twins.take_over(self.record, self._unlike) if self._goes_on() else None
            if taken is None:
                return False
            for name in (*TAKEN, *TAKEN_IN_MEMORY):
                setattr(self.record, name, getattr(taken, name))
            # Asked again: they may have moved since, and whoever moves them from now on finds this record.
            self.record.stored = await self._desk.twins.stored(taken.media_id)
            self._desk.outcomes[Event.TAKEN_OVER.name.lower()] += 1
        self._log.info("shares the media of a track with the same bytes", media=taken.media_id)
        self._desk.tasks.create_task(self._drop_own_bytes(), name=f"drop {taken.id}")
        if not self._left:
            self._desk.shelf.hold(self.record)  # anew: nothing is left of what it served before
            self._desk.shelf.release(self.record.id)
            self._desk.announcer.now(self.record)
        return True

    async def _drop_own_bytes(self) -> None:
        await self._end_packaging()
        await asyncio.sleep(_LINGER_S)
        await self._desk.leftovers.remove(self.path.name)

    async def fail(self, event: Event, reason: str) -> None:
        """End the work: nothing of the track stays but its row, which says why."""
        if self._left:
            return
        if self.record.state is not State.FAILED:
            self._change(event)
            self.record.reason = reason
            self._log.info("track failed", reason=reason)
        self.record.playable = False
        self.record.renditions = {}
        self.record.peaks = self.record.cover_type = None
        self._desk.shelf.changed(self.record.id)
        await self._end_packaging()
        await asyncio.to_thread(folder.remove, self.path)
        await self._store()
        self._desk.shelf.release(self.record.id)

    async def leave(self) -> None:
        """Stop where it is and note nothing: the track was deleted, or the next start takes it up."""
        self._left = True
        self._desk.announcer.forget(self.record.id)
        await self._end_packaging()

    def expect_stop(self) -> None:
        """The server stops: a worker that is killed from now on is not to blame, and packages again later."""
        self._stopping = True

    async def _end_packaging(self) -> None:
        self._received.set()
        if self._packaging is None or asyncio.current_task() is self._follower:
            return
        self._packaging.abandon()
        try:
            async with asyncio.timeout(_ABANDON_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            self._log.error("an abandoned worker does not end", pid=self._packaging.pid)

    async def _follow(self, packaging: Packaging) -> None:
        try:
            async for report in packaging:
                if self._left or self.record.state is State.READY:
                    continue  # the last report still has to be waited for: then the worker is gone
                await self._receive(report)
        except Exception:
            self._log.exception("packaging failed in the server")
            packaging.abandon()
            await self._fail_loudly()
        finally:
            self._idle.set()

    async def _fail_loudly(self) -> None:
        try:
            await self.fail(Event.WORK_BROKE, "the server made a mistake; its log has the details")
        except Exception:  # the database is out of reach too: the next start will take the track up again
            self._log.exception("the failure could not be noted")

    async def _receive(self, report: AnyReport) -> None:
        note(self.record, report)
        match report:
            case SegmentCut() | RenditionFinished():
                await self._show_segment()
            case Tagged():
                if report.cover_type is not None:
                    self._desk.covers.found(self.record)
                self._desk.announcer.soon(self.record)
            case Finished():
                await self._finish(report.duration_ms)
            case Refused():
                await self.fail(Event.MEDIA_REFUSED, report.reason)
            case Broken() if self._stopping:
                # An upload may still come to its end; the row then says `packaging`: the next start's work.
                self._log.info("packaging is left to the next start", reason=report.reason)
            case Broken():
                await self.fail(Event.WORK_BROKE, report.reason)

    async def _show_segment(self) -> None:
        record = self.record
        record.updated_at = self._desk.now_ms()
        self._desk.shelf.changed(record.id)
        if record.playable:
            self._desk.announcer.soon(record)
        else:
            await self._become_playable()

    async def _become_playable(self) -> None:
        """First in the database, then for all to see: who sees it play finds it in the list."""
        async with self._storing:
            await self._desk.catalogue.update(replace(self.record, playable=True))
            self.record.playable = self.record.state is not State.FAILED
        if not self._left:
            self._desk.announcer.now(self.record)

    async def _finish(self, duration_ms: int) -> None:
        await self._received.wait()
        record = self.record
        if not self._goes_on():
            return
        names = [f"{name}.mp4" for name in record.renditions]
        if record.peaks is not None:
            await asyncio.to_thread(folder.write, self.path / "peaks", record.peaks.to_binary())
        await asyncio.to_thread(folder.sync, self.path, names)
        record.file_bytes = await asyncio.to_thread(file_sizes, self.path, record)
        while self._goes_on() and (first := await self._become_ready(duration_ms)) is not None:
            if not await self.take_over():
                self._unlike.add(first)
        if self._left or record.media_id != self.path.name:
            return
        record.peaks = None
        self._desk.announcer.now(record)
        self._desk.shelf.release(record.id)
        self._log.info("track ready", duration_ms=duration_ms, size_bytes=record.received_bytes)

    async def _become_ready(self, duration_ms: int) -> str | None:
        """The last step. Returns another track with the same bytes if that was first, and does nothing."""
        record = self.record
        async with self._storing:
            if not self._goes_on():
                return None
            record.duration_ms = duration_ms
            ready = replace(record, state=State.READY, updated_at=self._desk.now_ms())
            first = await self._desk.catalogue.finish(ready, self._unlike)
            if first is not None:
                return first
            for rendition in record.renditions.values():
                rendition.complete = True
            self._change(Event.PACKAGED)
            record.updated_at = ready.updated_at
        for other in list(self._desk.works.values()):
            if other is not self and other.record.sha256 == record.sha256 and other._goes_on():
                self._desk.tasks.create_task(other.take_over(), name=f"take over {record.id}")
        return None

    def _goes_on(self) -> bool:
        """Asked after every wait: the track may have been deleted meanwhile."""
        return not self._left and self.record.state is State.PACKAGING

    def _change(self, event: Event) -> None:
        before, self.record.state = self.record.state, advance(self.record.state, event)
        if self.record.state is not before and self.record.state in (State.READY, State.FAILED):
            self._desk.outcomes[event.name.lower()] += 1
        self.record.updated_at = self._desk.now_ms()
        self._desk.shelf.changed(self.record.id)

    async def _store(self) -> None:
        """Note the record as it is when its turn comes, then tell who watches."""
        async with self._storing:
            await self._desk.catalogue.update(self.record)
        if not self._left:
            self._desk.announcer.now(self.record)
