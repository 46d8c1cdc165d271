"""Every WebSocket of this node: who is connected, what each one asks for, and that none of them is dead."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import assert_never

from chat import effects
from chat.admission import spread_ms
from chat.broker import Broker
from chat.commands import AnyCommand
from chat.decoding import Malformed, decode_command
from chat.errors import CloseCode, ErrorCode
from chat.events import Drain, Error, Event, Pong, encode_event
from chat.limits import ChatLimits
from chat.networks import Network
from chat.session import Rules, Session
from streamer.auth import Tokens
from streamer.burst import open_burst
from streamer.chat_desk import ChatDesk
from streamer.entrance import Entrance
from streamer.greeting import Greeting
from streamer.handshake import Handshakes, Refused
from streamer.history import History
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.lane import Lane
from streamer.lifetimes import Lifetimes
from streamer.moderator import Moderator
from streamer.orders import Orders
from streamer.peers import Peers
from streamer.people import People
from streamer.persons import Persons
from streamer.rooms import Rooms
from streamer.stats import ChatStats
from streamer.warden import Warden
from streamer.watchers import Watchers
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import TimerWheel

_BINARY = Malformed(Error(ErrorCode.MALFORMED.value, "a binary frame is no piece of a recording"))


class WebSocketHub:
    """Accepts WebSockets and carries out what their sessions decide.

    Attributes:
        stats: counts, to be read at any time.
        desk: for those who look back, and who announce.
        watchers: who is told of tracks.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        history: History,
        order: Lane,
        persons: Persons,
        tokens: Tokens,
        wheel: TimerWheel,
        limits: ChatLimits,
        origins: frozenset[str] = frozenset(),
        trusted_proxies: Sequence[Network] = (),
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Made on the running loop.

        Args:
            wheel: turning.
            order: to the database, for the order of rooms; closed with the hub.
            trusted_proxies: networks whose X-Forwarded-For is believed.
            origins: sites besides our own whose pages may connect, as `https://host[:port]`; "*" for all.
            clock: seconds since the epoch.
            entropy: so many random bytes.
        """
        self.stats, self.max_outbox_bytes, self.burst = ChatStats(), limits.max_outbox_bytes, open_burst()
        self._broker, self._wheel, self._limits = broker, wheel, limits
        self._clock, self._entropy = clock, entropy
        self._loop, self._rules = asyncio.get_running_loop(), Rules(limits)
        self.peers = Peers(trusted_proxies, limits)
        self._handshakes = Handshakes(limits, origins, self.peers)
        node = new_id(self.now_ms(), entropy(ENTROPY_BYTES))
        self.people = People(persons, broker, tokens, limits, wheel, self)
        marker, now_ms = self.people.callers.marker, self.now_ms
        self._rooms = Rooms(
            *(broker, history, self, limits, wheel, self.stats, node, now_ms, marker),
            lambda socket, room: self.warden.standing(socket, room),  # who is made further down
        )
        orders = Orders(order, limits.orders_kept)
        self.warden = Warden(orders, broker, self._rooms, self, limits, clock, entropy)
        self._entrance = Entrance(self.warden, tokens)
        self.moderator = Moderator(self.warden, history, tokens, self.stats)
        self._greeter = Greeting(tokens, self.warden.greet, clock, entropy)
        self.desk = ChatDesk(
            broker=broker,
            history=history,
            rooms=self._rooms,
            warden=self.warden,
            moderator=self.moderator,
            people=self.people,
            limits=limits,
            wheel=wheel,
            reply=self.reply,
            clock=clock,
            entropy=entropy,
        )
        self.watchers = Watchers()
        self.lifetimes = Lifetimes(wheel, limits, self.warden.tick, self._look)
        self._closing, self._deserted = False, asyncio.Event()

    # --- from outside

    def accept(self, transport: asyncio.Transport, received: bytes) -> asyncio.Protocol:
        """Take over a transport whose request head, and maybe more, is `received`."""
        refusal = None
        if self._closing or self.stats.connections_open >= self._limits.max_connections:
            refusal = "The server is stopping." if self._closing else "Too many connections."
        address = self.peers.address(transport, received)
        response, status, rest = self._handshakes.answer(received, refusal, self._loop.time(), address)
        self.stats.handshakes_total[status] += 1
        transport.write(response)
        if status != 101:
            transport.close()
            return Refused()
        socket = WebSocket(transport, self, Session(self._rules), self._limits.max_frame_bytes)
        socket.address = address
        self.lifetimes.add(socket)
        self.stats.connections_open += 1
        if rest:
            self._loop.call_soon(socket.data_received, rest)
        return socket

    def track_changed(self, track_id: str, track_json: bytes) -> None:
        """Tell those who watch the track, or all tracks. `track_json` is a JSON object."""
        self.watchers.tell(track_id, b'{"type":"track","track":%b}' % track_json)

    async def close(self, grace_s: float) -> None:
        """Store and acknowledge what was said, then send everyone away with `drain` and 1001; after `grace_s`
        abort the rest.

        Cancelling it leaves connections open.
        """
        self._closing = True
        self._rooms.gossip.close()
        deadline_s = self._loop.time() + grace_s
        try:
            async with asyncio.timeout_at(deadline_s):
                await self._broker.close()
                self._rooms.flush()
                self._send_away()
                if self.stats.connections_open:
                    self._deserted.clear()
                    await self._deserted.wait()
        except TimeoutError:
            self._send_away()
            for socket in self.sockets():
                socket.abort()
        self.lifetimes.stop()
        await self.desk.close()
        await self._rooms.close()
        await self.warden.close()
        await self.people.close()
        if self.burst is not None:
            self.burst.close()
            self.burst = None

    def _send_away(self) -> None:
        sockets = self.sockets()
        for socket in sockets:
            chance = int.from_bytes(self._entropy(4), "big")
            self.reply(socket, Drain(spread_ms(len(sockets), self._limits.accepts_per_s, chance)))
            socket.close(CloseCode.GOING_AWAY)

    # --- from a WebSocket

    def receive_text(self, socket: WebSocket, text: bytes) -> None:
        self._receive(socket, decode_command(text))

    def receive_binary(self, socket: WebSocket, payload: bytes) -> None:
        if self._closing or not self.desk.uplinks.receive(socket, payload):
            self._receive(socket, _BINARY)

    def closing(self, socket: WebSocket, code: int) -> None:
        self.stats.closes_total[code] += 1
        self.perform(socket, socket.session.close())
        self.desk.part(socket)
        self.lifetimes.part(socket)

    def lost(self, socket: WebSocket) -> None:
        self.lifetimes.remove(socket)
        self.stats.connections_open -= 1
        if not self.stats.connections_open:
            self._deserted.set()

    # --- from the rooms

    def entered(self, socket: WebSocket, room: str) -> None:
        socket.session.entered(room)
        socket.go_on()

    def turned_away(
        self, socket: WebSocket, room: str, code: ErrorCode, message: str, retry_ms: int | None = None
    ) -> None:
        self.perform(socket, socket.session.turned_away(room, code, message, retry_ms))
        socket.go_on()

    # --- from the warden

    def expel(self, socket: WebSocket, room: str, code: ErrorCode, message: str) -> None:
        """Take a connection out of a room, in or on its way in, and tell it why."""
        entering = socket.session.entering == room
        self.desk.exit(socket, room)
        self.perform(socket, socket.session.turned_away(room, code, message))
        if entering:
            socket.go_on()

    # --- effects

    def _receive(self, socket: WebSocket, command: AnyCommand | Malformed) -> None:
        if self._closing:
            return  # not carried out, so not answered: the client says it again where it goes next
        self.stats.commands_total += 1
        try:
            self.perform(socket, socket.session.receive(command, self._loop.time()))
        except Exception as error:
            context = {"message": "a command was not carried out", "exception": error, "protocol": socket}
            self._loop.call_exception_handler(context)
            socket.close(CloseCode.INTERNAL)

    def perform(self, socket: WebSocket, decided: Sequence[effects.Effect]) -> None:
        for effect in decided:
            match effect:
                case effects.Reply(event):
                    self.reply(socket, event)
                case effects.TellTime():
                    self.reply(socket, Pong(self.now_ms()))
                case effects.Carry(command):
                    self.desk.carry_out(socket, command)
                case effects.Enter():
                    socket.wait()
                    enter = partial(self._entrance.enter, socket, effect, self._loop.time())
                    self.people.directs.admit(socket, effect.room, enter)
                case effects.Meet(to):
                    socket.wait()
                    self.people.directs.meet(socket, to)
                case effects.Exit(room):
                    self.desk.exit(socket, room)
                case effects.Turn(away):
                    self._rooms.turn(socket, socket.session.rooms, away=away)
                case effects.Authenticate(name, token):
                    self.perform(socket, self._greeter.receive(socket, name, token))
                    self.people.greeted(socket, new=token is None)
                case effects.Follow(track):
                    self.watchers.follow(socket, track)
                case effects.Unfollow(track):
                    self.watchers.unfollow(socket, track)
                case _:
                    assert_never(effect)

    def reply(self, socket: WebSocket, event: Event) -> None:
        if isinstance(event, Error):
            self.stats.errors_total[event.code] += 1
        socket.write(frame_text(encode_event(event)))

    # --- time

    def _look(self, socket: WebSocket, now_s: float) -> None:
        self.perform(socket, socket.session.look(now_s))

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def sockets(self) -> list[WebSocket]:
        return self.lifetimes.sockets()
