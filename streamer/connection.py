"""One accepted connection: reads heads, answers media itself, passes the rest on, keeps time and order."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final, cast

from streamer.delivery import Delivery
from streamer.guest import Guest
from streamer.heads import Head, HeadReader
from streamer.outlet import Outlet
from streamer.refusal import Refused, refusal
from streamer.reply import Reply
from streamer.resource import Resource
from streamer.wheel import Deadline

if TYPE_CHECKING:
    from streamer.server import FrontDoor

# What the connection does with bytes that arrive. Plain integers: the hot path compares them.
READY: Final = 0  # between requests, and nobody's guest: a head begins
OPEN: Final = 1  # part of a head is here, or aiohttp is a guest
BUSY: Final = 2  # an answer of its own is on its way; later requests are held
LEAVING: Final = 3  # the last answer is given or left to aiohttp; what arrives is thrown away
GONE: Final = 4


class Connection(asyncio.Protocol):
    """The protocol of a socket that the front door has accepted.

    At most one has the connection's voice at any time: a delivery of its own (`BUSY`), or aiohttp. So answers
    never mix, and their order is the order of the requests.

    Bounds: what is held of later requests is one read of the transport, for reading pauses as soon as it is held.
    """

    __slots__ = (
        "_blocked",
        "_closing",
        "_deadline",
        "_delivery",
        "_door",
        "_guest",
        "_held",
        "_outlet",
        "_reader",
        "_state",
        "_transport",
    )

    def __init__(self, door: "FrontDoor") -> None:
        self._door = door
        self._state = READY
        self._reader: HeadReader | None = None  # of a head that has begun
        self._guest: Guest | None = None
        self._delivery: Delivery | None = None
        self._held = b""
        self._blocked = False  # the peer doesn't read
        self._closing = False  # after the answer in hand

    # --- The transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses of asyncio's
        self._outlet = Outlet(self._transport)
        # Unwritten bytes always pause: pause_writing then means exactly that the transport keeps our buffer.
        self._transport.set_write_buffer_limits(0)
        door = self._door
        self._deadline = Deadline(door.wheel, door.head_ticks, self._expire)
        if not door.admit(self):
            self._refuse(Refused(503, "too many connections; try again in a moment"))

    def data_received(self, data: bytes) -> None:
        door = self._door
        reply = door.replies.get(data) if self._state == READY else None
        if reply is None:
            self._receive(data)
            return
        resource = door.shelf.find(reply.head.path)
        self._deadline.tick = door.wheel.tick + door.idle_ticks
        if resource is not None and resource is reply.resource and reply.date_line is door.date_line:
            # The hot path: the bytes of before ask for the resource of before, within the same second.
            self._answer_at_once(reply, data)
        else:
            self._serve(reply, resource, data)
        if self._state == BUSY:
            self._hold(b"")

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
        elif self._delivery is not None:
            self._delivery.resume()
        elif self._state == BUSY:
            self._go_on()

    def eof_received(self) -> bool:
        """A client that says no more may still want its answer from us; for aiohttp it has gone (its own rule)."""
        if self._state == BUSY:
            self._closing = True
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = GONE
        self._let_go()
        self._held = b""
        self._reader = None
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery.stop()
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave(exc)

    # --- Requests

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
        while position < end:
            guest = self._guest
            if guest is not None and guest.in_body:
                position = guest.receive_body(data, position)
                if self._closing and not guest.in_body:
                    self._part()
                continue
            reader = self._reader or HeadReader(self._door.head_limits)
            head = reader.feed(data, position)
            if head is None:
                if self._reader is None:
                    # All of the head must come in time, however often a piece of it does.
                    self._reader = reader
                    self._state = OPEN
                    self._deadline.set(self._door.head_ticks)
                return
            self._reader = None
            position = reader.end
            self._route(head, reader.raw, data, position)
            if self._state >= BUSY:
                if self._state == BUSY:
                    self._hold(data[position:])
                return

    def _route(self, head: Head, raw: bytes, data: bytes, position: int) -> None:
        door = self._door
        if self._guest is None or self._guest.idle:
            if head.upgrades and head.path == "/ws" and door.websocket is not None:
                self._hand_over(raw + data[position:])
                return
            if head.body_bytes == 0 and head.method in ("GET", "HEAD"):
                found = door.shelf.find(head.path)
                if found is not None:
                    self._dismiss()
                    self._serve(door.replies.remember(raw, head), found, raw)
                    return
        self._pass_on(head, raw)

    # --- Answers of its own

    def _serve(self, reply: Reply, found: "Resource | Awaitable[Resource | None] | None", raw: bytes) -> None:
        """Answers from what the shelf has found, now or later; what turns out to be no media goes to aiohttp."""
        if found is None:
            self._pass_on(reply.head, raw)
            return
        if isinstance(found, Resource) and not self._closing:
            reply.renew(found, self._door.date_line)
            if reply.resource is found:
                self._answer_at_once(reply, raw)
                return
        delivery = self._deliver(reply, raw)
        if isinstance(found, Resource):
            delivery.send(found)
        else:
            delivery.wait_for(found)

    def _answer_at_once(self, reply: Reply, raw: bytes) -> None:
        """Sends a reply that is at hand in one go; what socket or page cache can't take or give goes on later."""
        self._state = READY
        door = self._door
        span = reply.span
        if span is None:
            self._transport.write(reply.wire)
        elif (count := self._outlet.send(door, reply)) != span.size_bytes:
            assert reply.resource is not None
            if not self._transport.is_closing():
                self._deliver(reply, raw).send(reply.resource, count)
            return
        stats = door.stats
        stats.requests_total += 1
        stats.bytes_sent += reply.size_bytes

    def _deliver(self, reply: Reply, raw: bytes) -> Delivery:
        self._state = BUSY
        closing = self._closing = self._closing or not reply.head.keep_alive
        self._delivery = Delivery(self._door, self._transport, self, reply, raw, closing=closing)
        return self._delivery

    def receive_nothing(self, reply: Reply, raw: bytes) -> None:
        self._delivery = None
        self._pass_on(reply.head, raw)
        self._go_on()

    def receive_all(self) -> None:
        self._delivery = None
        if not self._blocked:
            self._go_on()  # else when the peer has read it

    def receive_failure(self, refused: Refused | None) -> None:
        self._delivery = None
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

    # --- Handing over

    def _hand_over(self, received: bytes) -> None:
        """The connection becomes a WebSocket, and is none of ours any more."""
        assert self._door.websocket is not None
        self._dismiss()
        self._state = GONE
        self._let_go()
        self._door.stats.requests_total += 1
        self._transport.set_write_buffer_limits()
        self._transport.set_protocol(self._door.websocket(self._transport, received))

    def _pass_on(self, head: Head, raw: bytes) -> None:
        """aiohttp gets the request."""
        guest = self._guest
        if guest is None:
            self._transport.set_write_buffer_limits()
            guest = self._guest = Guest(
                self._door.http(), self._transport, self, self._door.limits.max_body_bytes
            )
        self._state = OPEN
        self._door.stats.requests_total += 1
        guest.receive_head(head, raw)

    def _dismiss(self) -> None:
        """aiohttp has answered all it was asked: it leaves the connection, and takes its task along."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave()
            self._transport.set_write_buffer_limits(0)
        self._state = READY

    def guest_wrote(self) -> None:
        if not self._blocked:
            self._deadline.tick = self._door.wheel.tick + self._door.idle_ticks

    def _let_go(self) -> None:
        """The socket is closed or somebody else's."""
        self._deadline.cancel()
        self._door.forget(self)
        self._outlet.detach()

    # --- Ends

    def drain(self) -> None:
        """Closes now if nothing is in flight, else as soon as it is answered."""
        self._closing = True
        if self._state < BUSY and (self._guest is None or not self._guest.in_body):
            self._part()

    def abort(self) -> None:
        self._transport.abort()

    def _part(self) -> None:
        """Closes once what aiohttp has in hand is answered, and what is written has left."""
        self._state = LEAVING
        self._deadline.set(self._door.write_ticks)
        if self._guest is not None and not self._guest.idle:
            self._guest.finish()
        else:
            self._transport.close()

    def _refuse(self, refused: Refused) -> None:
        """Says what was wrong, if nothing else is being said, and closes."""
        door = self._door
        door.stats.refused_total[refused.status] += 1
        guest = self._guest
        self._reader = None
        if guest is not None and not guest.answerable:
            if guest.in_body:
                self._state = LEAVING
                self._transport.close()
            else:
                self._part()
            return
        self._guest = None
        self._state = LEAVING
        if guest is not None:
            guest.leave(ConnectionAbortedError(refused.detail))
        if self._transport.is_closing():
            return
        self._transport.write(refusal(refused, door.date_line))
        # RFC 9112 9.6: closing with unread data resets the connection, and the client may lose the answer.
        self._transport.write_eof()
        if not self._transport.is_reading():
            self._transport.resume_reading()
        self._deadline.set(door.linger_ticks)

    def _expire(self) -> None:
        """The deadline is over: judge whose fault it is."""
        self._deadline.set(self._door.idle_ticks)
        guest = self._guest
        if self._blocked or (self._state == LEAVING and guest is None):
            self._transport.abort()  # the peer doesn't read, or has had its time to
        elif self._state >= BUSY:
            pass  # what takes so long is ours
        elif self._reader is not None or (
            guest is not None and guest.in_body and self._transport.is_reading()
        ):
            self._refuse(Refused(408, "the request took too long to arrive"))
        elif guest is None or guest.idle:
            self._part()
