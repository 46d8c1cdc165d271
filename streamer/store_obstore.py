"""The Store on a local folder, on S3 or in memory, by obstore: one implementation, three places.

What S3 does to us, and what becomes of it: a request that fails with 5xx, 429 or a broken line is repeated
by obstore with growing pauses, for seconds; what fails then is StoreFailed, retryable. Any other 4xx, such as
a missing bucket, is StoreFailed, not retryable. A body that ends early, or a store that is silent, costs a
bounded wait and is a failure too.
"""

import asyncio
import heapq
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore import exceptions
from obstore.store import LocalStore, MemoryStore, S3Store

from streamer.store import MAX_KEYS, NO_STORE, StoredObject, StoreFailed, StoreMissing, is_key

_WAIT_S: Final = 15.0  # of a listener, for everything that one read takes
_LONG_WAIT_S: Final = 60.0  # of nobody: lists and deletions
_SLOWEST_BYTES_PER_S: Final = 16_384  # a copy into the store that is slower is given up
#: A part of a large object. S3 takes 5 MiB or more, and at most 10,000 of them.
_PART_BYTES: Final = 8 << 20
_MAX_PARTS: Final = 9_000
_PARTS_AT_ONCE: Final = 2  # a slow line must get each of them through within the timeout
_MAX_ERROR_CHARACTERS: Final = 300

# Parts of 8 MiB through a line of 1 Mbit/s, two at a time, take two minutes.
_WRITING: Final[Any] = {"connect_timeout": "5s", "timeout": "5m"}
_READING: Final[Any] = {"connect_timeout": "3s", "timeout": "10s"}
_RETRYING: Final[Any] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_REFUSED: Final = re.compile(r"status code: 4(?!08|29)\d\d")
_PERMANENT: Final = (
    exceptions.PermissionDeniedError,
    exceptions.UnauthenticatedError,
    exceptions.InvalidPathError,
    exceptions.NotSupportedError,
    exceptions.UnknownConfigurationKeyError,
)


