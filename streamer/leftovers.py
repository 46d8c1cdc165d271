"""Folders that nobody needs any more: removed now, or by the next start."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from streamer import folder
from streamer.catalogue import Catalogue
from streamer.database import heed_cancel

log = structlog.get_logger()


class Leftovers:
    """Removes what the catalogue has noted as left over. What is not noted is never removed."""

    def __init__(self, catalogue: Catalogue, root: Path) -> None:
        self._catalogue = catalogue
        self._root = root

    async def remove(self, media_id: str) -> None:
        """Remove a folder and strike it out. What goes wrong is left to the next start."""
        try:
            await asyncio.to_thread(folder.remove, self._root / media_id)
            await self._catalogue.removed(media_id)
        except (OSError, SQLAlchemyError) as error:
            heed_cancel()
            log.error("a leftover stays until the next start", folder=media_id, error=str(error))

    async def remove_all(self, used: Collection[str]) -> None:
        """What a former process did not come to.

        Args:
            used: folders that tracks have their bytes in. One that is noted all the same is struck out and
                stays: the note of a transaction whose end was not seen.
        """
        for media_id in await self._catalogue.leftovers():
            if media_id in used:
                await self._catalogue.removed(media_id)
            else:
                await self.remove(media_id)
