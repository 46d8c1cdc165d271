"""Takes the files of ready tracks to the store, and those of deleted ones out of it, for as long as it takes.

The order is what keeps every byte: noted in the database, copied, seen in the store in full, noted as stored,
and only then removed from the local disk. Whatever stops in between, the track plays from where the database
says it is, and the next round, or the next start, goes on. A store that can't be reached is asked again after
1, 2, 4, ... 60 s; meanwhile recordings stay on the local disk, and when that is full (`min_free_bytes`),
uploads are refused.
"""

import asyncio
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from streamer.database import heed_cancel
from streamer.media import key_of, prefix_of
from streamer.store import Store, StoreError, StoreFailed, StoreMissing, is_key
from streamer.store_ledger import Place, StoreLedger

_AT_ONCE = 2  # media; each is copied in two streams at most
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
# After media have moved: a player may be about to open a file that is still here.
_LINGER_S = 1.0

log = structlog.get_logger()


@dataclass(slots=True)
class ArchiveStats:
    """Totals since the start, and what is to be done as it was last seen.

    Attributes:
        stored: media that went to the store.
        stored_bytes: of them.
        removed: media that were removed from it.
        failures: rounds that a store ended which did not do its part.
        broken: media that stay here because a file of theirs can't be read; the log has the reason.
        waiting: ready, and not in the store yet, as last counted.
    """

    stored: int = 0
    stored_bytes: int = 0
    removed: int = 0
    failures: int = 0
    broken: int = 0
    waiting: int = 0


class Archive:
    """Runs beside the server. What is to be done is in the database: there is no queue to lose."""

    def __init__(
        self,
        store: Store,
        ledger: StoreLedger,
        root: Path,
        moved: Callable[[str, dict[str, int]], None],
        forget: Callable[[str], None],
    ) -> None:
        """
        Args:
            moved: told of media that are in the store from now on, and their files' sizes by name.
            forget: told of the prefix of keys whose objects nobody may have any more.
        """
        self.stats = ArchiveStats()
        self._store = store
        self._ledger = ledger
        self._root = root
        self._moved = moved
        self._forget = forget
        self._woken = asyncio.Event()
        self._broken: set[str] = set()
        self._failed: set[str] = set()  # of late: the others come first
        self._sent: set[str] = set()  # keys that this process has put, of media that are not all there yet

    def wake(self) -> None:
        """A track became ready, or was deleted."""
        self._woken.set()

    def forget(self, media_id: str) -> None:
        """Nobody needs these media any more, and the database says so."""
        self._forget(prefix_of(media_id))
        self.wake()

    async def run(self) -> None:
        """Work until cancelled; what is under way then is taken up by the next start."""
        async with asyncio.TaskGroup() as tasks:
            pause_s = _FIRST_PAUSE_S
            self._woken.set()
            first = True
            while True:
                await self._woken.wait()
                self._woken.clear()
                before = self.stats.stored
                try:
                    if first:
                        await self._remove_copies()
                        first = False
                    await self._remove()
                    await self._copy(tasks)
                    pause_s = _FIRST_PAUSE_S
                except (StoreError, SQLAlchemyError, OSError) as error:
                    heed_cancel()
                    self.stats.failures += 1
                    if self.stats.stored > before:
                        pause_s = _FIRST_PAUSE_S  # it works, by and large
                    log.warning("the store is tried again", reason=str(error), pause_s=pause_s)
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                    self._woken.set()

    async def _remove_copies(self) -> None:
        """Local files that a former process has copied, and did not come to remove."""
        folders = await asyncio.to_thread(lambda: {path.name for path in self._root.iterdir()})
        for media_id in await self._ledger.all(Place.STORED):
            if media_id in folders:
                files = await self._ledger.files(media_id)
                await asyncio.to_thread(_remove, self._root / media_id, files or {})

    async def _remove(self) -> None:
        for media_id in await self._ledger.all(Place.REMOVING):
            prefix = prefix_of(media_id)
            while found := await self._store.list(prefix):
                await self._store.delete([it.key for it in found])
            self._forget(prefix)
            await self._ledger.removed(media_id)
            self.stats.removed += 1
            log.info("removed from the store", media=media_id)

    async def _copy(self, tasks: asyncio.TaskGroup) -> None:
        while media_ids := await self._next():
            self.stats.waiting = await self._ledger.count_waiting()
            copies = (self._copy_one(media_id, tasks) for media_id in media_ids)
            outcomes = await asyncio.gather(*copies, return_exceptions=True)
            for media_id, outcome in zip(media_ids, outcomes, strict=True):
                if isinstance(outcome, BaseException):
                    self._failed.add(media_id)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
        self.stats.waiting = await self._ledger.count_waiting()

    async def _next(self) -> list[str]:
        """Media to copy now. Those that failed of late come when all others have had their turn."""
        found = await self._ledger.waiting(_AT_ONCE, self._broken | self._failed)
        if not found and self._failed:
            self._failed.clear()
            found = await self._ledger.waiting(_AT_ONCE, self._broken)
        return found

    async def _copy_one(self, media_id: str, tasks: asyncio.TaskGroup) -> None:
        folder = self._root / media_id
        if not await self._ledger.begin(media_id):
            return
        try:
            recorded = await self._ledger.recorded(media_id)
            files = await asyncio.to_thread(_files, folder, has_source=not recorded)
            for name, size in files.items():
                await self._copy_file(folder / name, key_of(media_id, name), size)
        except OSError as error:
            if await self._ledger.begin(media_id):  # else it was deleted meanwhile
                self._broken.add(media_id)
                self.stats.broken = len(self._broken)
                log.error("a track can't go to the store", media=media_id, reason=str(error))
            return
        self._sent -= {key_of(media_id, name) for name in files}
        if not await self._ledger.finish(media_id, files):
            self.wake()  # to remove what was copied for nothing
            return
        self.stats.stored += 1
        self.stats.stored_bytes += sum(files.values())
        self._moved(media_id, files)
        log.info("moved to the store", media=media_id, size_bytes=sum(files.values()))
        tasks.create_task(self._remove_later(folder, files), name=f"remove local {media_id}")

    async def _copy_file(self, path: Path, key: str, size_bytes: int) -> None:
        """Unless it is there: a source stays what it is, the rest may be packaged again between starts."""
        if (key in self._sent or path.name == "source") and await self._has(key, size_bytes):
            return
        await self._store.put(key, path)
        if not await self._has(key, size_bytes):
            raise StoreFailed(f"{self._store.name}: {key} is not what was put there", retryable=True)
        self._sent.add(key)

    async def _has(self, key: str, size_bytes: int) -> bool:
        try:
            return (await self._store.stat(key)).size_bytes == size_bytes
        except StoreMissing:
            return False

    async def _remove_later(self, folder: Path, files: dict[str, int]) -> None:
        await asyncio.sleep(_LINGER_S)
        await asyncio.to_thread(_remove, folder, files)


def _files(folder: Path, *, has_source: bool) -> dict[str, int]:
    """Sizes of a track's files by name, the source among them if it has one, which a recorded show has not.

    Raises:
        OSError: something can't be read.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and is_key(path.name):  # else somebody else's, or a draft
            found[path.name] = status.st_size
    if has_source and "source" not in found:
        raise FileNotFoundError(f"{folder} has no source")
    return found


def _remove(folder: Path, files: dict[str, int]) -> None:
    """The copies that lie in the store, and the folder if nothing else is in it."""
    for name in files:
        (folder / name).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        return  # something was made later, and stays
