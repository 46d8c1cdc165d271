"""An upload whose bytes still come, and how they get to the disk."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from streamer import folder
from streamer.body import body_chunks
from streamer.fingerprint import Fingerprint
from streamer.ledger import UploadRow
from streamer.problems import (
    ChecksumWrong,
    UploadGone,
    UploadTakenOver,
    UploadTooLarge,
    UploadUnknown,
)
from streamer.spool import Spool
from streamer.track import State
from streamer.tus import Checksum, Standing
from streamer.uploads import CHECK_DISK_EVERY_BYTES, Uploads, disk_problem
from streamer.work import Work

_READ_BYTES = 1 << 20


class OpenUpload:
    """An upload whose bytes still come. One request at a time adds to it: the newest."""

    def __init__(self, work: Work, row: UploadRow, now_s: float) -> None:
        self.work = work
        self.row = row
        self.used_at_s = now_s
        self.turn = asyncio.Lock()
        self.asked = 0  # numbers the requests, in the order in which they came
        self._adding: asyncio.Timeout | None = None
        self._fingerprint = Fingerprint()
        self._catching_up: asyncio.Future[None] | None = None

    @property
    def source(self) -> Path:
        return self.work.path / "source"

    @property
    def standing(self) -> Standing:
        row = self.row
        return Standing(
            *(row.track_id, self.work.record.received_bytes, row.length_bytes, row.client_metadata),
            row.expires_at,
        )

    @property
    def idle(self) -> bool:
        return not self.turn.locked()

    @property
    def whole(self) -> bool:
        return self.row.length_bytes == self.work.record.received_bytes

    def rest(self) -> None:
        """The server stops: let the request that adds now come to its end, and start nothing anew."""
        self._fingerprint.rest()
        self.interrupt()

    def interrupt(self) -> None:
        """Let the request that adds now come to its end, with what it has read so far."""
        if self._adding is not None:
            self._adding.reschedule(0)
            self._adding = None

    @contextlib.asynccontextmanager
    async def interruptible(self) -> AsyncIterator[None]:
        """Raises UploadTakenOver inside when `interrupt` is called."""
        try:
            async with asyncio.timeout(None) as self._adding:
                yield
        except TimeoutError:
            raise UploadTakenOver("a newer request goes on with this upload") from None
        finally:
            self._adding = None

    def check(self) -> None:
        """Whether it can go on.

        Raises:
            UploadUnknown, UploadGone: no.
        """
        if self.work.deleted:
            raise UploadUnknown(f"there is no upload {self.row.track_id} any more")
        if self.work.record.state is State.FAILED:
            raise UploadGone(self.work.record.reason or "it has failed")

    async def take(
        self, request: web.Request, checksum: Checksum | None, room_bytes: int, uploads: Uploads
    ) -> None:
        """Put a request's bytes at the end of the source, as they come; with a checksum, when all are there.

        Raises:
            Problem: what went wrong. Bytes without a checksum that came before are on disk.
        """
        at_bytes = self.work.record.received_bytes
        if at_bytes and self._catching_up is None:
            # A former process may have received it. Beside what comes now, so that the end need not wait.
            loop = asyncio.get_running_loop()
            self._catching_up = loop.run_in_executor(uploads.writers, self._catch_up)
        try:
            if checksum is None:
                await self._pour(self.source, request, room_bytes, uploads, self.work.source_grew, at_bytes)
            else:
                await self._take_checked(request, checksum, room_bytes, uploads)
        except OSError as error:
            self.check()  # a folder that is gone says less than why it is
            raise disk_problem(error, self.work.record.received_bytes) from error

    async def sha256(self) -> str | None:
        """Of the source, which is whole; None if it is gone. Cancelling it loses nothing."""
        try:
            return await asyncio.to_thread(self._fingerprint.finish, self.source)
        except FileNotFoundError:
            return None

    def _catch_up(self) -> None:
        with contextlib.suppress(OSError):  # who asks for the whole hash meets it again
            self._fingerprint.catch_up(self.source)

    async def _take_checked(
        self, request: web.Request, checksum: Checksum, room_bytes: int, uploads: Uploads
    ) -> None:
        chunk = self.work.path / "chunk"
        try:
            await self._pour(chunk, request, room_bytes, uploads, lambda _: None, None)
            if await asyncio.to_thread(_digest, chunk, checksum) != checksum.digest:
                raise ChecksumWrong(f"the {checksum.algorithm} of what came is another one")
            await asyncio.to_thread(folder.join, self.source, chunk)
            await asyncio.to_thread(self._catch_up)
        finally:
            await asyncio.to_thread(chunk.unlink, missing_ok=True)

    async def _pour(
        self,
        path: Path,
        request: web.Request,
        room_bytes: int,
        uploads: Uploads,
        grew: Callable[[int], None],
        at_bytes: int | None,
    ) -> None:
        fingerprint = self._fingerprint if path == self.source else None
        spool = Spool(path, uploads.writers, grew, at_bytes=at_bytes, fingerprint=fingerprint)
        try:
            try:
                async with self.interruptible():
                    await self._copy(request, spool, room_bytes, uploads)
            finally:
                await spool.finish()
        finally:
            await spool.close()

    async def _copy(self, request: web.Request, spool: Spool, room_bytes: int, uploads: Uploads) -> None:
        taken, check_at = 0, CHECK_DISK_EVERY_BYTES
        record, at_bytes = self.work.record, self.work.record.received_bytes
        async for chunk in body_chunks(request, uploads.limits.idle_s):
            taken += len(chunk)
            uploads.stats.received_bytes_total += len(chunk)
            if taken > room_bytes:
                raise UploadTooLarge(f"more than the {room_bytes} bytes come that there is room for")
            if taken >= check_at:
                check_at = taken + CHECK_DISK_EVERY_BYTES
                uploads.check_disk(0)
            if not self.work.wants_bytes:
                self.check()
            await uploads.quota.extend(record, at_bytes + taken)
            await spool.write(chunk)


def _digest(path: Path, checksum: Checksum) -> bytes:
    digest = checksum.new_hash()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.digest()
