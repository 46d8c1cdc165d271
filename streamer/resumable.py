"""Resumable uploads: the shell around `tus`. A cut line interrupts one, and what had come stays.

The file `source` is the truth: how long it is, so far the upload has come. Bytes with a checksum wait in the
file `chunk` beside it until they are judged, for a worker reads whatever is in the source.
"""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from streamer import folder, tus
from streamer.auth import Identity
from streamer.body import ask_for_body
from streamer.database import heed_cancel
from streamer.ledger import Ledger, UploadRow
from streamer.library import STOPPED_WHILE_RECEIVING, Library
from streamer.open_upload import OpenUpload
from streamer.problems import (
    ServerStopping,
    TrackUnknown,
    UploadCut,
    UploadGone,
    UploadsBusy,
    UploadTakenOver,
    UploadUnknown,
)
from streamer.track import Event, State, TrackRecord
from streamer.tus import Addition, Creation, Standing
from streamer.uploads import Uploads

# Each has a folder, a row and a few hundred bytes of memory; who needs more has another problem.
MAX_OPEN = 2000
_SWEEP_INTERVAL_S = 1.0
_FORGET_INTERVAL_S = 600.0
_CROWDED_PATIENCE_S = 5.0  # longer than a client pauses between two requests

log = structlog.get_logger()


