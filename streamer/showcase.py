"""Many tracks at once, as clients see them."""

import asyncio
from collections.abc import Sequence

from streamer.catalogue import Catalogue
from streamer.shelf import Shelf
from streamer.track import Track, view

# Showing so many takes the loop a few milliseconds; others get their turn before the next.
_AT_ONCE = 100


class Showcase:
    """Tracks by their ids: those being worked on as they are in memory, the others from the database."""

    def __init__(self, catalogue: Catalogue, shelf: Shelf) -> None:
        self._catalogue = catalogue
        self._shelf = shelf

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        """The tracks in this order, without those that are gone. Safe to cancel."""
        shown: list[Track] = []
        for place in range(0, len(track_ids), _AT_ONCE):
            records = await self._catalogue.several(track_ids[place : place + _AT_ONCE])
            shown += [view(self._shelf.held(record.id) or record) for record in records]
            await asyncio.sleep(0)
        return shown
