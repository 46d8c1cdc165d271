"""The rooms of this node that somebody is in: carries out what `chat.room` decides, on real sockets."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol

from chat.broker import Broker, Entry, LogUnavailable, Position
from chat.errors import ErrorCode
from chat.events import encode_event
from chat.fields import Author
from chat.gossip import is_frame
from chat.limits import ChatLimits
from chat.outbox import RoomOutbox
from chat.recovery import Wait
from chat.room import Admitted, Room
from chat.roster import Roster
from streamer.gossip import Gossip
from streamer.stats import ChatStats
from streamer.websocket import WebSocket, frame_text, write_to_all
from streamer.wheel import Ticket, TimerWheel


class Door(Protocol):
    """Who is told how an `enter` ended."""

    def entered(self, socket: WebSocket, room: str) -> None:
        """It is a member, and `joined` was written."""

    def turned_away(self, socket: WebSocket, room: str, code: ErrorCode, message: str) -> None:
        """It is not a member."""


class _Hall:
    """A room with what the shell needs around it."""

    __slots__ = ("asked", "idle", "outbox", "reading", "room", "timer")

    def __init__(self, room: Room[WebSocket]) -> None:
        self.room = room
        self.asked = False  # other nodes, who is in
        self.outbox = RoomOutbox()
        self.timer: asyncio.TimerHandle | None = None  # while frames wait for their time
        self.reading: asyncio.Task[None] | None = None  # one read of the log at a time
        self.idle: Ticket | None = None  # while nobody is in


class Rooms:
    """Opens a room for the first member, delivers to all, forgets it some time after the last one has left.

    Bounds: a room keeps `resume_bytes` of its log; rooms exist for their members, and `room_idle_s` longer.
    """

    def __init__(
        self,
        broker: Broker,
        door: Door,
        limits: ChatLimits,
        wheel: TimerWheel,
        stats: ChatStats,
        node: str,
        now_ms: Callable[[], int],
    ) -> None:
        """Args: `node` names this one, and is new at each start."""
        self._broker = broker
        self._door = door
        self._limits = limits
        self._wheel = wheel
        self.stats = stats
        self._loop = asyncio.get_running_loop()
        self._halls: dict[str, _Hall] = {}
        self._now_ms = now_ms
        self.gossip = Gossip(broker, node, limits, wheel, self._roster_moved)
        self._moved: set[_Hall] = set()  # presence is owed
        self._presence_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Rooms in memory."""
        return len(self._halls)

    def enter(self, socket: WebSocket, author: Author, name: str, since: Position | None) -> None:
        """Let somebody in; `Door` is told the outcome, maybe before this returns."""
        hall = self._halls.get(name) or self._open(name)
        if hall.idle is not None:
            hall.idle.cancel()
            hall.idle = None
        self._flush(hall)  # what is shown to the newcomer must not be written to them again
        verdict = hall.room.join(socket, author, since)
        if isinstance(verdict, Admitted):
            self._admit(hall, verdict)
        elif isinstance(verdict, Wait):
            self._read(hall, verdict)
        else:
            message = f"room {name} has {verdict.max_members} members and is full"
            self._door.turned_away(socket, name, ErrorCode.ROOM_FULL, message)
            self._watch_idle(hall)

    def exit(self, socket: WebSocket, name: str) -> None:
        """Take somebody out, in or on the way in. Idempotent."""
        hall = self._halls.get(name)
        if hall is not None:
            hall.room.leave(socket)
            self._note_moved(hall)
            self._watch_idle(hall)

    def turn(self, socket: WebSocket, name: str, *, away: bool) -> None:
        """A member is away now, or back."""
        hall = self._halls.get(name)
        if hall is not None:
            hall.room.turn(socket, away=away)
            self._note_moved(hall)

    def roster(self, name: str) -> Roster:
        """Who is in a room that somebody here is in."""
        return self._halls[name].room.roster

    def flush(self) -> None:
        """Write what waits for its time."""
        for hall in self._halls.values():
            self._flush(hall)

    async def close(self) -> None:
        """Stop reading logs and keeping time. The members stay connected."""
        if self._presence_timer is not None:
            self._presence_timer.cancel()
        for hall in self._halls.values():
            if hall.idle is not None:
                hall.idle.cancel()
            self._flush(hall)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _open(self, name: str) -> _Hall:
        room: Room[WebSocket] = Room(name, self._limits, self.gossip.node, self._now_ms())
        hall = self._halls[name] = _Hall(room)
        self.gossip.opened(room.roster)
        self._broker.subscribe(name, partial(self._deliver, hall), partial(self._hear, hall))
        return hall

    def _watch_idle(self, hall: _Hall) -> None:
        if hall.room.vacant and hall.idle is None:
            hall.idle = self._wheel.schedule(self._limits.room_idle_s, partial(self._forget, hall))

    def _forget(self, hall: _Hall) -> None:
        if hall.reading is not None:
            hall.reading.cancel()
        self.gossip.closed(hall.room.roster)
        self._broker.unsubscribe(hall.room.name)
        self._moved.discard(hall)
        del self._halls[hall.room.name]

    def _hear(self, hall: _Hall, payload: bytes) -> None:
        """A whisper: an event that is kept nowhere, or what nodes tell each other."""
        if is_frame(payload):
            self.gossip.hear(hall.room.roster, payload)
            return
        hall.outbox.add(frame_text(payload))
        self._schedule(hall)

    # --- from the log

    def _deliver(self, hall: _Hall, epoch: str, entries: Sequence[Entry]) -> None:
        advance = hall.room.receive(epoch, entries)
        self._show(hall, advance.entries)
        if advance.wait is not None:
            self._read(hall, advance.wait)

    def _read(self, hall: _Hall, wait: Wait) -> None:
        if hall.reading is None:
            hall.reading = self._spawn(self._read_log(hall, wait))

    async def _read_log(self, hall: _Hall, wait: Wait | None) -> None:
        room = hall.room
        try:
            while wait is not None:
                async with asyncio.timeout(self._limits.read_timeout_s):
                    page = await self._broker.read(room.name, wait.after, wait.limit)
                if not hall.asked:
                    hall.asked = True
                    self.gossip.loaded(room.roster)
                advance = room.load(page, wait.after)
                self._show(hall, advance.entries)
                wait = advance.wait or self._admit_waiting(hall)
        except (LogUnavailable, TimeoutError) as error:
            reason = str(error) or f"no answer within {self._limits.read_timeout_s:g} s"
            message = f"room {room.name} can't be read right now: {reason}"
            for member in room.give_up():
                self._door.turned_away(member, room.name, ErrorCode.UNAVAILABLE, message)
            self._note_moved(hall)
            self._watch_idle(hall)
        finally:
            hall.reading = None

    def _show(self, hall: _Hall, entries: Sequence[Entry]) -> None:
        for entry in entries:
            hall.outbox.add(frame_text(entry.payload))
        if entries:
            self._schedule(hall)

    def _admit_waiting(self, hall: _Hall) -> Wait | None:
        self._flush(hall)
        admitted, wait = hall.room.admit()
        for newcomer in admitted:
            self._admit(hall, newcomer)
        return wait

    def _admit(self, hall: _Hall, admitted: Admitted[WebSocket]) -> None:
        socket = admitted.member
        socket.write(b"".join(frame_text(encode_event(event)) for event in admitted.events))
        if socket.session.away:
            hall.room.turn(socket, away=True)
        self._note_moved(hall)
        self._door.entered(socket, hall.room.name)

    # --- to the members

    def _schedule(self, hall: _Hall) -> None:
        if hall.timer is not None:
            return
        due_s = hall.outbox.due_s(self._loop.time())
        if due_s:
            hall.timer = self._loop.call_later(due_s, self._write_due, hall)
        else:
            self._write_due(hall)

    def _write_due(self, hall: _Hall) -> None:
        hall.timer = None
        self._write(hall)
        if len(hall.outbox):
            self._schedule(hall)

    def _flush(self, hall: _Hall) -> None:
        if hall.timer is not None:
            hall.timer.cancel()
            hall.timer = None
        while len(hall.outbox):
            self._write(hall)

    def _write(self, hall: _Hall) -> None:
        listeners = hall.room.listeners
        data, frames = hall.outbox.take(self._loop.time(), len(listeners))
        self.stats.frames_delivered_total += frames * len(listeners)
        self.stats.writes_total += len(listeners)
        write_to_all(listeners, data)

    def _note_moved(self, hall: _Hall) -> None:
        self._moved.add(hall)
        if self._presence_timer is None:
            interval_s = self._limits.presence_interval_s
            self._presence_timer = self._loop.call_later(interval_s, self._tell_presence)

    def _roster_moved(self, roster: Roster) -> None:
        hall = self._halls.get(roster.room)
        if hall is not None:
            self._note_moved(hall)

    def _tell_presence(self) -> None:
        self._presence_timer = None
        moved, self._moved = self._moved, set()
        for hall in moved:
            self.gossip.tell(hall.room.roster)
            presence = hall.room.roster.take_presence()
            if presence is not None and hall.room.members:
                hall.outbox.add(frame_text(encode_event(presence)))
                self._schedule(hall)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler(
                {"message": "reading a room's log failed", "exception": error, "task": task}
            )
