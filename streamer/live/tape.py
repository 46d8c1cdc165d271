"""A recording on disk: what is appended to it, and what is left of one that nobody finished. Blocks."""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from io import FileIO
from pathlib import Path

from msgspec import Struct

from hls.live_scan import Scanned, scan
from streamer import folder

PEAKS = "peaks.raw"
"""The finest zoom of the waveform while a show runs: pairs of bytes."""
_SYNC_S = 10.0
_LOOK_S = 5.0


class Tape:
    """The files of one recording, opened once. For one thread at a time."""

    def __init__(self, path: Path, min_free_bytes: int) -> None:
        self._path = path
        self._min_free_bytes = min_free_bytes
        self._files: dict[str, int] = {}
        self._synced_at = self._looked_at = time.monotonic()

    def make(self, inits: Mapping[str, bytes]) -> None:
        """A new folder, and files that hold an init segment each. Raises OSError."""
        folder.make(self._path)
        self._look()
        for name, init in inits.items():
            self._append(f"{name}.mp4", init)

    def append(self, batch: Sequence[tuple[str, bytes]]) -> None:
        """Write behind what is there, by name of the file. Raises OSError: some of it may be written."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._look()
        joined: dict[str, list[bytes]] = {}
        for name, data in batch:
            joined.setdefault(name, []).append(data)
        for name, pieces in joined.items():
            self._append(name, b"".join(pieces))
        if now - self._synced_at >= _SYNC_S:
            self._synced_at = now
            for file in self._files.values():
                os.fdatasync(file)

    def close(self) -> None:
        """Idempotent."""
        files, self._files = self._files, {}
        for file in files.values():
            with contextlib.suppress(OSError):
                os.close(file)

    def finish(self, sizes: Mapping[str, int], peaks: bytes) -> None:
        """Nothing more comes: the files have these sizes, and there is a waveform. Raises OSError."""
        self.close()
        for name, size in sizes.items():
            os.truncate(self._path / name, size)
        folder.write(self._path / "peaks", peaks)
        (self._path / PEAKS).unlink(missing_ok=True)
        folder.sync(self._path, sizes)

    def _append(self, name: str, data: bytes) -> None:
        file = self._files.get(name)
        if file is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            file = self._files[name] = os.open(self._path / name, flags, 0o644)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]

    def _look(self) -> None:
        status = os.statvfs(self._path)
        free = status.f_bavail * status.f_frsize
        if free < self._min_free_bytes:
            raise OSError(f"{free} bytes are free on the disk, and {self._min_free_bytes} are to stay so")


class Found(Struct, frozen=True):
    """What is left of a recording.

    Attributes:
        renditions: as far as all of them go, by name.
        last: number of the last part; -1 if there is none.
        peaks: pairs of the waveform.
    """

    renditions: dict[str, Scanned]
    last: int
    peaks: bytes


def find(path: Path, names: Sequence[str]) -> Found:
    """Look how far a recording goes, and cut its files to that.

    Raises:
        OSError: a file is missing, or can't be read.
    """
    found: dict[str, Scanned] = {}
    for name in names:
        with (path / f"{name}.mp4").open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            found[name] = scan(partial(_read_at, file), size)
    last = min((one.parts[-1].number if one.parts else -1 for one in found.values()), default=-1)
    found = {name: one.until(last) for name, one in found.items()}
    for name, one in found.items():
        os.truncate(path / f"{name}.mp4", one.size_bytes)
    peaks = b""
    with contextlib.suppress(FileNotFoundError):
        peaks = (path / PEAKS).read_bytes()
    return Found(found, last, peaks)


def _read_at(file: FileIO, at: int, most: int) -> bytes:
    return os.pread(file.fileno(), most, at)
