"""One accepted connection: reads heads, answers media itself, passes the rest on, keeps time and order."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from streamer.guest import Guest
from streamer.heads import Head, HeadReader
from streamer.refusal import Refused, turn_away
from streamer.reply import Reply
from streamer.voice import Lookup, Voice
from streamer.wheel import Deadline

if TYPE_CHECKING:
    from streamer.server import Acceptor, FrontDoor

# What the connection does with bytes that arrive. Plain integers: the hot path compares them.
READY: Final = 0  # between requests, and nobody's guest: a head begins
OPEN: Final = 1  # part of a head is here, or aiohttp is a guest
BUSY: Final = 2  # an answer of its own is on its way; the next request is held, reading goes on until then
LEAVING: Final = 3  # the last answer is given or left to aiohttp; what arrives is thrown away
GONE: Final = 4


class Connection(asyncio.Protocol):
    """The protocol of a socket that the front door has accepted.

    At most one speaks at any time: its own voice (`BUSY`), or aiohttp. So answers come in order.
    Bounds: what is held of later requests is one read of the transport, for reading then pauses.
    """

    __slots__ = (
        *("_blocked", "_closing", "_deadline", "_door", "_guest", "_held"),
        *("_reader", "_state", "_transport", "_voice"),
    )

    def __init__(self, door: "FrontDoor") -> None:
        self._door = door
        self._state = READY
        self._reader: HeadReader | None = None  # of a head that has begun
        self._guest: Guest | None = None
        self._held = b""
        self._blocked = False  # the peer doesn't read
        self._closing = False  # after the answer in hand

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses of asyncio's
        self._voice = Voice(self._door, self._transport, self)
        # Unwritten bytes always pause: pause_writing then means exactly that the transport keeps our buffer.
        self._transport.set_write_buffer_limits(0)
        door = self._door
        self._deadline = Deadline(door.wheel, door.head_ticks, self._expire)
        door.admit(self)
        if door.stats.connections_open > door.limits.max_connections or door.draining:
            self._refuse(Refused(503, "too many connections; try again in a moment"))

    def data_received(self, data: bytes) -> None:
        door = self._door
        if self._state == READY and (reply := door.known(data)) is not None:
            found = door.live.find(reply.head, self._voice) if reply.live else door.find(reply.head.path)
        elif self._state == READY and (repeated := self._voice.again(data)) is not None:
            reply, found = repeated
        else:
            self._receive(data)
            return
        self._deadline.tick = door.wheel.tick + door.idle_ticks
        if found is not None and found is reply.resource and reply.date_line is door.date_line:
            # The hot path: the bytes of before ask for the resource of before, within the same second.
            if reply.span is None:
                stats = door.stats
                stats.requests_total += 1
                stats.bytes_sent += reply.size_bytes
                self._transport.write(reply.wire)
            elif not self._voice.repeat(reply):
                self._said(False)
        else:
            self._serve(reply, found, data)

    def pause_writing(self) -> None:
        self._blocked = True
        self._deadline.set(self._door.write_ticks)
        if self._guest is not None:
            self._guest.pause_writing()
        elif self._state == READY:
            self._state = BUSY

    def resume_writing(self) -> None:
        self._blocked = False
        self._deadline.set(self._door.idle_ticks)
        if self._guest is not None:
            self._guest.resume_writing()
        elif self._voice.speaking:
            self._voice.resume()
        elif self._state == BUSY:
            self._go_on()

    def eof_received(self) -> bool:
        """A client that says no more may still want the answer to what it has said, if it has said all."""
        self._closing = True
        if self._state == OPEN and self._guest is not None and not self._guest.in_body:
            self._part()
        return self._state == BUSY or (self._state == LEAVING and self._guest is not None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = GONE
        self._let_go()
        self._held, self._reader = b"", None
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave(exc)

    def _receive(self, data: bytes) -> None:
        if self._state == BUSY:
            self._hold(self._held + data)
        elif self._state < BUSY:
            if self._reader is None:
                self._deadline.tick = self._door.wheel.tick + self._door.idle_ticks
            try:
                self._read(data)
            except Refused as refused:
                self._refuse(refused)

    def _read(self, data: bytes) -> None:
        position, end = 0, len(data)
        while position < end and self._state < BUSY:
            if self._guest is not None and self._guest.in_body:
                position = self._guest.receive_body(data, position)
                if self._closing:
                    self.drain()
                continue
            reader = self._reader or HeadReader(self._door.head_limits)
            head = reader.feed(data, position)
            if head is None:
                if self._reader is None:
                    # All of the head must come in time, however often a piece of it does.
                    self._reader, self._state = reader, OPEN
                    self._deadline.set(self._door.head_ticks)
                return
            self._reader = None
            position = reader.end
            self._route(head, reader.raw, data[position:])
        if self._state == BUSY and position < end:
            self._hold(data[position:])

    def _route(self, head: Head, raw: bytes, rest: bytes) -> None:
        door, guest = self._door, self._guest
        # What aiohttp has written may still be in the transport: then it stays the only one who writes.
        if guest is None or (guest.idle and not self._transport.get_write_buffer_size()):
            accept = door.acceptor(head)
            if accept is not None:
                self._dismiss()
                self._hand_over(accept, raw + rest)
                return
            if head.body_bytes == 0 and head.method in ("GET", "HEAD"):
                found = door.look_up(head, raw, self._voice)
                if found is not None:
                    self._dismiss()
                    self._serve(door.replies.remember(raw, head), found, raw)
                    return
        self._pass_on(head, raw)

    def _serve(self, reply: Reply, found: Lookup | None, raw: bytes) -> None:
        """Answers with what a shelf has found, now or later; what is no media goes to aiohttp."""
        if found is None:
            self._pass_on(reply.head, raw)
            return
        self._state = READY
        self._closing = self._closing or not reply.head.keep_alive
        self._said(self._voice.say(reply, found, raw, closing=self._closing))

    def _said(self, all_of_it: bool) -> None:
        if not all_of_it and self._state == READY:
            self._state = BUSY
        elif self._closing and all_of_it:
            self._part()

    def receive_nothing(self, reply: Reply, raw: bytes) -> None:
        self._pass_on(reply.head, raw)
        self._go_on()

    def receive_all(self) -> None:
        if not self._blocked:
            self._go_on()  # else when the peer has read it

    def receive_failure(self, refused: Refused | None) -> None:
        if refused is None:
            self._transport.abort()
        else:
            self._refuse(refused)

    def _go_on(self) -> None:
        """To the next request, if there is to be one."""
        if self._closing or self._door.draining:
            self._part()
            return
        self._state = READY if self._guest is None else OPEN
        self._deadline.tick = self._door.wheel.tick + self._door.idle_ticks
        held, self._held = self._held, b""
        if not self._transport.is_reading():
            self._transport.resume_reading()
        if held:
            self._receive(held)

    def _hold(self, data: bytes) -> None:
        self._held = data
        if self._transport.is_reading():
            self._transport.pause_reading()

    def _hand_over(self, accept: "Acceptor", received: bytes) -> None:
        """The connection becomes a WebSocket or a source, and is none of ours any more."""
        self._state = GONE
        self._let_go()
        self._door.stats.requests_total += 1
        self._transport.set_write_buffer_limits()
        self._transport.set_protocol(accept(self._transport, received))

    def _pass_on(self, head: Head, raw: bytes) -> None:
        """aiohttp gets the request."""
        door = self._door
        if self._guest is None:
            self._transport.set_write_buffer_limits()
            self._guest = Guest(door.http(), self._transport, self, door.limits.max_body_bytes)
        self._state = OPEN
        door.stats.requests_total += 1
        self._guest.receive_head(head, raw)

    def _dismiss(self) -> None:
        """aiohttp has answered all it was asked: it leaves the connection, and takes its task along."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave()
            self._transport.set_write_buffer_limits(0)
        self._state = READY

    def guest_wrote(self) -> None:
        if not self._blocked and self._state != LEAVING:
            self._deadline.tick = self._door.wheel.tick + self._door.idle_ticks

    def guest_left(self, refused: Refused | None) -> None:
        if refused is not None:
            self._turn_away(refused)
            return
        self._state = LEAVING
        self._deadline.set(self._door.write_ticks)
        self._transport.close()

    def _let_go(self) -> None:
        """The socket is closed or somebody else's."""
        self._deadline.cancel()
        self._door.forget(self)
        self._voice.silence()

    def drain(self) -> None:
        """Closes now if nothing is in flight, else as soon as it is answered."""
        self._closing = True
        if self._state < BUSY and (self._guest is None or not self._guest.in_body):
            self._part()

    def abort(self) -> None:
        self._transport.abort()

    def _part(self, refused: Refused | None = None) -> None:
        """Closes when aiohttp has answered what has arrived, and what is written has left."""
        self._state = LEAVING
        if self._guest is None or self._guest.in_body:
            self.guest_left(None)
        else:
            self._deadline.set(1)
            self._guest.finish(refused)

    def _refuse(self, refused: Refused) -> None:
        """Says what was wrong, after what is being said, and closes."""
        self._door.stats.refused_total[refused.status] += 1
        self._reader = None
        if self._guest is None or self._guest.answerable:
            self._turn_away(refused)
        else:
            self._part(refused)

    def _turn_away(self, refused: Refused) -> None:
        guest, self._guest, self._state = self._guest, None, LEAVING
        if guest is not None:
            guest.leave(ConnectionAbortedError(refused.detail))
        turn_away(self._transport, refused, self._door.date_line)
        self._deadline.set(self._door.linger_ticks)

    def _expire(self) -> None:
        """The deadline is over: judge whose fault it is."""
        self._deadline.set(self._door.idle_ticks)
        guest = self._guest
        if self._blocked or (self._state == LEAVING and (guest is None or self._transport.is_closing())):
            self._transport.abort()  # the peer doesn't read, or has had its time to
        elif self._state == LEAVING:
            self._part()  # there was more than one request to answer
        elif self._state >= BUSY:
            pass  # what takes so long is ours
        elif self._reader or (guest is not None and guest.in_body and self._transport.is_reading()):
            self._refuse(Refused(408, "the request took too long to arrive"))
        elif guest is None or guest.idle:
            self._part()
