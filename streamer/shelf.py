"""Tracks at hand: what the front door serves from memory.

What a cache may keep of a track, and why:

- A rendition of a track that is ready never changes: `immutable`, for a year.
- A rendition that grows is not the same representation from one segment to the next: its length and its
  entity tag change, so a client that resumes with If-Range gets a fresh whole rather than a patchwork, and no
  cache may keep it (browsers drop an entry when the length behind its Content-Range changes). Byte ranges
  that a playlist has announced never change, which is all that a player relies on; but where AAC is copied
  from a damaged source, a unit that can't be decoded becomes silence of its size when that is found out. So
  one that is complete before the rest of its track is not kept either.
- An EVENT playlist is stale after a second; a VOD playlist changes only if the track is deleted.
- The source is kept for a year too, but never shown: it is an attachment of a media type that runs nothing.
"""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

from hls.model import Rendition
from hls.playlist import MediaPlaylist, multivariant
from streamer.ids import ID_LENGTH, is_id
from streamer.media import body_of
from streamer.resource import Resource, disposition
from streamer.track import State, TrackRecord

HLS_PREFIX = "/hls/"
TRACK_PREFIX = "/api/v1/tracks/"
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
MEDIA_TYPE = "audio/mp4"
IMMUTABLE = "public, max-age=31536000, immutable"
UNFINISHED = "no-store"
EVENT_PLAYLIST = "max-age=1"
VOD_PLAYLIST = "max-age=60"

# Tracks kept in memory besides those being worked on; an hour of sound is about 60 KB.
MAX_KEPT = 2048


class _Entry:
    """A record and the resources made from it so far, by their path."""

    __slots__ = ("playlists", "record", "resources")

    def __init__(self, record: TrackRecord) -> None:
        self.record = record
        self.resources: dict[str, Resource] = {}
        self.playlists: dict[str, MediaPlaylist] = {}  # they remember their lines while the track grows


class Shelf:
    """Finds tracks and their media: in memory at once, else in the database, asked once for all who wait.

    Bounds: tracks being worked on are always held; of the others the `max_kept` used last.
    """

    def __init__(
        self,
        folder: Path,
        load: Callable[[str], Awaitable[TrackRecord | None]],
        tasks: asyncio.TaskGroup,
        max_kept: int = MAX_KEPT,
    ) -> None:
        self._folder = folder
        self._load = load
        self._tasks = tasks
        self._max_kept = max_kept
        self._active: dict[str, _Entry] = {}
        self._kept: OrderedDict[str, _Entry] = OrderedDict()
        self._loading: dict[str, asyncio.Future[TrackRecord | None]] = {}
        self._moves = 0  # of media, to the store
        #: There is a store, and other servers may bring media there.
        self.shared = False

    def find(self, path: str) -> Resource | Awaitable[Resource | None] | None:
        """The front door's question, in the form of `MediaShelf.find`."""
        if path.startswith(HLS_PREFIX):
            track_id = path[len(HLS_PREFIX) : len(HLS_PREFIX) + ID_LENGTH]
        elif path.startswith(TRACK_PREFIX) and path.endswith("/source"):
            track_id = path[len(TRACK_PREFIX) : -len("/source")]
        else:
            return None
        entry = self._at_hand(track_id)
        if entry is None:
            return self._find_later(track_id, path) if is_id(track_id) else None
        return entry.resources.get(path) or self._render(entry, path)

    async def get(self, track_id: str) -> TrackRecord | None:
        """The track, from memory or the database. Safe to cancel: others wait on undisturbed."""
        entry = self._at_hand(track_id)
        if entry is not None:
            return entry.record
        if not is_id(track_id):
            return None
        loaded = self._loading.get(track_id)
        if loaded is None:
            loaded = self._loading[track_id] = asyncio.get_running_loop().create_future()
            self._tasks.create_task(self._fetch(track_id, loaded), name=f"load {track_id}")
        return await asyncio.shield(loaded)

    def hold(self, record: TrackRecord) -> None:
        """Keep a track that is being worked on in memory until `release`."""
        self._forget(record.id)
        self._active[record.id] = _Entry(record)

    def release(self, track_id: str) -> None:
        """The work on a track is over: it may be dropped when others are wanted more."""
        entry = self._active.pop(track_id, None)
        if entry is not None:
            self._keep(entry)

    def changed(self, track_id: str) -> None:
        """Render anew what is asked for next."""
        entry = self._at_hand(track_id)
        if entry is not None:
            entry.resources = {}

    def remove(self, track_id: str) -> None:
        """The track is gone. A load that is under way will not bring it back."""
        self._active.pop(track_id, None)
        self._forget(track_id)

    def forget_original(self, track_id: str) -> None:
        """A track is gone: it is no longer what others are duplicates of."""
        for entry in (*self._active.values(), *self._kept.values()):
            if entry.record.duplicate_of == track_id:
                entry.record.duplicate_of = None

    def moved(self, media_id: str, files: dict[str, int]) -> None:
        """The files of these media are in the store from now on, and about to leave their folder."""
        self._moves += 1
        for entry in (*self._active.values(), *self._kept.values()):
            if entry.record.media_id == media_id:
                entry.record.stored = files
                entry.resources = {}

    def active(self) -> list[TrackRecord]:
        """The tracks being worked on."""
        return [entry.record for entry in self._active.values()]

    def held(self, track_id: str) -> TrackRecord | None:
        """The track, if it is being worked on."""
        entry = self._active.get(track_id)
        return None if entry is None else entry.record

    def at_hand(self, track_id: str) -> TrackRecord | None:
        """The track, if it is in memory."""
        entry = self._active.get(track_id) or self._kept.get(track_id)
        return None if entry is None else entry.record

    def __len__(self) -> int:
        return len(self._active) + len(self._kept)

    def _at_hand(self, track_id: str) -> _Entry | None:
        entry = self._active.get(track_id)
        if entry is None:
            entry = self._kept.get(track_id)
            if entry is not None:
                self._kept.move_to_end(track_id)
        return entry

    def _keep(self, entry: _Entry) -> None:
        self._kept[entry.record.id] = entry
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)

    def _forget(self, track_id: str) -> None:
        self._kept.pop(track_id, None)
        self._loading.pop(track_id, None)

    async def _find_later(self, track_id: str, path: str) -> Resource | None:
        record = await self.get(track_id)
        if record is None:
            return None
        entry = self._at_hand(track_id)
        if entry is None:
            return None
        return entry.resources.get(path) or self._render(entry, path)

    async def _fetch(self, track_id: str, loaded: asyncio.Future[TrackRecord | None]) -> None:
        """Load a track for all who wait. A database that fails is their error, not the end of the server."""
        try:
            record = await self._read(track_id)
        except Exception as error:
            loaded.set_exception(error)
        else:
            # Removed, or taken into work, while the database thought: what it said is out of date.
            current = self._loading.get(track_id) is loaded
            if record is not None and current and not (self.shared and _is_nowhere(record)):
                self._keep(_Entry(record))
            loaded.set_result(record if current else None)
        finally:
            if self._loading.get(track_id) is loaded:
                del self._loading[track_id]

    async def _read(self, track_id: str) -> TrackRecord | None:
        while True:
            moves = self._moves
            record = await self._load(track_id)
            if record is None:
                return None
            record.file_bytes = await asyncio.to_thread(file_sizes, self._folder / record.media_id, record)
            if moves == self._moves:
                return record  # else its files may have moved since the database was asked

    def _render(self, entry: _Entry, path: str) -> Resource | None:
        resource = _resource(self._folder / entry.record.media_id, entry, path)
        if resource is not None:  # unknown names are not remembered: anyone can make them up
            entry.resources[path] = resource
        return resource


