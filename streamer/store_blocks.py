"""Blocks of stored objects on the local disk: within a cap, the one used longest ago goes first.

On disk, because a disk holds a hundred times what memory does for the same money, each request to a store
costs money and time, and what is hot lies in the kernel's page cache anyway: a block that is played is
answered as any local file is. In fixed blocks of 1 MiB, because players ask for segments of 64 KiB one after
the other: one request to S3 for sixteen of theirs. What a former process left is thrown away at the start: it
was never synced.
"""

import asyncio
import errno
import os
import shutil
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from streamer.files import FileCache, OpenFile, open_from_thread

BLOCK_BYTES: Final = 1 << 20
MIN_BYTES: Final = 2 * BLOCK_BYTES
_MAX_OPEN_FILES: Final = 256
_CLUSTER_BYTES: Final = 4_096  # what the smallest file takes on a disk
_STEP_BYTES: Final = 16 << 20  # given up at once when the disk is full, and taken back later

log = structlog.get_logger()


class BlockId(NamedTuple):
    """Bytes `number * BLOCK_BYTES` and on of the object under `key`."""

    key: str
    number: int


class _Block(NamedTuple):
    path: Path
    size_bytes: int  # on disk


class Blocks:
    """Files of blocks, at most `max_bytes` of them together, what is being written included.

    A file is open while a piece of it is copied to a socket, or for the next listener, by a bounded number of
    descriptors that are closed with the block: what is removed leaves the disk at once.

    Args:
        folder: nothing else may be in it.
        max_bytes: >= MIN_BYTES.
        min_free_bytes: of the disk, left to others: with less the cache shrinks.
    """

    def __init__(self, folder: Path, max_bytes: int, min_free_bytes: int = 0) -> None:
        assert max_bytes >= MIN_BYTES
        self.max_bytes = max_bytes
        self.files = FileCache(_MAX_OPEN_FILES)
        self._folder = folder
        self._allowed_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._loop = asyncio.get_running_loop()
        # One writer, one block at a time: what is evicted is gone before what comes is there.
        self._writer = ThreadPoolExecutor(1, "veza-cache")
        self._adding = asyncio.Lock()
        self._blocks: OrderedDict[BlockId, _Block] = OrderedDict()
        self._numbers: dict[str, set[int]] = {}  # of the blocks of an object
        self._used_bytes = 0
        self._made = 0

    @property
    def size_bytes(self) -> int:
        """On disk, or about to be."""
        return self._used_bytes

    def __contains__(self, at: BlockId) -> bool:
        return at in self._blocks

    async def clear(self) -> None:
        """Empty the folder, or make it.

        Raises:
            OSError: it can't be made.
        """
        await self._loop.run_in_executor(self._writer, _clear, self._folder)

    def sweep(self) -> None:
        """Every few seconds: closes files that nobody reads any more, takes room back."""
        self.files.sweep()
        self._allowed_bytes = min(self.max_bytes, self._allowed_bytes + _STEP_BYTES)

    def close(self) -> None:
        """Closes what nobody uses; a block that is being written still comes to its end."""
        self.files.close()

    def find(self, at: BlockId) -> OpenFile | None:
        """A block's file, if it is open, for use in this turn of the loop. It counts as used."""
        block = self._blocks.get(at)
        if block is None:
            return None
        self._blocks.move_to_end(at)
        return self.files.find(block.path)

    def acquire(self, at: BlockId) -> OpenFile | None:
        """A block's file, if it is open; release it to `files` after use."""
        file = self.find(at)
        if file is not None:
            file.users += 1
        return file

    async def open(self, at: BlockId) -> OpenFile | None:
        """A block's file, acquired; None if it is not on disk, or was removed while a thread opened it."""
        file = self.acquire(at)
        block = self._blocks.get(at)
        if file is not None or block is None:
            return file
        try:
            fd = await self._loop.run_in_executor(self._writer, open_from_thread, block.path)
        except FileNotFoundError:
            return None
        return self.files.adopt(block.path, fd)

    async def add(self, at: BlockId, data: bytes) -> OpenFile:
        """Write a block, after what has to go for it. Returns its file, acquired.

        Raises:
            OSError: there is no room even for this one, or the disk fails.
        """
        async with self._adding:
            try:
                return await self._add(at, data, self._min_free_bytes)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            # Others have filled the disk: the cache gives way.
            self._allowed_bytes = max(MIN_BYTES, self._used_bytes - _STEP_BYTES)
            log.warning("the disk is full: the cache shrinks", allowed_bytes=self._allowed_bytes)
            return await self._add(at, data, 0)

    def remove(self, prefix: str) -> None:
        """All blocks of the objects under a prefix, which is whole segments of keys."""
        keys = [key for key in self._numbers if key.startswith(f"{prefix}/")]
        ids = [BlockId(key, number) for key in keys for number in self._numbers[key]]
        gone = [self._evict(at) for at in ids]
        if gone:
            self._writer.submit(_remove, gone)

    async def _add(self, at: BlockId, data: bytes, min_free_bytes: int) -> OpenFile:
        size = -(-len(data) // _CLUSTER_BYTES) * _CLUSTER_BYTES
        evicted = []
        while self._blocks and self._used_bytes + size > self._allowed_bytes:
            evicted.append(self._evict(next(iter(self._blocks))))
        self._made += 1
        path = self._folder / f"{self._made:x}"  # never twice: no descriptor is mistaken for another's
        self._used_bytes += size
        try:
            fd = await self._loop.run_in_executor(self._writer, _write, path, data, evicted, min_free_bytes)
        except BaseException:
            self._used_bytes -= size
            raise
        self._blocks[at] = _Block(path, size)
        self._numbers.setdefault(at.key, set()).add(at.number)
        return self.files.adopt(path, fd)

    def _evict(self, at: BlockId) -> Path:
        block = self._blocks.pop(at)
        self._used_bytes -= block.size_bytes
        numbers = self._numbers[at.key]
        numbers.discard(at.number)
        if not numbers:
            del self._numbers[at.key]
        self.files.forget(block.path)
        return block.path


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _write(path: Path, data: bytes, evicted: list[Path], min_free_bytes: int) -> int:
    """Returns a descriptor to read the new file with."""
    _remove(evicted)
    disk = os.statvfs(path.parent)
    if disk.f_bavail * disk.f_frsize < min_free_bytes:
        raise OSError(errno.ENOSPC, f"less than {min_free_bytes} bytes are free")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    return fd


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
