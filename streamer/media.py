"""Where the files of a track are: in its folder on local disk, or in the store."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from streamer import folder
from streamer.resource import FileBody, StoredBody
from streamer.store import StoreMissing
from streamer.track import TrackRecord

if TYPE_CHECKING:
    from streamer.storage import Storage

_MAX_BYTES = 64 << 20  # the waveform of a week


def key_of(media_id: str, name: str) -> str:
    """What the store knows a file by."""
    return f"{prefix_of(media_id)}/{name}"


def prefix_of(media_id: str) -> str:
    """Of everything that the store has of these media."""
    return f"tracks/{media_id}"


def body_of(folder: Path, record: TrackRecord, name: str, size_bytes: int) -> FileBody | StoredBody:
    """A file of a track that has one; `size_bytes` is its length where it lies in `folder`."""
    if record.stored is not None and name in record.stored:
        return StoredBody(key_of(record.media_id, name), record.stored[name])
    return FileBody(folder / name, size_bytes)


class MediaFiles:
    """Reads the smaller files of tracks, those that the shelf does not have at hand."""

    def __init__(self, root: Path, storage: "Storage | None") -> None:
        self._root = root
        self._cache = None if storage is None else storage.cache

    async def find(self, record: TrackRecord, name: str) -> FileBody | StoredBody | None:
        """Where a file is, to be served in ranges; None if there is none."""
        path = self._root / record.media_id
        size = await asyncio.to_thread(folder.size, path / name)
        stored = record.stored is not None and name in record.stored
        return body_of(path, record, name, size) if size or stored else None

    async def read(self, record: TrackRecord, name: str, max_bytes: int = _MAX_BYTES) -> bytes | None:
        """All of a file; None if there is none.

        Raises:
            StoreError, OSError: also when it has more than `max_bytes`.
        """
        try:
            return await asyncio.to_thread(folder.read, self._root / record.media_id / name, max_bytes)
        except FileNotFoundError:
            if record.stored is None or name not in record.stored:
                return None
        size = record.stored[name]
        if size > max_bytes:
            raise OSError(f"{name} of {record.media_id} has more than {max_bytes} bytes")
        if self._cache is None:
            raise StoreMissing(f"{name} of {record.media_id} is in a store, and there is none")
        body, data = StoredBody(key_of(record.media_id, name), size), bytearray()
        while len(data) < size:
            data += await self._cache.read(body, len(data), size)
        return bytes(data)
