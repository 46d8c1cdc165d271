"""Whoever is connected to this node, by person; and what must reach one person wherever they are."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw, Struct

from chat.broker import Broker
from chat.events import encode_event
from chat.events_people import Read
from chat.fields import Author
from chat.limits import ChatLimits
from chat.markers import Markers
from streamer.auth import GUEST_TTL_S
from streamer.fanout import write_to_all
from streamer.lane import DatabaseFailed
from streamer.persons import Persons
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import Ticket, TimerWheel

_TOPIC = "persons"
_IDS_PER_READ = 500
_READS_PER_FRAME = 500
_MAX_UNWRITTEN = 100_000
_SWEEP_TURNS = 3600


class Reads(Struct, frozen=True, array_like=True, tag="reads"):
    """How far people have read: person, room, epoch, seq."""

    reads: list[tuple[str, str, str, int]]


class Tell(Struct, frozen=True, array_like=True, tag="tell"):
    """An event for every connection of some people."""

    ids: list[str]
    event: Raw


class Parted(Struct, frozen=True, array_like=True, tag="parted"):
    """These may not be in a room together any more."""

    ids: list[str]
    room: str


_decoder: msgspec.json.Decoder[Reads | Tell | Parted] = msgspec.json.Decoder(Reads | Tell | Parted)


class _Caller:
    """Somebody with a connection to this node."""

    __slots__ = ("markers", "ready", "sockets")

    def __init__(self) -> None:
        self.sockets: list[WebSocket] = []
        self.markers: Markers | None = None  # made when there are some
        self.ready: asyncio.Future[None] | None = None  # while they are read


class Callers:
    """Knows the connections of each person, and how far each has read.

    Read markers are set in memory, told to other nodes and written once a second.

    Bounds: what is kept is of people who are connected; 100,000 notes wait to be written, beyond which those
    that are new are let go: markers come again with the next message that is read.

    Attributes:
        parted: called with connections that must leave a room.
    """

    def __init__(
        self,
        persons: Persons,
        broker: Broker,
        limits: ChatLimits,
        wheel: TimerWheel,
        now_ms: Callable[[], int],
    ) -> None:
        self._persons = persons
        self._broker = broker
        self._limits = limits
        self._wheel = wheel
        self._now_ms = now_ms
        self.parted: Callable[[Collection[WebSocket], str], None] | None = None
        self._callers: dict[str, _Caller] = {}
        self._wanted: list[tuple[str, asyncio.Future[None]]] = []
        self._known: dict[str, dict[str, Any]] = {}  # rows that wait to be written
        self._read: dict[tuple[str, str], dict[str, Any]] = {}
        self._being_noted: dict[str, dict[str, Any]] = {}
        self._being_written: dict[tuple[str, str], dict[str, Any]] = {}
        self._untold: dict[tuple[str, str], tuple[str, int]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns = 0
        broker.listen(_TOPIC, self._hear)
        self._ticket: Ticket = wheel.schedule(limits.people_write_s, self._turn)

    # --- connections

    def arrived(self, socket: WebSocket, author: Author, *, guest: bool, new: bool) -> None:
        """Somebody said hello. `new`: nobody was ever called that before."""
        caller = self._callers.get(author.id)
        if caller is None:
            caller = self._callers[author.id] = _Caller()
            if not new:
                caller.ready = asyncio.get_running_loop().create_future()
                self._wanted.append((author.id, caller.ready))
                self._start("reading", self._read_wanted)
        caller.sockets.append(socket)
        if len(self._known) < _MAX_UNWRITTEN:
            row = {"id": author.id, "name": author.name, "guest": guest, "seen_at": self._now_ms()}
            self._known[author.id] = row

    def left(self, socket: WebSocket) -> None:
        """A connection is gone, whether or not hello was said."""
        author = socket.session.author
        caller = None if author is None else self._callers.get(author.id)
        if author is None or caller is None or socket not in caller.sockets:
            return
        caller.sockets.remove(socket)
        if not caller.sockets:
            del self._callers[author.id]

    @property
    def unwritten(self) -> int:
        """Notes that are not on disk yet."""
        return len(self._known) + len(self._read) + ("writing" in self._tasks)

    def sockets(self, id: str) -> Collection[WebSocket]:
        """The connections of somebody to this node."""
        caller = self._callers.get(id)
        return () if caller is None else caller.sockets

    def named(self, person: Author) -> Author:
        """Somebody with the name they have or just had here; it may not be written down yet."""
        for socket in self.sockets(person.id):
            return socket.session.author or person
        row = self._known.get(person.id) or self._being_noted.get(person.id)
        return person if row is None else Author(person.id, row["name"])

    def tell(self, ids: Collection[str], event: Any) -> None:
        """Have an event written to every connection of some people, on all nodes."""
        self._broker.tell(_TOPIC, msgspec.json.encode(Tell(list(ids), Raw(encode_event(event)))))

    def part(self, ids: Collection[str], room: str) -> None:
        """Take some people out of a room, on all nodes."""
        self._broker.tell(_TOPIC, msgspec.json.encode(Parted(list(ids), room)))

    # --- how far they have read

    def pending(self, id: str) -> asyncio.Future[None] | None:
        """What to wait for until `marker` knows; None when it does."""
        caller = self._callers.get(id)
        return None if caller is None else caller.ready

    def marker(self, id: str, room: str, epoch: str) -> int:
        """How far somebody has read, as far as is known."""
        caller = self._callers.get(id)
        return 0 if caller is None or caller.markers is None else caller.markers.get(room, epoch)

    def read(self, id: str, room: str, epoch: str, seq: int) -> bool:
        """Somebody has read up to here. If that is news, all connections of theirs are told."""
        if not self._advance(id, room, epoch, seq):
            return False
        self._untold[id, room] = (epoch, seq)
        if (id, room) in self._read or len(self._read) < _MAX_UNWRITTEN:
            row = {"person": id, "room": room, "epoch": epoch, "seq": seq, "at": self._now_ms()}
            self._read[id, room] = row
        return True

    async def close(self) -> None:
        """Write what waits."""
        self._ticket.cancel()
        for name, task in list(self._tasks.items()):
            if name != "writing":
                task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tell_reads()
        await self._write()

    # --- inside

    def _advance(self, id: str, room: str, epoch: str, seq: int) -> bool:
        caller = self._callers.get(id)
        if caller is None:
            return False
        if caller.markers is None:
            caller.markers = Markers(self._limits.max_markers)
        if not caller.markers.advance(room, epoch, seq):
            return False
        write_to_all(caller.sockets, frame_text(encode_event(Read(room, seq))))
        return True

    def _hear(self, payload: bytes) -> None:
        frame = _decoder.decode(payload)
        if isinstance(frame, Reads):
            for id, room, epoch, seq in frame.reads:
                self._advance(id, room, epoch, seq)
        elif isinstance(frame, Tell):
            for id in frame.ids:
                write_to_all(self.sockets(id), frame_text(bytes(frame.event)))
        elif self.parted is not None:
            for id in frame.ids:
                self.parted(list(self.sockets(id)), frame.room)

    def _turn(self) -> None:
        self._ticket = self._wheel.schedule(self._limits.people_write_s, self._turn)
        self._tell_reads()
        if self._known or self._read:
            self._start("writing", self._write)
        if self._turns % _SWEEP_TURNS == 0:
            self._start("forgetting", self._forget)
        self._turns += 1

    def _tell_reads(self) -> None:
        untold = [(*key, *marker) for key, marker in self._untold.items()]
        self._untold.clear()
        for first in range(0, len(untold), _READS_PER_FRAME):
            frame = Reads(untold[first : first + _READS_PER_FRAME])
            self._broker.tell(_TOPIC, msgspec.json.encode(frame))

    def _start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One at a time of each name."""
        running = self._tasks.get(name)
        if running is None or running.done():  # maybe it has ended, and nobody was called back yet
            self._tasks[name] = asyncio.get_running_loop().create_task(work())
            self._tasks[name].add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": f"{name} of people failed", "exception": error, "task": task}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _read_wanted(self) -> None:
        """Many come at once after a restart: one query for all who came meanwhile."""
        while self._wanted:
            batch, self._wanted = self._wanted[:_IDS_PER_READ], self._wanted[_IDS_PER_READ:]
            ids = {id for id, _ in batch}
            try:
                self._take(await self._persons.markers(list(ids)))
            except DatabaseFailed:
                pass  # unread counts begin at 0; what is stored does not move back
            finally:
                # Who comes back at once has markers that are not written yet.
                fresh = [*self._being_written.items(), *self._read.items()]
                self._take((*key, row["epoch"], row["seq"]) for key, row in fresh if key[0] in ids)
                for id, ready in batch:
                    caller = self._callers.get(id)
                    if caller is not None:
                        caller.ready = None
                    if not ready.done():
                        ready.set_result(None)

    def _take(self, rows: Iterable[Any]) -> None:
        for person, room, epoch, seq in rows:
            caller = self._callers.get(person)
            if caller is not None:
                if caller.markers is None:
                    caller.markers = Markers(self._limits.max_markers)
                caller.markers.advance(room, epoch, seq)

    async def _write(self) -> None:
        known, self._known = self._known, {}
        read, self._read = self._read, {}
        if not known and not read:
            return
        self._being_noted, self._being_written = known, read
        try:
            await self._persons.note(list(known.values()), list(read.values()))
        except DatabaseFailed:  # again with what comes meanwhile, which is newer
            self._known = known | self._known
            self._read = read | self._read
        finally:
            self._being_noted, self._being_written = {}, {}

    async def _forget(self) -> None:
        try:
            await self._persons.forget_guests(self._now_ms() - GUEST_TTL_S * 1000)
        except DatabaseFailed:
            pass  # it will be tried again
