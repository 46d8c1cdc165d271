"""People, whatever room they are in: the parts that know of them, put together."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from chat.broker import Broker
from chat.effects import Effect
from chat.events import Event, encode_event
from chat.events_people import Link
from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.callers import Callers
from streamer.directs import Directs
from streamer.fanout import write_to_all
from streamer.greeting import GUEST_PREFIX
from streamer.link import LinkWatch
from streamer.persons import Persons
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import TimerWheel


class Hub(Protocol):
    """What is needed of `streamer.hub.WebSocketHub`."""

    def perform(self, socket: WebSocket, decided: Sequence[Effect]) -> None:
        """Carry out what a session decides."""

    def reply(self, socket: WebSocket, event: Event) -> None:
        """Write an event."""

    def sockets(self) -> Iterable[WebSocket]:
        """All connections."""
        ...

    def now_ms(self) -> int:
        """Since the epoch."""
        ...


class People:
    """Who is connected, rooms of two, and whether the log can be reached.

    Attributes:
        callers, directs, persons: for deeds.
    """

    def __init__(
        self,
        persons: Persons,
        broker: Broker,
        tokens: Tokens,
        limits: ChatLimits,
        wheel: TimerWheel,
        hub: Hub,
    ) -> None:
        self.callers = callers = Callers(persons, broker, limits, wheel, hub.now_ms)
        self.persons = persons
        self.directs = Directs(persons, callers, tokens, limits, hub.perform, hub.now_ms)
        callers.parted = self.directs.part
        self._hub = hub
        self._link = LinkWatch(broker, limits.link_grace_s, self._tell_link)

    def greeted(self, socket: WebSocket, *, new: bool) -> None:
        """Hello was said, and maybe accepted. `new`: without a token."""
        author = socket.session.author
        if author is None:
            return
        self.callers.arrived(socket, author, guest=author.id.startswith(GUEST_PREFIX), new=new)
        if not self._link.up:
            self._hub.reply(socket, Link(False))

    def left(self, socket: WebSocket) -> None:
        """A connection is gone."""
        self.callers.left(socket)

    async def close(self) -> None:
        """Write what waits, and let go of the database."""
        self._link.close()
        await self.directs.close()
        await self.callers.close()
        await self.persons.close()

    def _tell_link(self, up: bool) -> None:
        greeted = [socket for socket in self._hub.sockets() if socket.session.author is not None]
        write_to_all(greeted, frame_text(encode_event(Link(up))))