def _is_nowhere(record: TrackRecord) -> bool:
    """Ready, and neither here nor in the store: another server is about to bring it there."""
    return record.state is State.READY and record.stored is None and not record.file_bytes


def file_sizes(folder: Path, record: TrackRecord) -> dict[str, int]:
    """Lengths of the renditions' files, by name: a complete one ends with an index that no playlist lists."""
    sizes = {}
    for name in record.renditions:
        if record.stored is not None and f"{name}.mp4" in record.stored:
            sizes[name] = record.stored[f"{name}.mp4"]
            continue
        with contextlib.suppress(OSError):
            sizes[name] = (folder / f"{name}.mp4").stat().st_size
    return sizes


def _resource(folder: Path, entry: _Entry, path: str) -> Resource | None:
    record = entry.record
    if path.startswith(TRACK_PREFIX):
        return source_resource(folder, record)
    name, _, ending = path[len(HLS_PREFIX) + ID_LENGTH + 1 :].rpartition(".")
    if not path.startswith("/", len(HLS_PREFIX) + ID_LENGTH) or not record.playable:
        return None
    if (name, ending) == ("index", "m3u8"):
        renditions = [rendition for rendition in record.renditions.values() if rendition.segments]
        return _playlist(record, multivariant(renditions, lambda it: f"{it.name}.m3u8"))
    rendition = record.renditions.get(name)
    if rendition is None or not rendition.segments:
        return None
    if ending == "m3u8":
        if name not in entry.playlists:
            entry.playlists[name] = MediaPlaylist(rendition, f"{name}.mp4")
        return _playlist(record, entry.playlists[name].render())
    return _media(folder, record, rendition) if ending == "mp4" else None


def _playlist(record: TrackRecord, text: str) -> Resource:
    body = text.encode()
    complete = all(rendition.complete for rendition in record.renditions.values())
    return Resource(
        media_type=PLAYLIST_TYPE,
        body=body,
        etag=f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"',
        last_modified=record.updated_at // 1000,
        cache_control=VOD_PLAYLIST if complete else EVENT_PLAYLIST,
    )


def _media(folder: Path, record: TrackRecord, rendition: Rendition) -> Resource:
    ready = record.state is State.READY
    size = (record.file_bytes.get(rendition.name, 0) if ready else 0) or rendition.size_bytes
    made = "" if ready else "-making"
    return Resource(
        media_type=MEDIA_TYPE,
        body=body_of(folder, record, f"{rendition.name}.mp4", size),
        etag=f'"{record.id}-{rendition.name}-{size:x}{made}"',
        last_modified=record.updated_at // 1000,
        cache_control=IMMUTABLE if ready else UNFINISHED,
    )


def source_resource(folder: Path, record: TrackRecord) -> Resource | None:
    """The recording as it was uploaded; None until it is whole, or where it was refused."""
    if record.state not in (State.PACKAGING, State.READY) or not record.received_bytes or record.room:
        return None  # a track may play on when its source is lost, and a show never had one
    return Resource(
        media_type=record.media_type,
        body=body_of(folder, record, "source", record.received_bytes),
        etag=f'"{record.id}-source"',
        last_modified=record.created_at // 1000,
        cache_control=IMMUTABLE,
        disposition=disposition(record.filename),
    )
