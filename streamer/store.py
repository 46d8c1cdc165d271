"""Where the files of finished tracks lie: what is promised of it, whatever it is made of."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

#: Most keys of a page of `list`, or of one `delete`. Source: S3's ListObjectsV2 and DeleteObjects.
MAX_KEYS: Final = 1_000
#: The `store_url` of those who need none: files stay in the data folder.
NO_STORE: Final = "file:"
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")


class StoreError(Exception):
    """The store did not do what it was asked. One line, without credentials."""


class StoreMissing(StoreError):
    """There is no such object."""


class StoreFailed(StoreError):
    """The store can't be reached, refused, or gave something else than was asked.

    Attributes:
        retryable: the same may well work in a moment; False where somebody has to mend something first.
    """

    def __init__(self, text: str, *, retryable: bool) -> None:
        super().__init__(text)
        self.retryable = retryable


class StoredObject(msgspec.Struct, frozen=True):
    """What is known of an object without its bytes. `etag` changes when the bytes do; it is opaque."""

    key: str
    size_bytes: int
    etag: str | None


class Store(Protocol):
    """Objects by key. Nothing is ever changed in place, and a key is never used for other bytes.

    Every method is bounded in time, retries included, and raises StoreFailed when that is over. It may be
    cancelled at any point: then it happened whole or not at all, and nobody knows which. Nothing blocks the
    loop. Keys are made of track ids and file names of ours (`is_key`), never of what somebody has sent.

    Attributes:
        name: for people: the URL, without credentials.
        folder: where objects lie as files, if they do.
    """

    name: str
    folder: Path | None

    async def put(self, key: str, source: Path) -> None:
        """Copy a file into the store, in parts if it is large, in bounded memory.

        When it returns, the object is there and survives a power cut; until then nobody sees any of it. What
        was under the key before is replaced. The file must not change meanwhile.

        Raises:
            StoreFailed: nothing is seen of it.
            OSError: the file can't be read.
        """
        ...

    async def get_range(self, key: str, offset_bytes: int, size_bytes: int) -> bytes:
        """Exactly the bytes asked for, at least one: never fewer, never others.

        Raises:
            StoreMissing: there is no such object.
            StoreFailed: also when the object ends before.
        """
        ...

    async def stat(self, key: str) -> StoredObject:
        """Size and entity tag.

        Raises:
            StoreMissing, StoreFailed.
        """
        ...

    async def list(
        self, prefix: str, *, after: str | None = None, limit: int = MAX_KEYS
    ) -> list[StoredObject]:
        """One page of what lies under a prefix, in order of keys.

        Args:
            prefix: whole segments, `tracks/01` is no prefix of `tracks/012/source`; empty: everything.
            after: the last key of the page before.
            limit: 1 to MAX_KEYS; fewer are returned only when there are no more.

        Raises:
            StoreFailed.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove up to MAX_KEYS objects. What is not there, is deleted.

        Raises:
            StoreFailed: any of them may be left.
        """
        ...


def is_key(text: str) -> bool:
    """Whether `text` is a key of ours: lower-case segments that are no dot, no dot-dot and not empty."""
    return len(text) <= 512 and _KEY.fullmatch(text) is not None
