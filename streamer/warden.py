"""Keeps the order of rooms on this node: who may be here at all, and what changes for those who are."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

import msgspec

from chat.acts import Measure
from chat.broker import Broker
from chat.errors import CloseCode, ErrorCode
from chat.events import Error, Event, Notice, encode_event
from chat.events_people import Rights, Role
from chat.limits import ChatLimits
from chat.networks import own_network
from chat.order import EVERYWHERE, Order, Proof, Refused, Sanction, explain, judge_entry
from chat.roles import Person, Right
from chat.standing import given, standing
from streamer.herald import Herald
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.lane import DatabaseFailed
from streamer.line_rows import Line
from streamer.order_rows import Deed, widen
from streamer.orders import Orders
from streamer.rooms import Rooms
from streamer.visitors import Visitors
from streamer.websocket import WebSocket

TOPIC = "order"


class Doorman(Protocol):
    """What the hub does for the warden."""

    def expel(self, socket: WebSocket, room: str, code: ErrorCode, message: str) -> None:
        """Take a connection out of a room, in or on its way in, and tell it why."""

    def sockets(self) -> Iterable[WebSocket]:
        """All connections."""

    def reply(self, socket: WebSocket, event: Event) -> None:
        """Write an event."""


class Word(msgspec.Struct, omit_defaults=True):
    """What wardens tell each other.

    Attributes:
        do: reload | kick | notice | name.
        id: of the author concerned.
        text: for people.
    """

    do: str
    room: str = ""
    id: str = ""
    code: str = ""
    text: str = ""


class Asking(Person, frozen=True, kw_only=True):
    """Who asks for something in a line that may come again."""

    line: Line


class Warden:
    """Holds connections to `Orders`, which it keeps up to date.

    What is changed anywhere is told to all nodes on the topic `order`; each reads it again, and sends out
    whom it concerns. A node that could not hear asks when the link is back, and every `order_reread_s`.
    """

    def __init__(
        self,
        orders: Orders,
        broker: Broker,
        rooms: Rooms,
        door: Doorman,
        limits: ChatLimits,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Made on the running loop. Args: `clock` gives seconds since the epoch, `entropy(n)` n bytes."""
        self.orders = orders
        self.visitors = Visitors(orders)
        self.broker = broker
        self.rooms = rooms
        self.door = door
        self.limits = limits
        self._clock = clock
        self._entropy = entropy
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._herald = Herald(broker, self.now_ms, self.new_id)
        self._renewed_s = self._loop.time()
        orders.replaced = self._tell_standing
        broker.listen(TOPIC, self._hear)
        broker.watch_link(self._watch_link)

    async def load(self) -> None:
        """Learn what must be known before anybody is let in. Raises DatabaseFailed."""
        await self.orders.reload(EVERYWHERE)
        await self.visitors.load()

    def tick(self) -> None:
        """To be called about once a second: writes notes, and asks now and then what has changed."""
        if self.visitors.unwritten:
            self.spawn(self.visitors.write())
        if self._loop.time() - self._renewed_s >= self.limits.order_reread_s:
            self._renewed_s = self._loop.time()
            self.spawn(self._renew())
            self.spawn(self.visitors.forget(self.now_ms() - round(self.limits.people_ttl_s * 1000)))

    async def close(self) -> None:
        """Write what is not written, and let go of the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self.visitors.write()
        except DatabaseFailed:
            pass  # made again when they speak the next time
        await self.orders.close()

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def new_id(self) -> str:
        return new_id(self.now_ms(), self._entropy(ENTROPY_BYTES))

    def standing(self, socket: WebSocket, room: str) -> tuple[str, list[str]]:
        """The role of a connection in a room whose order is known, and what it may do there."""
        return standing(self.orders.get(room), socket.person)

    def monotonic_s(self) -> float:
        return self._loop.time()

    def deed(
        self,
        actor: Person,
        room: str,
        act: str,
        subject_id: str | None = None,
        subject: str = "",
        detail: str = "",
    ) -> Deed:
        """A line of the audit log."""
        id, at = self.new_id(), self.now_ms()
        line = actor.line if isinstance(actor, Asking) else None
        return Deed(id, room, act, actor.id, actor.name, at, subject_id, subject, detail, line)

    def announce(self, actor: Person, room: str, text: str, more: dict[str, Any]) -> None:
        """Put what was done into the room's log, for everybody; it is done, whether that is stored or not."""
        fields = {"by": {"id": actor.id, "name": actor.name}, "text": text, **more}
        self.spawn(self._announce(room, fields))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what takes time, in the background. The database failing is nothing new by then."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def greet(self, socket: WebSocket, person: Person) -> Refused | None:
        """Whether somebody may be here, under this name; `socket.person` from then on."""
        now_ms = self.now_ms()
        if ban := self.orders.general.sanction(person, Measure.BAN, now_ms):
            return Refused(ErrorCode.BANNED, explain(ban, now_ms))
        if not person.account and self.visitors.is_taken(person.name):
            message = f"the name {person.name} is, or looks like, that of somebody with an account"
            return Refused(ErrorCode.NAME_TAKEN, message)
        self.meet(person)
        socket.person = person
        return None

    def meet(self, person: Person) -> None:
        """Somebody is here, over a WebSocket or the API: the name of an account is theirs from then on."""
        if person.account and self.visitors.claim(person.id, person.name):
            self.spawn(self.visitors.remember(person.id, person.name, self.now_ms()))
            self.tell(Word("name", id=person.id, text=person.name))

    async def changed(self, room: str) -> None:
        """The order of a room was changed here: hold everybody to it, everywhere. Raises DatabaseFailed."""
        await self.orders.reload(room)
        self._enforce(room)
        self.tell(Word("reload", room))

    def tell(self, word: Word) -> None:
        """Tell the wardens of all nodes, this one too."""
        self.broker.tell(TOPIC, msgspec.json.encode(word))

    def members(self, room: str, author_id: str | None = None) -> list[WebSocket]:
        """Connections of this node in a room: all, or those of one person."""
        return [
            socket
            for socket in self.rooms.members(room)
            if socket.person is not None and author_id in (None, socket.person.id)
        ]

    # --- from other nodes, and this one

    def _hear(self, payload: bytes) -> None:
        word = msgspec.json.decode(payload, type=Word)
        if word.do == "reload":
            known = word.room == EVERYWHERE or self.orders.get(word.room) is not None
            if known or self.rooms.members(word.room):
                self.spawn(self._reload(word.room))
        elif word.do == "kick":
            for socket in self.members(word.room, word.id):
                self.door.expel(socket, word.room, ErrorCode.KICKED, word.text)
        elif word.do == "name":
            self.visitors.claim(word.id, word.text)
        elif word.do == "notice" and (order := self.orders.get(word.room)):
            for socket in self.members(word.room):
                assert socket.person is not None
                if order.may(socket.person, Right.APPROVE):
                    self.door.reply(socket, Notice(word.room, word.code, word.text))

    def _watch_link(self, linked: bool) -> None:
        if linked:
            self.spawn(self._renew())

    async def _announce(self, room: str, fields: dict[str, Any]) -> None:
        await self._herald.announce(room, "order", fields)

    async def _reload(self, room: str) -> None:
        await self.orders.reload(room)
        self._enforce(room)

    async def _renew(self) -> None:
        for room in await self.orders.renew():
            self._enforce(room)

    def _tell_standing(self, old: Order | None, new: Order) -> None:
        """Whoever is in a room learns who has which role now, and what they may do."""
        roles = {} if old is None else given(old, new)
        if old is not None and not roles:
            return
        room = new.room
        self.rooms.show(room, *(encode_event(Role(room, id, role)) for id, role in roles.items()))
        for socket in self.rooms.listeners(room):
            person = socket.person
            if old is None or standing(old, person) != standing(new, person):
                self.door.reply(socket, Rights(room, *standing(new, person)))

    # --- who is in, and may not be any more

    def _enforce(self, room: str) -> None:
        general, now_ms = self.orders.general, self.now_ms()
        if room == EVERYWHERE:
            for socket in list(self.door.sockets()):
                person = socket.person
                if person is not None and (ban := general.sanction(person, Measure.BAN, now_ms)):
                    self._widen(ban, person)
                    self.door.reply(socket, Error(ErrorCode.BANNED.value, explain(ban, now_ms)))
                    socket.close(CloseCode.BANNED)
            return
        order = self.orders.get(room)
        if order is not None:
            for socket in self.members(room):
                self._judge_member(socket, order, now_ms)

    def _judge_member(self, socket: WebSocket, order: Order, now_ms: int) -> None:
        """Who is in stays in, whatever it took to come in, but for bans and for what is members only."""
        person = socket.person
        assert person is not None
        for measure in Measure:
            if found := order.sanction(person, measure, now_ms):
                self._widen(found, person)
        passed = Proof(password=True, invite=order.policy.entry != "members")
        refused = judge_entry(order, self.orders.general, person, passed, now_ms)
        if refused is not None:
            self.door.expel(socket, order.room, refused.code, refused.message)

    def _widen(self, sanction: Sanction, person: Person) -> None:
        """A guest whose network nobody knew when the measure was taken is here: now it is known."""
        network = own_network(person.address)
        if sanction.network is None and not person.account and network is not None:
            self.spawn(self._widen_later(sanction, str(network)))

    async def _widen_later(self, sanction: Sanction, network: str) -> None:
        if await self.orders.run(widen, sanction, network):
            await self.changed(sanction.room)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, DatabaseFailed):
            context = {"message": "keeping order failed", "exception": error, "task": task}
            self._loop.call_exception_handler(context)
