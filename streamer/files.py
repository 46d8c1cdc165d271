"""Bytes of files, without blocking the loop: open descriptors, reads from the page cache or in a thread."""

import asyncio
import errno
import os
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from streamer.answer import Answer, answer
from streamer.problems import unavailable
from streamer.ranges import Span
from streamer.resource import FileBody, Found, StoredBody
from streamer.store import StoreError

#: One read and one write: a segment of four seconds at 128 kbit/s, and twice that, in one go.
CHUNK_BYTES: Final = 131_072
_CONDITIONS: Final = (
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
)
_NOWAIT: Final = getattr(os, "RWF_NOWAIT", 0)  # Linux has it; elsewhere every read takes a thread


class TruncatedFile(Exception):
    """A file ended before the size that was promised for it."""


class OpenFile:
    """A descriptor in the cache. It is closed, and -1, when it has left the cache and its last user."""

    __slots__ = ("fd", "fresh", "path", "readable_at_once", "users")

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd
        self.users = 0
        self.fresh = True  # used since the last sweep
        self.readable_at_once = bool(_NOWAIT)  # the file system knows RWF_NOWAIT

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        os.close(fd)

    def read_at_once(self, view: memoryview, offset_bytes: int) -> int:
        """Reads what the page cache has; never waits for a disk.

        Returns: the number of bytes read, which may be fewer than fit, or 0 when a thread must read.

        Raises:
            TruncatedFile: the file ends at or before the offset.
            OSError: the world failed.
        """
        if not self.readable_at_once:
            return 0
        try:
            size = os.preadv(self.fd, (view,), offset_bytes, _NOWAIT)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            self.readable_at_once = False
            return 0
        if not size:
            raise TruncatedFile(f"{self.path} ends before byte {offset_bytes}")
        return size


class FileCache:
    """Files used of late, open. At most `max_files`, not counting those in use by a slow reader.

    A deleted file's descriptor is let go by the next sweep, so that its space returns to the disk.
    """

    def __init__(self, max_files: int) -> None:
        self._max_files = max_files
        self._files: OrderedDict[Path, OpenFile] = OrderedDict()

    def find(self, path: Path) -> OpenFile | None:
        """The file, if it is open, for use at once: it may be closed in the next turn of the loop."""
        file = self._files.get(path)
        if file is not None and not file.fresh:
            self._files.move_to_end(path)
            file.fresh = True
        return file

    def acquire(self, path: Path) -> OpenFile | None:
        """The file, if it is open; release it after use."""
        file = self.find(path)
        if file is not None:
            file.users += 1
        return file

    def adopt(self, path: Path, fd: int) -> OpenFile:
        """Takes a descriptor that a thread has opened (two may have); the file is acquired."""
        file = self._files.get(path)
        if file is not None:
            os.close(fd)
        else:
            file = self._files[path] = OpenFile(path, fd)
            while len(self._files) > self._max_files:
                self._retire(next(iter(self._files)))
        file.users += 1
        return file

    def release(self, file: OpenFile) -> None:
        file.users -= 1
        if not file.users and self._files.get(file.path) is not file:
            file.close()

    def sweep(self) -> None:
        """Lets go of files that were deleted, or not used since the last sweep."""
        for path, file in list(self._files.items()):
            if not file.users and (not file.fresh or os.fstat(file.fd).st_nlink == 0):
                self._retire(path)
            file.fresh = False

    def forget(self, path: Path) -> None:
        """The file is about to be removed: its descriptor closes as soon as nobody reads from it."""
        if path in self._files:
            self._retire(path)

    def close(self) -> None:
        """Closes what nobody uses; the rest closes as it is released."""
        for path in list(self._files):
            self._retire(path)

    def _retire(self, path: Path) -> None:
        file = self._files.pop(path)
        if not file.users:
            file.close()


def open_from_thread(path: Path) -> int:
    """A descriptor to read `path` with. Raises OSError."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def read_from_thread(fd: int, offset_bytes: int, size_bytes: int) -> bytes:
    """1 to `size_bytes` bytes, from the disk if need be. Raises TruncatedFile, OSError."""
    data = os.pread(fd, size_bytes, offset_bytes)
    if not data:
        raise TruncatedFile(f"descriptor {fd} ends before byte {offset_bytes}")
    return data


class StoredReader(Protocol):
    """Reads stored objects, for `send_resource`."""

    async def read(self, body: StoredBody, offset_bytes: int, max_bytes: int) -> bytes:
        """1 to `max_bytes` bytes from an offset. Raises StoreError, OSError."""
        ...


#: What reads stored bodies, in an application that has a store.
STORED: Final[web.AppKey[StoredReader]] = web.AppKey("stored")


async def send_resource(request: web.Request, resource: Found) -> web.StreamResponse:
    """Answers a request that came through aiohttp exactly as the front door would.

    Cancelling it is safe: the connection is closed by aiohttp and the file here.

    Raises:
        StoreUnreachable, StoreBroken: the store doesn't give the first bytes; nothing was answered.
        TruncatedFile, StoreError, OSError: later ones are missing; the response is cut off, not completed.
    """
    conditions = {
        name: ", ".join(values) for name in _CONDITIONS if (values := request.headers.getall(name, ()))
    }
    reply = answer(resource, request.method, conditions)
    async with aclosing(_chunks(request, reply, resource)) as chunks:
        try:
            first = await anext(chunks, b"")  # what fails here has not promised anything yet
        except StoreError as error:
            raise unavailable(error) from error
        response = web.StreamResponse(status=reply.status)
        for line in reply.head.split(b"\r\n")[1:-1]:
            name, _, value = line.partition(b": ")
            response.headers.add(name.decode("ascii"), value.decode("latin-1"))
        await response.prepare(request)
        if first:
            await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


async def _chunks(request: web.Request, reply: Answer, resource: Found) -> AsyncGenerator[bytes, None]:
    """The body of an answer."""
    body, fd = resource.body, -1
    if isinstance(body, FileBody) and any(isinstance(piece, Span) for piece in reply.pieces):
        fd = await asyncio.to_thread(open_from_thread, body.path)
    try:
        for piece in reply.pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            offset, end = piece.offset_bytes, piece.offset_bytes + piece.size_bytes
            while offset < end:
                size = min(4 * CHUNK_BYTES, end - offset)
                if isinstance(body, StoredBody):
                    data = await request.config_dict[STORED].read(body, offset, size)
                else:
                    data = await _read(fd, offset, size)
                yield data
                offset += len(data)
    finally:
        if fd >= 0:
            os.close(fd)


async def _read(fd: int, offset_bytes: int, size_bytes: int) -> bytes:
    # The shield keeps the descriptor open until the thread has read: a cancelled request must not close
    # it under it.
    reading = asyncio.get_running_loop().run_in_executor(None, read_from_thread, fd, offset_bytes, size_bytes)
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        raise
