"""What a recording is recognised by: the SHA-256 of its source, computed as the bytes come in."""

import hashlib
import os
from pathlib import Path
from threading import Lock

_READ_BYTES = 1 << 20


class Fingerprint:
    """The hash of a file that is only ever appended to. Every method may be called from any thread.

    Who writes also feeds, while the bytes are at hand. What nobody fed, because another process received it,
    or because a write ended halfway, is read back from the file: then, or when the hash is asked for.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._counted_bytes = 0
        self._turn = Lock()
        self._resting = False

    def feed(self, at_bytes: int, data: bytes | memoryview) -> None:
        """Count bytes that lie at `at_bytes` of the file; left for `catch_up` if others before them are."""
        with self._turn:
            known = self._counted_bytes - at_bytes  # who catches up may have been here
            if 0 <= known < len(data):
                self._hash.update(memoryview(data)[known:])
                self._counted_bytes += len(data) - known

    def rest(self) -> None:
        """Let who catches up end where it is: the process stops."""
        self._resting = True

    def catch_up(self, path: Path) -> None:
        """Count what is in the file so far, while others may append to it and feed.

        Raises:
            OSError: it can't be read.
        """
        with path.open("rb", buffering=0) as file:
            while not self._resting and self._count_next(file.fileno()):
                pass

    def finish(self, path: Path) -> str:
        """The hash of the whole file, in hex. Nobody writes any more.

        Raises:
            OSError: it can't be read.
        """
        with path.open("rb", buffering=0) as file:
            while self._count_next(file.fileno()):
                pass
        return self._hash.hexdigest()

    def _count_next(self, descriptor: int) -> int:
        with self._turn:
            data = os.pread(descriptor, _READ_BYTES, self._counted_bytes)
            self._hash.update(data)
            self._counted_bytes += len(data)
        return len(data)


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, in hex.

    Raises:
        OSError: it can't be read.
    """
    return Fingerprint().finish(path)
