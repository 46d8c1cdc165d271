"""The parts of a server whose recordings lie in a store, put together."""

import asyncio
import os
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.archive import Archive
from streamer.catalogue import Catalogue
from streamer.gauges import store_gauges
from streamer.metrics import Gauge
from streamer.settings import Settings
from streamer.shelf import Shelf
from streamer.start import StartRefused
from streamer.store import NO_STORE, Store, StoreError, StoreFailed
from streamer.store_blocks import Blocks
from streamer.store_cache import StoreCache
from streamer.store_ledger import Place, StoreLedger

log = structlog.get_logger()


class Storage:
    """A store, what reads from it and what writes to it."""

    def __init__(
        self, store: Store, settings: Settings, engine: AsyncEngine, shelf: Shelf, tasks: asyncio.TaskGroup
    ) -> None:
        folder = settings.data_path / "cache"
        self._store = store
        self._blocks = Blocks(folder, settings.store_cache_bytes, settings.min_free_bytes)
        self._ledger = StoreLedger(engine)
        self.cache = StoreCache(store, self._blocks, tasks)
        root = settings.data_path / "tracks"
        self.archive = Archive(store, self._ledger, root, shelf.moved, self.cache.forget)

    def gauges(self) -> list[Gauge]:
        return store_gauges(self.cache.stats, self.archive.stats, lambda: self._blocks.size_bytes)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._store.list("tracks", limit=1)
        except StoreError as error:
            # Tracks that are here play on, and what can't be fetched says so: no reason not to start.
            log.error("the store can't be used now", reason=str(error))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.cache.run(), name="store cache")
            tasks.create_task(self.archive.run(), name="archive")

    async def prepare(self) -> None:
        """An empty cache.

        Raises:
            StartRefused: it can't be made.
        """
        try:
            await self._blocks.clear()
        except OSError as error:
            raise StartRefused(f"the cache of the store can't be made: {error}") from None


def open_storage(
    settings: Settings, engine: AsyncEngine, catalogue: Catalogue, shelf: Shelf, tasks: asyncio.TaskGroup
) -> Storage | None:
    """The store that the settings name, at work for this catalogue; None for the data folder itself.

    Raises:
        StartRefused: it can't be used as it is named.
    """
    if settings.store_url == NO_STORE:
        return None
    from streamer.store_obstore import open_store  # takes time to load, and most servers have no store

    try:
        store = open_store(settings.store_url, os.environ)
    except StoreFailed as error:
        raise StartRefused(str(error)) from None
    assert store is not None
    if store.folder is not None and _overlap(store.folder.resolve(), settings.data_path.resolve()):
        # Its files would be taken for copies of themselves, and removed.
        raise StartRefused(f"store_url = {settings.store_url!r} is in data_dir, or has it within: use file:")
    storage = Storage(store, settings, engine, shelf, tasks)
    shelf.shared = True
    catalogue.became_ready = storage.archive.wake
    catalogue.let_go = storage.archive.forget
    return storage


async def refuse_without_store(engine: AsyncEngine) -> None:
    """The data folder alone will not do where recordings lie in a store.

    Raises:
        StartRefused: they do.
    """
    if there := await StoreLedger(engine).all(Place.STORED):
        raise StartRefused(f"store_url is file:, but the files of {len(there)} recordings are in a store")


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)
