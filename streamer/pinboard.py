"""What is pinned in a room of this node: read from SQL, and read again when more is to be known."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from chat.broker import Broker, Entry, LogUnavailable
from chat.room import Room
from streamer.history import History
from streamer.lane import DatabaseFailed

_PATIENCE_S = 2.0

log = structlog.get_logger()


class Pinboard:
    """Keeps `Room.pins`.

    Attributes:
        stale: to be read before anybody is told.
    """

    def __init__(self, room: Room[Any], broker: Broker, history: History) -> None:
        self._room = room
        self._broker = broker
        self._history = history
        self._following = False
        self._unread = False
        self._noted = 0  # entries
        self.stale = True

    def note(self, entries: Sequence[Entry]) -> bool:
        """Take new entries of the log; whether `follow` is to be run now."""
        pins, find = self._room.pins, self._room.tail.find
        for entry in entries:
            self._unread = pins.apply(entry, find) or self._unread
        self._noted += len(entries)
        if self._following or not self._unread:
            return False
        self._following = True
        return True

    async def read(self) -> None:
        """Read what is pinned. When that fails, what was known stays: no room is closed for its pins."""
        noted = self._noted
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await self._history.pins(self._room.name)
            if noted == self._noted:
                self._room.pins.load(found)
            else:  # something came meanwhile that these may not know of
                self._unread = True
            self.stale = False
        except (DatabaseFailed, TimeoutError) as error:
            log.warning("pins were not read", room=self._room.name, reason=str(error))

    async def follow(self) -> None:
        """Read as often as there was something new. Safe to cancel."""
        try:
            while self._unread:
                self._unread = False
                await self._broker.caught_up(self._room.name)
                await self.read()
        except LogUnavailable as error:
            log.warning("pins were not read", room=self._room.name, reason=str(error))
        finally:
            self._following = False
