"""Tells the members of rooms, and other nodes, who came and who went: now and then, what it comes to."""

import asyncio

from chat.events import encode_event
from chat.limits import ChatLimits
from chat.outbox import presence_pace_s
from streamer.gossip import Gossip
from streamer.hall import Hall


class Attendance:
    """Bound: a room is told of once in `presence_interval_s`, a big one less often."""

    def __init__(self, limits: ChatLimits) -> None:
        """Made on the running loop."""
        self._interval_s = limits.presence_interval_s
        self._loop = asyncio.get_running_loop()
        self._moved: set[Hall] = set()  # presence is owed
        self._timer: asyncio.TimerHandle | None = None

    def note(self, hall: Hall, gossip: Gossip) -> None:
        """Something has changed there."""
        self._moved.add(hall)
        if self._timer is None:
            self._timer = self._loop.call_later(self._interval_s, self._tell, gossip)

    def forget(self, hall: Hall) -> None:
        self._moved.discard(hall)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tell(self, gossip: Gossip) -> None:
        self._timer = None
        moved, self._moved = self._moved, set()
        now_s = self._loop.time()
        for hall in moved:
            gossip.tell(hall.room.roster)
            if hall.presence_s > now_s:
                self.note(hall, gossip)
                continue
            presence = hall.room.roster.take_presence()
            if presence is not None and hall.room.members:
                pace_s = presence_pace_s(len(hall.room.members), self._interval_s)
                hall.presence_s = now_s + pace_s - self._interval_s
                hall.show(encode_event(presence))
