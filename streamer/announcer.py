"""Track changes on their way to the people who watch: at once when it matters, else a few times a second."""

import asyncio
from collections.abc import Callable

import msgspec

from streamer.track import TrackRecord, view

# Enough for a progress bar to move smoothly, little enough that a fast upload costs a watcher nothing.
INTERVAL_S = 0.25


class Announcer:
    """Hands tracks, as JSON, to `send`; what changes often is joined into one announcement per interval.

    Bound: one waiting announcement a track, which shows the track as it is when it goes out.
    """

    def __init__(self, send: Callable[[str, bytes], None], loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def now(self, record: TrackRecord) -> None:
        """Announce at once; what was waiting is part of it."""
        self.forget(record.id)
        self._send(record.id, msgspec.json.encode(view(record)))

    def soon(self, record: TrackRecord) -> None:
        """Announce within the interval."""
        if record.id not in self._waiting:
            self._waiting[record.id] = self._loop.call_later(INTERVAL_S, self.now, record)

    def forget(self, track_id: str) -> None:
        """Nothing more of this track, for now."""
        handle = self._waiting.pop(track_id, None)
        if handle is not None:
            handle.cancel()