class ObstoreStore:
    """A `Store`. `writing` may be another client of the same place, with longer timeouts."""

    def __init__(self, name: str, reading: Any, writing: Any = None, *, folder: Path | None = None) -> None:
        """Args: `folder` is where a local store keeps its objects; its files are synced after a put."""
        self.name = name
        self._reading = reading
        self._writing = reading if writing is None else writing
        self.folder = folder
        self._lists_in_order = isinstance(reading, S3Store)

    async def put(self, key: str, source: Path) -> None:
        assert is_key(key), key
        size = (await asyncio.to_thread(source.stat)).st_size
        part = max(_PART_BYTES, -(-size // _MAX_PARTS))
        try:
            async with self._asked(key, _LONG_WAIT_S + size / _SLOWEST_BYTES_PER_S):
                await obstore.put_async(
                    self._writing, key, source, chunk_size=part, max_concurrency=_PARTS_AT_ONCE
                )
                if self.folder is not None:
                    await asyncio.to_thread(_sync, self.folder, self.folder / key)
        except StoreMissing:  # of a place to put it in
            raise StoreFailed(f"{self.name}: there is no such place ({key})", retryable=False) from None

    async def get_range(self, key: str, offset_bytes: int, size_bytes: int) -> bytes:
        assert is_key(key) and offset_bytes >= 0 and size_bytes > 0, (key, offset_bytes, size_bytes)
        async with self._asked(key, _WAIT_S):
            asked = (offset_bytes, offset_bytes + size_bytes)
            found = await obstore.get_async(self._reading, key, options={"range": asked})
            # An object that is shorter than we know it: never fewer bytes than asked for.
            whole = tuple(found.range) == asked
            data = bytes(await found.bytes_async()) if whole else b""
        if len(data) != size_bytes:
            got = f"{found.range[0]} to {found.range[1]}"
            raise StoreFailed(f"{key}: asked for bytes {asked[0]} to {asked[1]}, got {got}", retryable=False)
        return data

    async def stat(self, key: str) -> StoredObject:
        assert is_key(key), key
        async with self._asked(key, _WAIT_S):
            found = await obstore.head_async(self._reading, key)
        return StoredObject(key, found["size"], found["e_tag"])

    async def list(
        self, prefix: str, *, after: str | None = None, limit: int = MAX_KEYS
    ) -> list[StoredObject]:
        assert 0 < limit <= MAX_KEYS and (not prefix or is_key(prefix)), (prefix, limit)
        found: list[StoredObject] = []
        async with self._asked(prefix, _LONG_WAIT_S):
            async for page in obstore.list(self._reading, prefix or None, offset=after, chunk_size=limit):
                found += (StoredObject(it["path"], it["size"], it["e_tag"]) for it in page)
                if len(found) >= limit:
                    # A folder is read in any order: the first keys are known when all were seen.
                    found = heapq.nsmallest(limit, found, key=lambda it: it.key)
                    if self._lists_in_order:
                        break
        return sorted(found, key=lambda it: it.key)

    async def delete(self, keys: Sequence[str]) -> None:
        assert len(keys) <= MAX_KEYS and all(map(is_key, keys)), keys
        if not keys:
            return
        async with self._asked(keys[0], _LONG_WAIT_S):
            if self.folder is None:
                await obstore.delete_async(self._writing, list(keys))
                return
            for key in keys:  # a folder refuses to delete what is not there
                try:
                    await obstore.delete_async(self._writing, key)
                except FileNotFoundError:
                    continue
                await asyncio.to_thread(_prune, self.folder, key)

    @asynccontextmanager
    async def _asked(self, key: str, within_s: float | None) -> AsyncIterator[None]:
        """Turns what obstore raises into what a Store does, and bounds the wait."""
        try:
            async with asyncio.timeout(within_s):
                yield
        except FileNotFoundError:
            raise StoreMissing(f"{self.name} has no {key}") from None
        except TimeoutError:
            raise StoreFailed(f"{self.name}: no answer within {within_s} s ({key})", retryable=True) from None
        except exceptions.BaseError as error:
            text = _line(error)
            permanent = isinstance(error, _PERMANENT) or _REFUSED.search(text) is not None
            raise StoreFailed(f"{self.name}: {text} ({key})", retryable=not permanent) from None


def open_store(url: str, environ: Mapping[str, str]) -> ObstoreStore | None:
    """The store that a URL names; None for `file:`, the data folder itself, which needs none.

    Args:
        url: `file:`, `file:///folder`, `s3://bucket` or `s3://bucket/prefix`.
        environ: has AWS_ENDPOINT_URL or AWS_ENDPOINT, if it is not Amazon's; obstore reads the other AWS_
            variables itself.

    Raises:
        StoreFailed: it can't be used as it is named.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if url == NO_STORE:
        return None
    try:
        if parts.scheme == "file":
            folder = Path(path)
            store = LocalStore(folder, mkdir=True)
            return ObstoreStore(url, store, folder=folder)
        endpoint = (
            environ.get("AWS_ENDPOINT_URL_S3")
            or environ.get("AWS_ENDPOINT_URL")
            or environ.get("AWS_ENDPOINT")
        )
        # Whoever writes http: in the endpoint means it: a server on this machine or beside it.
        allow_http = endpoint is not None and endpoint.startswith("http:")
        config: Any = {} if endpoint is None else {"endpoint": endpoint.rstrip("/")}
        clients = [
            S3Store(
                parts.netloc,
                prefix=path.strip("/") or None,
                client_options=options | {"allow_http": allow_http},
                retry_config=_RETRYING,
                **config,
            )
            for options in (_READING, _WRITING)
        ]
    except (exceptions.BaseError, ValueError, OSError) as error:
        raise StoreFailed(f"store_url = {url!r} can't be used: {_line(error)}", retryable=False) from None
    return ObstoreStore(url, *clients)


def memory_store() -> ObstoreStore:
    """A store that forgets, for tests."""
    return ObstoreStore("memory:", MemoryStore())


def _line(error: Exception) -> str:
    """What went wrong, on one line; obstore adds what Rust made of it on further ones.

    Of the store's own words only the code is kept: S3 repeats the key's id and what was signed.
    """
    text, _, answered = str(error).partition(": <")
    code = _CODE.search(answered)
    line = text.partition("\n")[0] or type(error).__name__
    return line[:_MAX_ERROR_CHARACTERS] + (f" ({code[1]})" if code else "")


def _sync(root: Path, file: Path) -> None:
    """The file and the folders above it survive a power cut."""
    paths = [file, *(folder for folder in file.parents if folder.is_relative_to(root))]
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _prune(root: Path, key: str) -> None:
    """The folder of an object that is gone goes with the last one in it."""
    try:
        (root / key).parent.rmdir()
    except OSError:
        return  # another object lies there, or was quicker
