"""Bytes of files, read for many connections: through one hot buffer from the page cache, or by a thread."""

import asyncio
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from streamer.files import CHUNK_BYTES, FileCache, OpenFile, TruncatedFile, open_from_thread, read_from_thread
from streamer.ranges import Span
from streamer.resource import FileBody, StoredBody
from streamer.store_cache import StoreCache
from streamer.supply import FileSupply, StoredSupply, Supply

#: Room before a chunk for the response head, so that both leave in one write.
_HEAD_ROOM_BYTES: Final = 4_096
_BUFFER_BYTES: Final = _HEAD_ROOM_BYTES + CHUNK_BYTES


class Pump:
    """What all answers of a front door share: open files, threads to read in, and one buffer to read into.

    `cache` has what lies in the store; None where there is no store, and nothing is looked for in one.

    uvloop writes to the socket in `write` itself. So one hot buffer serves every connection; only a transport
    that could not write it all keeps it, and is the reason for a new one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        files: FileCache,
        threads: Executor,
        cache: StoreCache | None = None,
    ) -> None:
        self.loop = loop
        self.files = files
        self.cache = cache
        self._threads = threads
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))

    def supply(self, body: FileBody | StoredBody) -> Supply:
        """Where an answer gets the bytes of `body` from."""
        if isinstance(body, FileBody):
            return FileSupply(self, body)
        assert self.cache is not None, f"{body.key} is in a store, and there is none"
        return StoredSupply(self, self.cache, body)

    def find(self, body: StoredBody, span: Span) -> tuple[OpenFile, Span] | None:
        """The open file that has all of a span of a stored object, and where in it."""
        return None if self.cache is None else self.cache.find(body, span)

    def read_in_thread(
        self, path: Path, fd: int | None, offset_bytes: int, size_bytes: int
    ) -> "asyncio.Future[tuple[int, bytes | Exception]]":
        """The descriptor, opened if it is None, and what was read from it, or what reading raised.

        The future fails with OSError if the file can't be opened.
        """
        return self.loop.run_in_executor(self._threads, _open_and_read, path, fd, offset_bytes, size_bytes)

    def copy(self, transport: asyncio.Transport, head: bytes, file: OpenFile, span: Span) -> int:
        """Writes `head` and the first bytes of a span in one go, if the page cache has them.

        Returns: bytes of the span written, up to a chunk; 0 when nothing was, not even the head.

        Raises:
            TruncatedFile, OSError: nothing was written.
        """
        start = len(head)
        if start > _HEAD_ROOM_BYTES:
            return 0
        buffer = self._buffer
        size = span.size_bytes
        count = file.read_at_once(
            buffer[start : start + (size if size < CHUNK_BYTES else CHUNK_BYTES)], span.offset_bytes
        )
        if count:
            buffer[:start] = head
            transport.write(buffer[: start + count])
            if transport.get_write_buffer_size():
                self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        return count


def _open_and_read(
    path: Path, fd: int | None, offset_bytes: int, size_bytes: int
) -> tuple[int, bytes | Exception]:
    fd = open_from_thread(path) if fd is None else fd
    try:
        return fd, read_from_thread(fd, offset_bytes, size_bytes)
    except (TruncatedFile, OSError) as error:
        return fd, error
