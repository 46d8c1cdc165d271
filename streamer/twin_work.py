"""Looks for a track with the same bytes, and takes over what it has: the shell around `twin`."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from streamer import folder
from streamer.database import heed_cancel
from streamer.shelf import file_sizes
from streamer.track import TrackRecord
from streamer.twin import fits, take_over
from streamer.twin_catalogue import TwinCatalogue

log = structlog.get_logger()


class Twins:
    """Answers, for a track whose bytes are all here, whether it needs media of its own."""

    def __init__(self, catalogue: TwinCatalogue, root: Path, now_ms: Callable[[], int]) -> None:
        self._catalogue = catalogue
        self._root = root
        self._now_ms = now_ms
        self.received = catalogue.received
        self.stored = catalogue.stored

    async def take_over(self, record: TrackRecord, unlike: set[str]) -> TrackRecord | None:
        """Let a track that is being packaged share the media of a ready one.

        Args:
            unlike: tracks that are out of the question; those found to be are added.

        Returns: the track as the database has it from now on; None if it has to have media of its own, for
            all that is known. Cancelled: it happened whole, or not at all, and the next start knows.
        """
        try:
            while (other := await self._catalogue.find(record, unlike)) is not None:
                unlike.add(other.id)  # whatever comes of it, not twice
                taken = await self._try(record, other)
                if taken is not None:
                    return taken
        except (OSError, SQLAlchemyError) as error:
            heed_cancel()
            log.error("a recording that is here already is packaged anew", track=record.id, error=str(error))
        return None

    async def _try(self, record: TrackRecord, other: TrackRecord) -> TrackRecord | None:
        if not fits(record.renditions, other.renditions):
            log.info("the same recording was packaged otherwise", track=record.id, other=other.id)
            return None
        path = self._root / other.media_id
        here = other.stored is None
        if here and not await asyncio.to_thread(folder.has_all, path, other.received_bytes, other.renditions):
            log.error("files of a ready track are missing or too short", track=other.id)
            return None
        other.file_bytes = await asyncio.to_thread(file_sizes, path, other)
        taken = take_over(record, other, self._now_ms())
        return taken if await self._catalogue.share(taken, other.id) else None
