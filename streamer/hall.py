"""A room on real sockets: writes to its members what is added, when it is time to."""

import asyncio

from chat.outbox import RoomOutbox
from chat.room import Room
from streamer.fanout import write_to_all
from streamer.pinboard import Pinboard
from streamer.stats import ChatStats
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import Ticket


class Hall:
    """A room with what the shell needs around it.

    Attributes:
        asked: other nodes were, who is in.
        reading: of the log, one at a time.
        idle: while nobody is in.
        stored: the greatest seq that was acknowledged from here.
        presence_s: when the next presence may be told.
    """

    __slots__ = (
        "_loop",
        "_outbox",
        "_stats",
        "_timer",
        "asked",
        "idle",
        "pins",
        "presence_s",
        "reading",
        "room",
        "stored",
    )

    def __init__(
        self, room: Room[WebSocket], pins: Pinboard, loop: asyncio.AbstractEventLoop, stats: ChatStats
    ) -> None:
        self.room = room
        self.pins = pins
        self.asked = False
        self.reading: asyncio.Task[None] | None = None
        self.idle: Ticket | None = None
        self.presence_s = 0.0
        self.stored = 0
        self._loop = loop
        self._stats = stats
        self._outbox: RoomOutbox[WebSocket] = RoomOutbox()
        self._timer: asyncio.TimerHandle | None = None  # while frames wait for their time

    def wake(self) -> None:
        """Somebody is coming: it is not idle."""
        if self.idle is not None:
            self.idle.cancel()
            self.idle = None

    def show(self, *payloads: bytes) -> None:
        """Write events, encoded, to all who listen, now or a moment later."""
        for payload in payloads:
            self._outbox.add(frame_text(payload))
        if payloads:
            self._schedule()

    def join(self, socket: WebSocket) -> None:
        """A new member was shown what comes of all that waits."""
        self._outbox.join(socket)

    def leave(self, socket: WebSocket) -> None:
        """Idempotent."""
        self.room.leave(socket)
        self._outbox.leave(socket)

    def flush(self) -> None:
        """Write what waits for its time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while len(self._outbox):
            self._write()

    def _schedule(self) -> None:
        if self._timer is not None:
            return
        due_s = self._outbox.due_s(self._loop.time())
        if due_s:
            self._timer = self._loop.call_later(due_s, self._write_due)
        else:
            self._write_due()

    def _write_due(self) -> None:
        self._timer = None
        self._write()
        if len(self._outbox):
            self._schedule()

    def _write(self) -> None:
        batch = self._outbox.take(self.room.listeners)
        members = 0
        for data, listeners in batch.shares:
            members += len(listeners)
            write_to_all(listeners, data)
        self._stats.frames_delivered_total += batch.frames * members
        self._stats.writes_total += members
        self._outbox.rest(self._loop.time(), members)
