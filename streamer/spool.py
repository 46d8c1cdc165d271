"""An upload on its way to the disk: threads write, the loop never waits for the disk, the client does.

While one write is under way the next chunks gather, and go out together when it ends: a slow client's bytes
are on disk at once, a fast client's in large pieces. Bound: `MAX_GATHERED_BYTES` wait for the disk, then
`write` waits, and with it the client (TCP back-pressure).
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from streamer.fingerprint import Fingerprint

# What one upload may hold in memory beside aiohttp's read buffer.
MAX_GATHERED_BYTES = 1 << 20
# Without this, everything would be written back at the end, while the client waits for its 201.
_SYNC_EVERY_BYTES = 64 << 20


class Spool:
    """A file that grows by what a client sends."""

    def __init__(
        self,
        path: Path,
        executor: Executor,
        grew: Callable[[int], None],
        *,
        at_bytes: int | None = None,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        """Open the file.

        Args:
            grew: called on the loop with the bytes on disk so far, after each write.
            at_bytes: how long the file is, which goes on; None: it must not be there yet.
            fingerprint: is fed with what was written.
        """
        self._loop = asyncio.get_running_loop()
        self._executor = executor
        self._grew = grew
        self._fingerprint = fingerprint
        how = os.O_EXCL if at_bytes is None else os.O_APPEND
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o644)
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._written_bytes = self._synced_bytes = at_bytes or 0
        self._writing: asyncio.Future[None] | None = None
        self._error: OSError | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def write(self, chunk: bytes) -> None:
        """Take bytes; returns when there is room for more. Cancelled: what was taken is still written.

        Raises:
            OSError: the disk refused, this time or an earlier one.
        """
        self._raise_error()
        self._gathered.append(chunk)
        self._gathered_bytes += len(chunk)
        if self._writing is None:
            self._start()
        if self._gathered_bytes >= MAX_GATHERED_BYTES:
            self._room.clear()
            await self._room.wait()
            self._raise_error()

    async def finish(self) -> int:
        """Wait until every byte, and the file's name, are on the disk. Returns the size in bytes.

        Raises:
            OSError: the disk refused.
        """
        while self._writing is not None:
            await asyncio.wait([self._writing])
            await asyncio.sleep(0)  # its callback may start the next write
        self._raise_error()
        await self._loop.run_in_executor(self._executor, os.fsync, self._descriptor)
        return self._written_bytes

    async def close(self) -> None:
        """Close the file, after the write under way. What was gathered and not written is dropped."""
        self._gathered.clear()
        writing = self._writing
        if writing is not None:
            await asyncio.wait([writing])
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _start(self) -> None:
        chunks, self._gathered = self._gathered, []
        size, self._gathered_bytes = self._gathered_bytes, 0
        sync = self._written_bytes + size - self._synced_bytes >= _SYNC_EVERY_BYTES
        if sync:
            self._synced_bytes = self._written_bytes + size
        self._writing = self._loop.run_in_executor(
            self._executor, self._write_from_thread, chunks, self._written_bytes, sync
        )
        self._writing.add_done_callback(lambda done: self._written(done, size))

    def _written(self, done: asyncio.Future[None], size: int) -> None:
        self._writing = None
        self._room.set()
        error = None if done.cancelled() else done.exception()
        if isinstance(error, OSError):
            self._error = error
            return
        self._written_bytes += size
        self._grew(self._written_bytes)
        if self._gathered:
            self._start()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _write_from_thread(self, chunks: list[bytes], at_bytes: int, sync: bool) -> None:
        data = rest = memoryview(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        if self._fingerprint is not None:
            self._fingerprint.feed(at_bytes, data)
        if sync:
            os.fdatasync(self._descriptor)