class Resumables:
    """Begins, continues, ends and forgets resumable uploads."""

    def __init__(
        self, library: Library, uploads: Uploads, ledger: Ledger, ttl_s: float, now_ms: Callable[[], int]
    ) -> None:
        self._library = library
        self._uploads = uploads
        self._ledger = ledger
        self._ttl_ms = int(ttl_s * 1000)
        self._now_ms = now_ms
        self._open: dict[str, OpenUpload] = {}

    @property
    def max_bytes(self) -> int:
        return self._uploads.limits.max_upload_bytes

    async def recover(self) -> None:
        """Take up what a former process left, before anyone is served; the library learns what to keep."""
        rows = {row.track_id: row for row in await self._ledger.unfinished()}
        await self._library.recover(rows.keys())
        for track_id, row in rows.items():
            work = self._library.work_on(track_id)
            if work is None or work.record.state is not State.RECEIVING:
                continue
            work.record.size_bytes = row.length_bytes or 0
            upload = self._open[track_id] = OpenUpload(work, row, self._now_s())
            if upload.whole:
                await self._complete(upload)

    async def stop(self) -> None:
        """Let every upload rest where it is. Its client comes back to the next process."""
        for upload in list(self._open.values()):
            upload.rest()
            async with upload.turn:
                await upload.work.park()

    async def create(self, request: web.Request, creation: Creation, owner: Identity | None) -> Standing:
        """A new upload, with the bytes that come along.

        Args:
            owner: the account that uploads; None: nobody's.

        Raises:
            Problem: it was not made, or it was and the line broke: then its client finds it by its `ref`.
        """
        if len(self._open) >= MAX_OPEN:
            raise UploadsBusy(f"{len(self._open)} uploads are waiting to be resumed")
        addition = Addition(0, None, tus.read_checksum(request.headers))
        self._uploads.check_disk(creation.length or 0)
        begin = partial(
            self._library.begin,
            filename=creation.filename,
            ref=creation.ref,
            media_type=creation.media_type,
            announced_bytes=creation.length or 0,
            owner=owner,
            resumable=True,
        )
        work = await self._uploads.quota.admit(owner, creation.length or 0, begin)
        row = UploadRow(work.record.id, creation.length, creation.metadata, self._now_ms() + self._ttl_ms)
        try:
            await self._ledger.insert(row)
        except BaseException:
            await self._library.delete(work.record.id)
            raise
        upload = self._open[row.track_id] = OpenUpload(work, row, self._now_s())
        if creation.has_body:
            return await self._add_in_turn(upload, request, addition)
        if upload.whole:
            await self._complete(upload)
        return upload.standing

    async def record(self, upload_id: str) -> TrackRecord:
        """The track of an upload.

        Raises:
            UploadUnknown: there is none.
        """
        try:
            return await self._library.get(upload_id)
        except TrackUnknown:
            raise UploadUnknown(f"there is no upload {upload_id[:40]}") from None

    async def look(self, upload_id: str) -> Standing:
        """How far an upload is. Who asks wants to go on: a request that still adds is let come to its end.

        Raises:
            UploadUnknown, UploadGone: there is none, or none any more.
        """
        upload = self._open.get(upload_id)
        if upload is None:
            return await self._look_at_ended(upload_id)
        upload.asked += 1
        upload.interrupt()
        async with upload.turn:
            upload.check()
            return upload.standing

    async def add(self, upload_id: str, request: web.Request, addition: Addition) -> Standing:
        """Take the bytes of a request.

        Cancelled: what was written stays, and is counted.

        Raises:
            Problem: what went wrong. What came before it stays, unless it had a checksum.
        """
        upload = self._open.get(upload_id)
        if upload is not None:
            return await self._add_in_turn(upload, request, addition)
        standing = await self._look_at_ended(upload_id)
        tus.judge(standing, addition, request.content_length, self.max_bytes)
        return standing

    async def terminate(self, upload_id: str) -> None:
        """Forget an upload and remove every byte of it, and of its track.

        Raises:
            UploadUnknown, UploadGone: there is none, or none any more.
        """
        await self.look(upload_id)
        self._open.pop(upload_id, None)
        with contextlib.suppress(TrackUnknown):  # another was quicker
            await self._library.delete(upload_id)

    async def run(self, crowded: Callable[[], bool]) -> None:
        """End what has expired, and take workers from uploads that wait for their client. Until cancelled.

        Args:
            crowded: whether others wait for a worker.
        """
        forget_at_s = 0.0
        while True:
            try:
                await self._sweep(_CROWDED_PATIENCE_S if crowded() else self._uploads.limits.idle_s)
                if self._now_s() >= forget_at_s:
                    forget_at_s = self._now_s() + _FORGET_INTERVAL_S
                    await self._ledger.forget_ended(self._now_ms())
            except (OSError, SQLAlchemyError) as error:
                heed_cancel()
                log.error("expired uploads could not be removed", error=str(error))
            await asyncio.sleep(_SWEEP_INTERVAL_S)

    async def _sweep(self, patience_s: float) -> None:
        now_ms, now_s = self._now_ms(), self._now_s()
        for upload_id, upload in list(self._open.items()):
            if not upload.work.wants_bytes:
                self._open.pop(upload_id, None)
            elif upload.idle and upload.row.expires_at <= now_ms:
                await self._expire(upload)
            elif upload.idle and now_s - upload.used_at_s >= patience_s:
                async with upload.turn:
                    await upload.work.park()

    async def _expire(self, upload: OpenUpload) -> None:
        async with upload.turn:
            self._open.pop(upload.row.track_id, None)
            received = upload.work.record.received_bytes
            whole = "" if upload.row.length_bytes is None else f" of {upload.row.length_bytes}"
            reason = f"the upload was not resumed after {received}{whole} bytes, and has expired"
            await upload.work.fail(Event.BODY_CUT, reason)

    async def _look_at_ended(self, upload_id: str) -> Standing:
        record = await self.record(upload_id)
        if record.state is State.FAILED:
            raise UploadGone(record.reason or "it has failed")
        row = await self._ledger.get(upload_id)
        if row is None:
            raise UploadUnknown(f"there is no upload {upload_id}")
        return Standing(upload_id, record.received_bytes, record.received_bytes, row.client_metadata, None)

    async def _add_in_turn(self, upload: OpenUpload, request: web.Request, addition: Addition) -> Standing:
        with self._uploads.place():
            upload.asked += 1
            number = upload.asked
            upload.interrupt()
            async with upload.turn:
                if number != upload.asked:
                    raise UploadTakenOver("a newer request goes on with this upload")
                upload.check()
                room = tus.judge(upload.standing, addition, request.content_length, self.max_bytes)
                self._uploads.check_disk(request.content_length or 0)
                if self._library.stopping:
                    raise ServerStopping(STOPPED_WHILE_RECEIVING)
                if addition.length is not None:
                    await self._uploads.quota.extend(upload.work.record, addition.length)
                await ask_for_body(request)
                if addition.length is not None:
                    upload.row.length_bytes = upload.work.record.size_bytes = addition.length
                await self._take(upload, request, addition, room)
                return upload.standing

    async def _take(self, upload: OpenUpload, request: web.Request, addition: Addition, room: int) -> None:
        try:
            await upload.take(request, addition.checksum, room, self._uploads)
        except UploadTakenOver:
            if not self._library.stopping:
                raise
            # An answer would reach a client that still sends only after bytes that nobody keeps any more.
            if request.transport is not None:
                request.transport.abort()
            raise ServerStopping(STOPPED_WHILE_RECEIVING) from None
        except UploadCut:
            received = upload.work.record.received_bytes
            raise UploadCut(f"the line broke; {received} bytes are here, go on from there") from None
        finally:
            await self._settle(upload)
        if not upload.whole:
            upload.check()

    async def _settle(self, upload: OpenUpload) -> None:
        """After each request, however it went: note where the upload is, and whether that is its end."""
        work = upload.work
        if not work.wants_bytes:
            return
        size = await asyncio.to_thread(folder.size, work.path / "source")
        if size != work.record.received_bytes:  # joined from a chunk, or part of a write that failed
            work.source_grew(size)
        upload.used_at_s = self._now_s()
        upload.row.expires_at = self._now_ms() + self._ttl_ms
        if upload.whole:
            await self._complete(upload)
        else:
            await self._ledger.update(upload.row)

    async def _complete(self, upload: OpenUpload) -> None:
        work = upload.work
        self._open.pop(upload.row.track_id, None)
        if not work.wants_bytes:
            return
        if work.record.received_bytes:
            work.source_grew(work.record.received_bytes)  # for a worker that was let go
        with contextlib.suppress(FileNotFoundError):  # an empty one
            await asyncio.to_thread(folder.sync, work.path, ["source"])
        sha256 = await upload.sha256()
        await self._ledger.update(upload.row)
        await work.source_completed(sha256)
        self._uploads.stats.completed_total += 1

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()
