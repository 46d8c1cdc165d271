"""The rooms of this node that somebody is in: carries out what `chat.room` decides, on real sockets."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec.structs import replace

from chat.admission import spread_ms
from chat.broker import Broker, Draft, Entry, LogUnavailable, Position
from chat.entries import encode_entry
from chat.errors import ErrorCode
from chat.events import encode_event
from chat.fields import Author
from chat.gossip import is_frame
from chat.limits import ChatLimits
from chat.recovery import Wait
from chat.room import Admitted, Room
from chat.roster import Roster
from streamer.attendance import Attendance
from streamer.fanout import write_to_all
from streamer.gossip import Gossip
from streamer.hall import Hall
from streamer.history import History
from streamer.pinboard import Pinboard
from streamer.stats import ChatStats
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import TimerWheel


class Door(Protocol):
    """Who is told how an `enter` ended."""

    def entered(self, socket: WebSocket, room: str) -> None:
        """It is a member, and `joined` was written."""

    def turned_away(
        self, socket: WebSocket, room: str, code: ErrorCode, message: str, retry_ms: int | None = None
    ) -> None:
        """It is not a member; it may ask again after `retry_ms`."""


class Rooms:
    """Opens a room for the first member, delivers to all, forgets it some time after the last one has left.

    Bounds: a room keeps `resume_bytes` of its log; rooms exist for their members, and `room_idle_s` longer;
    `reads_at_once` logs are being read, each once for all who wait.
    """

    def __init__(
        self,
        broker: Broker,
        history: History,
        door: Door,
        limits: ChatLimits,
        wheel: TimerWheel,
        stats: ChatStats,
        node: str,
        now_ms: Callable[[], int],
        marker: Callable[[str, str, str], int],
        standing: Callable[[WebSocket, str], tuple[str, list[str]]],
    ) -> None:
        """
        Args:
            node: names this one, new at each start.
            marker: says how far somebody has read a room.
            standing: says the role of a connection in a room, and its rights there.
        """
        self._broker = broker
        self._history = history
        self._door = door
        self._limits = limits
        self._wheel = wheel
        self.stats = stats
        self._loop = asyncio.get_running_loop()
        self._halls: dict[str, Hall] = {}
        self._now_ms = now_ms
        self._marker = marker
        self._standing = standing
        self.gossip = Gossip(broker, node, limits, wheel, self._roster_moved)
        self._attendance = Attendance(limits)
        self._reads = asyncio.Semaphore(limits.reads_at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Rooms in memory."""
        return len(self._halls)

    def enter(self, socket: WebSocket, author: Author, name: str, since: Position | None) -> None:
        """Let somebody in; `Door` is told the outcome, maybe before this returns."""
        hall = self._halls.get(name) or self._open(name)
        hall.wake()
        if socket in hall.room.members:
            hall.flush()  # what is shown to them now must not be written to them again
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
            hall.leave(socket)
            self._note_moved(hall)
            self._watch_idle(hall)

    def turn(self, socket: WebSocket, names: Iterable[str], *, away: bool) -> None:
        """A member of rooms is away now, or back."""
        for hall in (self._halls[name] for name in names):
            hall.room.turn(socket, away=away)
            self._note_moved(hall)

    def room(self, name: str) -> Room[WebSocket]:  # that somebody here is in
        return self._halls[name].room

    def find(self, name: str, id: str) -> Entry | None:
        """A message of a room, if it is in memory, and that is up to date."""
        hall = self._halls.get(name)
        if hall is None or hall.room.tail.seq < hall.stored:
            return None  # what was acknowledged here has not come yet, and may be about this message
        return hall.room.tail.find(id)

    def note_stored(self, name: str, seq: int) -> None:
        """Somebody here was told that an entry is in the log."""
        hall = self._halls.get(name)
        if hall is not None:
            hall.stored = max(hall.stored, seq)

    def names(self, name: str) -> dict[str, str]:
        """Who is in a room, on all nodes, as far as they are known by name: author id to name."""
        hall = self._halls.get(name)
        return {} if hall is None else hall.room.roster.names()

    def members(self, name: str) -> list[WebSocket]:
        """Connections that are in a room, or on their way in."""
        hall = self._halls.get(name)
        return [] if hall is None else hall.room.everyone

    def seq(self, name: str) -> int:
        """Of the newest entry that members have; 0 where nobody is."""
        hall = self._halls.get(name)
        return 0 if hall is None else hall.room.tail.seq

    def show_to(self, sockets: Iterable[WebSocket], draft: Draft, seq: int) -> None:
        """Show some members what is in no log, after what they are owed."""
        hall = self._halls.get(draft.room)
        if hall is not None:
            hall.flush()
            write_to_all(sockets, frame_text(encode_entry(draft, seq).payload))

    def show(self, name: str, *payloads: bytes) -> None:
        """Write events, encoded, to the members here, at once."""
        hall = self._halls.get(name)
        if hall is not None:
            hall.show(*payloads)
            hall.flush()

    def listeners(self, name: str) -> list[WebSocket]:
        """Connections that were told `joined`."""
        return list(self._halls[name].room.members) if name in self._halls else []

    def flush(self) -> None:
        """Write what waits for its time."""
        for hall in self._halls.values():
            hall.flush()

    async def close(self) -> None:
        """Stop reading logs and keeping time. The members stay connected."""
        self._attendance.stop()
        for hall in self._halls.values():
            hall.wake()
            hall.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _open(self, name: str) -> Hall:
        room: Room[WebSocket] = Room(name, self._limits, self.gossip.node, self._now_ms())
        pins = Pinboard(room, self._broker, self._history)
        hall = self._halls[name] = Hall(room, pins, self._loop, self.stats)
        self.gossip.opened(room.roster)
        self._broker.subscribe(name, partial(self._deliver, hall), partial(self._hear, hall))
        return hall

    def _watch_idle(self, hall: Hall) -> None:
        if hall.room.vacant and hall.idle is None:
            hall.idle = self._wheel.schedule(self._limits.room_idle_s, partial(self._forget, hall))

    def _forget(self, hall: Hall) -> None:
        if hall.reading is not None:
            hall.reading.cancel()
        self.gossip.closed(hall.room.roster)
        self._broker.unsubscribe(hall.room.name)
        self._attendance.forget(hall)
        del self._halls[hall.room.name]

    def _hear(self, hall: Hall, payload: bytes) -> None:
        """A whisper: an event that is kept nowhere, or what nodes tell each other."""
        if is_frame(payload):
            self.gossip.hear(hall.room.roster, payload)
            return
        hall.show(payload)

    # --- from the log

    def _deliver(self, hall: Hall, epoch: str, entries: Sequence[Entry]) -> None:
        if epoch != hall.room.tail.epoch:
            hall.flush()  # before anybody loses touch: a gap begins where what was written ends
        advance = hall.room.receive(epoch, entries)
        hall.show(*(entry.payload for entry in advance.entries))
        self._note_pins(hall, advance.entries)
        if advance.wait is not None:
            self._read(hall, advance.wait)

    def _read(self, hall: Hall, wait: Wait) -> None:
        if hall.reading is None:
            hall.reading = self._spawn(self._read_log(hall, wait))

    async def _read_log(self, hall: Hall, wait: Wait | None) -> None:
        room = hall.room
        try:
            while wait is not None:
                if hall.pins.stale:
                    await hall.pins.read()
                async with asyncio.timeout(self._limits.read_timeout_s), self._reads:
                    page = await self._broker.read(room.name, wait.after, wait.limit)
                if not hall.asked:
                    hall.asked = True
                    self.gossip.loaded(room.roster)
                hall.flush()  # before anybody loses touch, likewise
                advance = room.load(page, wait.after)
                hall.show(*(entry.payload for entry in advance.entries))
                self._note_pins(hall, page.entries)
                wait = advance.wait or self._admit_waiting(hall)
        except (LogUnavailable, TimeoutError) as error:
            reason = str(error) or f"no answer within {self._limits.read_timeout_s:g} s"
            message = f"room {room.name} can't be read right now: {reason}"
            waiting = room.give_up()
            for member in waiting:
                retry_ms = spread_ms(len(waiting), self._limits.accepts_per_s, random.getrandbits(32))
                self._door.turned_away(member, room.name, ErrorCode.UNAVAILABLE, message, retry_ms)
            self._note_moved(hall)
            self._watch_idle(hall)
        finally:
            hall.reading = None

    def _note_pins(self, hall: Hall, entries: Sequence[Entry]) -> None:
        if hall.pins.note(entries):
            self._spawn(hall.pins.follow())

    def _admit_waiting(self, hall: Hall) -> Wait | None:
        hall.flush()
        admitted, wait = hall.room.admit()
        for newcomer in admitted:
            self._admit(hall, newcomer)
        return wait

    def _admit(self, hall: Hall, admitted: Admitted[WebSocket]) -> None:
        socket = admitted.member
        *before, joined = admitted.events
        read = self._marker(hall.room.members[socket].id, hall.room.name, hall.room.tail.epoch)
        role, may = self._standing(socket, hall.room.name)
        events = (*before, replace(joined, read=read, role=role, may=may))
        socket.write(b"".join(frame_text(encode_event(event)) for event in events))
        hall.join(socket)
        if socket.session.away:
            hall.room.turn(socket, away=True)
        self._note_moved(hall)
        self._door.entered(socket, hall.room.name)

    # --- to the members

    def _note_moved(self, hall: Hall) -> None:
        self._attendance.note(hall, self.gossip)

    def _roster_moved(self, roster: Roster) -> None:
        hall = self._halls.get(roster.room)
        if hall is not None:
            self._note_moved(hall)

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
