"""Uploads: let in, spooled to disk with back-pressure, and cleaned up after when they end badly."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web

from streamer import folder
from streamer.account import Quota
from streamer.auth import Identity
from streamer.body import Recording, ask_for_body, open_recording
from streamer.fingerprint import Fingerprint
from streamer.library import STOPPED_WHILE_RECEIVING, Library
from streamer.problems import (
    DiskFull,
    Problem,
    ServerStopping,
    StorageFailed,
    TrackDeleted,
    UploadCut,
    UploadsBusy,
    UploadTooLarge,
)
from streamer.spool import Spool
from streamer.track import Event, TrackRecord
from streamer.work import Work

# A form has boundaries and part heads around the recording.
ENVELOPE_BYTES = 128 << 10
CHECK_DISK_EVERY_BYTES = 64 << 20
_WRITERS = 8  # threads; more would not make one disk faster

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """See the settings of the same names."""

    max_upload_bytes: int
    max_uploads: int
    idle_s: float
    min_free_bytes: int


@dataclass(slots=True)
class UploadStats:
    """Plain counters for the metrics."""

    running: int = 0
    completed_total: int = 0
    failed_total: int = 0
    received_bytes_total: int = 0


class Uploads:
    """Takes recordings in. At most `max_uploads` at once; one more is told to come back."""

    def __init__(self, library: Library, root: Path, limits: UploadLimits, quota: Quota) -> None:
        self._library = library
        self.quota = quota
        self._root = root
        self.limits = limits
        self.writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="spool")
        self.stats = UploadStats()

    async def receive(
        self, request: web.Request, *, filename: str | None, ref: str | None, owner: Identity | None
    ) -> TrackRecord:
        """Take one recording; returns when all of it is on the disk.

        Args:
            filename: as the uploader names it; None: as the body does.
            ref: the uploader's own mark.
            owner: the account that uploads; None: nobody's.

        Cancelled (the server stops): the library has ended the track already.

        Raises:
            Problem: what went wrong; nothing of the recording is left.
        """
        with self.place():
            await self._admit(request, owner)
            recording = await open_recording(request, filename, self.limits.idle_s)
            work = await self._begin(recording, ref, owner)
            await self._spool(work, recording)
            self.stats.completed_total += 1
            return work.record

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """One of the uploads that may run at the same time.

        Raises:
            UploadsBusy: all are taken.
        """
        if self.stats.running >= self.limits.max_uploads:
            raise UploadsBusy(f"{self.stats.running} uploads are running, try again later")
        self.stats.running += 1
        try:
            yield
        except BaseException:
            self.stats.failed_total += 1
            raise
        finally:
            self.stats.running -= 1

    def close(self) -> None:
        """Let the writers go; no upload runs any more."""
        self.writers.shutdown(wait=True)

    async def _admit(self, request: web.Request, owner: Identity | None) -> None:
        """Judge by the head alone, then ask for the body of a client that waits to be asked."""
        limits, size = self.limits, request.content_length or 0
        envelope = ENVELOPE_BYTES * request.content_type.startswith("multipart/")
        if size > limits.max_upload_bytes + envelope:
            raise UploadTooLarge(f"{size} bytes are more than {limits.max_upload_bytes}")
        self.check_disk(size)
        await self.quota.check(owner, max(0, size - envelope))
        await ask_for_body(request)

    def check_disk(self, coming_bytes: int) -> None:
        """Whether so many bytes more may come.

        Raises:
            DiskFull: they would take what must stay free.
            StorageFailed: the disk does not answer.
        """
        try:
            status = os.statvfs(self._root)
        except OSError as error:
            raise disk_problem(error, 0) from error
        free = status.f_bavail * status.f_frsize - self.limits.min_free_bytes
        if coming_bytes > free or free <= 0:
            raise DiskFull(f"{max(0, free)} bytes are free for recordings, {coming_bytes} were to come")

    async def _begin(self, recording: Recording, ref: str | None, owner: Identity | None) -> Work:
        begin = partial(
            self._library.begin,
            filename=recording.filename,
            ref=ref,
            media_type=recording.media_type,
            announced_bytes=recording.announced_bytes,
            owner=owner,
        )
        try:
            return await self.quota.admit(owner, recording.announced_bytes, begin)
        except OSError as error:
            raise disk_problem(error, 0) from error

    async def _spool(self, work: Work, recording: Recording) -> None:
        try:
            sha256 = await self._write(work, recording)
        except (Problem, OSError) as error:
            if work.deleted:
                raise TrackDeleted from None
            problem = _problem(error, recording, work.record.received_bytes)
            if self._library.stopping:
                problem = ServerStopping(STOPPED_WHILE_RECEIVING)
            await work.fail(Event.BODY_CUT, str(problem))
            raise problem from error
        await work.source_completed(sha256)

    async def _write(self, work: Work, recording: Recording) -> str | None:
        source, sha256, fingerprint = work.path / "source", None, Fingerprint()
        spool = Spool(source, self.writers, work.source_grew, fingerprint=fingerprint)
        try:
            await self._copy(recording, spool, work)
            try:
                await spool.finish()
                await asyncio.to_thread(folder.sync, work.path, ())
                sha256 = await asyncio.to_thread(fingerprint.finish, source)
            except FileNotFoundError:
                if work.wants_bytes:
                    raise
                # The worker refused the file in the last moment, and its folder is gone.
        finally:
            await spool.close()
        if work.deleted:
            raise TrackDeleted
        return sha256

    async def _copy(self, recording: Recording, spool: Spool, work: Work) -> None:
        taken, check_at = 0, CHECK_DISK_EVERY_BYTES
        async for chunk in recording.chunks:
            taken += len(chunk)
            self.stats.received_bytes_total += len(chunk)
            if taken > self.limits.max_upload_bytes:
                raise UploadTooLarge(f"the recording is larger than {self.limits.max_upload_bytes} bytes")
            if taken >= check_at:
                check_at = taken + CHECK_DISK_EVERY_BYTES
                self.check_disk(0)
            if work.deleted:
                raise TrackDeleted
            if work.wants_bytes:
                await self.quota.extend(work.record, taken)
                await spool.write(chunk)
            # else: refused already. The rest is read and dropped, so that the client gets its answer.


def _problem(error: Problem | OSError, recording: Recording, received_bytes: int) -> Problem:
    if isinstance(error, UploadCut):
        announced = f" of {recording.announced_bytes}" if recording.announced_bytes else ""
        return UploadCut(f"the upload was cut after {received_bytes}{announced} bytes")
    return error if isinstance(error, Problem) else disk_problem(error, received_bytes)


def disk_problem(error: OSError, received_bytes: int) -> Problem:
    """What the client is told when the disk did not take its bytes."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"the disk was full after {received_bytes} bytes")
    log.error("an upload could not be written", error=str(error))
    return StorageFailed(f"the disk refused to write after {received_bytes} bytes")
