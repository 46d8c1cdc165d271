"""What is pinned in a room of this node: read from SQL, and read again when it has changed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from msgspec import Raw

from chat.broker import Broker, Entry, LogUnavailable
from chat.room import Room
from streamer.history import History
from streamer.lane import DatabaseFailed

_PINS = (b'{"type":"pinned"', b'{"type":"unpinned"')
_TEXTS = (b'{"type":"edited"', b'{"type":"deleted"')
_PATIENCE_S = 2.0

log = structlog.get_logger()


class Pinboard:
    """Sets `Room.pins`.

    Newcomers may be shown what was pinned a moment ago: what has changed since is among the entries that they
    are shown with it, or come after.

    Attributes:
        stale: to be read before anybody is told.
    """

    def __init__(self, room: Room[Any], broker: Broker, history: History) -> None:
        self._room = room
        self._broker = broker
        self._history = history
        self._following = False
        self._changed = False
        self.stale = True

    def note(self, entries: Sequence[Entry]) -> bool:
        """Take notice of new entries; whether `follow` is to be run now."""
        kinds = _PINS + _TEXTS if self._room.pins else _PINS
        if not any(entry.payload.startswith(kinds) for entry in entries):
            return False
        self._changed = True
        if self._following:
            return False
        self._following = True
        return True

    async def read(self) -> None:
        """Read what is pinned. When that fails, what was known stays: no room is closed for its pins."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._room.pins = [Raw(entry.payload) for entry in await self._history.pins(self._room.name)]
            self.stale = False
        except (DatabaseFailed, TimeoutError) as error:
            log.warning("pins were not read", room=self._room.name, reason=str(error))

    async def follow(self) -> None:
        """Read as often as there was something new. Safe to cancel."""
        try:
            while self._changed:
                self._changed = False
                await self._broker.caught_up(self._room.name)
                await self.read()
        except LogUnavailable as error:
            log.warning("pins were not read", room=self._room.name, reason=str(error))
        finally:
            self._following = False
