"""The files of a packaging job: a source that may still be growing, and the folder that the track goes to.

Both are opened before the worker gives up the right to open anything.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable
from io import FileIO
from pathlib import Path

GREW = b"g"
COMPLETE = b"c"
"""What the server says to a worker: one byte each. The end of the channel means that the server is gone."""

_HEARTBEAT_S = 0.5
_COVER = "cover"


class ServerGone(Exception):
    """Nobody waits for the work any more."""


class GrowingSource:
    """A file that a server appends to, read by FFmpeg. Implements `hls.job.SourceReader`."""

    def __init__(
        self, path: Path, channel: socket.socket, *, complete: bool, beat: Callable[[], None]
    ) -> None:
        """Open the file.

        Args:
            path: exists; only ever appended to.
            channel: the server's word that there is more, or that this is all, arrives here.
            complete: nothing more will be appended.
            beat: called about twice a second while bytes are read, as a sign of life.
        """
        self._file = path.open("rb", buffering=0)
        self._channel = channel
        self._complete = complete
        self._beat = beat
        self._beat_at = time.monotonic()

    @property
    def size_bytes(self) -> int | None:
        """Length in bytes, or None while it grows."""
        if not self._complete:
            self._listen(socket.MSG_DONTWAIT)
        return os.fstat(self._file.fileno()).st_size if self._complete else None

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes as soon as there are any; none at the end. Waits while it grows."""
        self._show_life()
        while True:
            complete = (
                self._complete
            )  # asked first: else the last bytes could come between the read and the question
            if data := self._file.read(size):
                return data
            if complete:
                return b""
            self._listen(0)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As files have it, but -1 for the end of what still grows."""
        if whence == os.SEEK_END and self.size_bytes is None:
            return -1
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where the next read begins."""
        return self._file.tell()

    def arrived(self, offset: int, size: int, /) -> bytes:
        """What is there of these bytes, without waiting; the next read begins where it would have."""
        return os.pread(self._file.fileno(), size, offset)

    def wait_complete(self) -> None:
        """Return when nothing more will be appended."""
        while not self._complete:
            self._listen(0)

    def _listen(self, flags: int) -> None:
        try:
            said = self._channel.recv(4096, flags)
        except BlockingIOError:
            return
        if not said:
            raise ServerGone
        self._complete = COMPLETE in said

    def _show_life(self) -> None:
        now = time.monotonic()
        if now - self._beat_at >= _HEARTBEAT_S:
            self._beat_at = now
            self._beat()


class OutputFolder:
    """Where a track's files go. Implements `hls.job.Output`.

    The cover is written under another name and moved into place: it is whole whenever it is there.
    """

    def __init__(self, path: Path, renditions: Iterable[str]) -> None:
        """Open what may be written, in an existing folder; what an earlier job left is overwritten.

        In place: who reads a file that is open goes on with what comes into it. After a crash the folder is
        empty, and a worker that has not noticed yet that its server is gone has files that nobody finds.
        """
        self._cover = path / _COVER
        self._new_cover = path / f"{_COVER}.new"
        self._renditions = {name: path / f"{name}.mp4" for name in renditions}
        self._files = {name: file.open("wb", buffering=0) for name, file in self._renditions.items()}
        self._new_cover_file = self._new_cover.open("wb", buffering=0)
        self._cover.unlink(missing_ok=True)

    def append(self, rendition: str, data: bytes, /) -> None:
        """Put bytes at the end of a rendition's file.

        Raises:
            OSError: the disk is full, or the file is as large as it may become.
        """
        _write(self._files[rendition].fileno(), data)

    def replace(self, rendition: str, offset: int, data: bytes, /) -> None:
        """Put other bytes in the place of as many that are there."""
        written = os.pwrite(self._files[rendition].fileno(), data, offset)
        assert written == len(data), f"{written} of {len(data)} bytes were put in their place"

    def keep_cover(self, data: bytes, /) -> None:
        """Put the cover in its place; of several, the last one stays."""
        descriptor = self._new_cover_file.fileno()
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        _write(descriptor, data)
        if _is_at(self._new_cover_file, self._new_cover):
            self._new_cover.replace(self._cover)

    def tidy(self) -> None:
        """Close what was opened, and remove what was not used: one's own, and nothing else of that name."""
        if _is_at(self._new_cover_file, self._new_cover):
            self._new_cover.unlink(missing_ok=True)
        for name, file in self._files.items():
            path = self._renditions[name]
            if os.fstat(file.fileno()).st_size == 0 and _is_at(file, path):
                path.unlink(missing_ok=True)
            file.close()
        self._new_cover_file.close()


def _is_at(file: FileIO, path: Path) -> bool:
    """Whether it is this file that is there, and no other."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
