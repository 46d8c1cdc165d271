"""Covers of tracks: made of the picture that a recording carries, or of one that somebody chose instead.

They lie in `covers/{id}/{hash}-{size}.jpg`, beside the tracks: packaging empties a track's folder, tracks may
share one, and it may move to a store, but a cover belongs to one track and stays. The hash of what is shown
is in the track's row and in its link, so a new cover is a new address.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from streamer import derived, folder
from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.cover import file_name
from streamer.cover_workers import CoverMaker
from streamer.ids import is_id
from streamer.media import MediaFiles
from streamer.picture_process import MAX_PICTURE_BYTES
from streamer.problems import PartMissing, PictureInvalid, ServerStopping, TrackUnknown
from streamer.resource import FileBody, Resource
from streamer.shelf import IMMUTABLE, Shelf
from streamer.tables import tracks
from streamer.track import State, TrackRecord

JPEG = "image/jpeg"
NONE_USABLE = ""  # in place of a hash: the recording's picture was tried, and is none
Column = Literal["file_cover", "user_cover"]

log = structlog.get_logger()


class Covers:
    """The one writer of a track's two covers, in its row and on disk. Belongs to one event loop.

    Bound: one job a track for the recording's own picture; who calls `put` bounds the others.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        shelf: Shelf,
        announcer: Announcer,
        maker: CoverMaker,
        data: Path,
        media: MediaFiles,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Args: `data` is the data folder; `media` has the pictures of recordings."""
        self._catalogue = catalogue
        self._shelf = shelf
        self._announcer = announcer
        self._maker = maker
        self._media = media
        self._root = data / "covers"
        self._tasks = tasks
        self._turn = asyncio.Lock()  # so that rows, files and memory see changes in one order
        self._making: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def found(self, record: TrackRecord) -> None:
        """The recording carries a picture: make covers of it in the background, once."""
        if record.file_cover is None and record.id not in self._making and not self._closing:
            making = self._make_own(record)
            self._making[record.id] = self._tasks.create_task(making, name=f"cover {record.id}")

    async def put(self, track_id: str, picture: bytes) -> TrackRecord:
        """Show a picture instead of the recording's own, from now on.

        Raises:
            PictureInvalid, TrackUnknown, ServerStopping, OSError
        """
        made = await self._maker.make(picture)
        async with self._turn:
            return await self._store(track_id, "user_cover", made)

    async def take_away(self, track_id: str) -> None:
        """Back to the recording's own picture.

        Raises:
            TrackUnknown, PartMissing: nobody has chosen another.
        """
        async with self._turn:
            record = await self._shelf.get(track_id)
            if record is None:
                raise TrackUnknown(f"there is no track {track_id}")
            if record.user_cover is None:
                raise PartMissing("nobody has given the track a cover; its recording's own can't be deleted")
            await self._note(track_id, "user_cover", None)

    async def find(self, record: TrackRecord, size: int, asked_hash: str | None) -> Resource:
        """The cover that is shown, in a size of `cover.SIZES`.

        Args:
            asked_hash: of the cover that the client means: then the answer never changes.

        Raises:
            PartMissing: there is none.
        """
        if record.user_cover is None and record.file_cover is None and record.cover_type is not None:
            self.found(record)
            if record.id in self._making:
                await asyncio.wait([self._making[record.id]])
        shown = record.user_cover or record.file_cover
        if not shown or record.state is State.FAILED:
            raise PartMissing("the track has no cover")
        path = self._root / record.id / file_name(shown, size)
        try:
            status = await asyncio.to_thread(path.stat)
        except FileNotFoundError:
            raise PartMissing("the cover is not where it was") from None
        return Resource(
            media_type=JPEG,
            body=FileBody(path, status.st_size),
            etag=f'"{shown}-{size}"',
            last_modified=int(status.st_mtime),
            cache_control=IMMUTABLE if asked_hash == shown else "no-cache",
        )

    async def forget(self, track_id: str) -> None:
        """Remove the covers of a track whose row is gone. What goes wrong is left to the next start."""
        async with self._turn:
            await asyncio.to_thread(folder.remove, self._root / track_id)

    async def recover(self, known: Collection[str]) -> None:
        """Remove covers of deleted tracks that a former process did not come to.

        Args:
            known: every track. One that is newer than all of them was not deleted: it is missing from a
                database that is older than it, and keeps its covers.
        """
        await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
        for name in await asyncio.to_thread(os.listdir, self._root):
            if is_id(name) and name not in known and name < max(known, default=""):
                await self.forget(name)

    async def close(self) -> None:
        """End what is being made; the next who asks has it made again."""
        self._closing = True
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _make_own(self, record: TrackRecord) -> None:
        try:
            picture = await self._media.read(record, "cover", MAX_PICTURE_BYTES)
            if picture is None:
                return  # deleted, or its upload failed
            made = await self._maker.make(picture)
            async with self._turn:
                await self._store(record.id, "file_cover", made)
        except PictureInvalid as error:
            log.info("the recording's picture is no cover", track=record.id, reason=str(error))
            with contextlib.suppress(TrackUnknown, SQLAlchemyError):
                async with self._turn:
                    await self._note(record.id, "file_cover", NONE_USABLE)
        except (TrackUnknown, ServerStopping):
            pass  # deleted; or the next who asks has it made
        except Exception:  # it costs a cover, not the server
            log.exception("the cover of a recording could not be made", track=record.id)
        finally:
            del self._making[record.id]

    async def _store(self, track_id: str, column: Column, made: dict[int, bytes]) -> TrackRecord:
        digest = hashlib.blake2b(digest_size=8)
        for size in sorted(made):
            digest.update(made[size])
        hash = digest.hexdigest()
        path = self._root / track_id
        await asyncio.to_thread(_write, path, {file_name(hash, size): jpeg for size, jpeg in made.items()})
        return await self._note(track_id, column, hash)

    async def _note(self, track_id: str, column: Column, hash: str | None) -> TrackRecord:
        """Into the row, then for all to see; then what nobody sees any more is removed."""
        query = sa.update(tracks).where(tracks.c.id == track_id).values({column: hash})
        async with self._catalogue.begin() as connection:
            done = await connection.execute(query)
            await derived.follow(connection, track_id)
        # A record that was being loaded meanwhile may be older than this; it is waited for.
        record = await self._shelf.get(track_id) if done.rowcount else None
        if record is None:
            await asyncio.to_thread(folder.remove, self._root / track_id)
            raise TrackUnknown(f"there is no track {track_id}")
        setattr(record, column, hash)
        self._announcer.now(record)
        shown = {hash for hash in (record.user_cover, record.file_cover) if hash}
        await asyncio.to_thread(_keep_only, self._root / track_id, shown)
        return record


def _write(path: Path, files: dict[str, bytes]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        folder.write(path / name, data)
    folder.sync(path, ())


def _keep_only(path: Path, hashes: set[str]) -> None:
    with contextlib.suppress(FileNotFoundError):
        folder.empty(path, [file.name for file in path.iterdir() if file.name.partition("-")[0] in hashes])
