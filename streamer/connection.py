"""One accepted connection: reads heads, answers media itself, passes the rest on, keeps time and order."""

import asyncio
from collections.abc import Awaitable
from enum import IntEnum
from typing import TYPE_CHECKING, cast

from streamer.framing import Body, ChunkedBody, LengthBody
from streamer.guest import Guest
from streamer.heads import Head, HeadReader
from streamer.refusal import Refused, refusal
from streamer.reply import Reply
from streamer.resource import FileBody, Resource
from streamer.sender import Sender

if TYPE_CHECKING:
    from streamer.server import FrontDoor


class State(IntEnum):
    """What the connection does with bytes that arrive."""

    READY = 0  # between requests of its own: a head begins
    OPEN = 1  # part of a head is here, or aiohttp is a guest
    BUSY = 2  # an answer of its own is on its way; later requests are held
    LEAVING = 3  # the last answer is given or left to aiohttp; what arrives is thrown away
    GONE = 4


class Connection(asyncio.Protocol):
    """The protocol of a socket that the front door has accepted.

    At most one of these has the connection's voice at any time: a sender or lookup of its own (`BUSY`), or aiohttp.
    So answers never mix, and their order is the order of the requests.

    Bounds: what is held of later requests is one read of the transport, for reading pauses as soon as it is held.
    """

    __slots__ = (
        "_blocked",
        "_body",
        "_closing",
        "_deadline",
        "_door",
        "_guest",
        "_held",
        "_lookup",
        "_reader",
        "_sender",
        "_state",
        "_ticket",
        "_transport",
    )

    def __init__(self, door: "FrontDoor") -> None:
        self._door = door
        self._transport: asyncio.Transport
        self._state = State.READY
        self._reader: HeadReader | None = None  # of a head that has begun
        self._body: Body | None = None  # on its way to aiohttp
        self._guest: Guest | None = None
        self._held = b""
        self._sender: Sender | None = None
        self._lookup: asyncio.Future[Resource | None] | None = None
        self._blocked = False  # the peer doesn't read
        self._closing = False  # after the answer in hand

    # --- The transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop registers no class of asyncio
        # Unwritten bytes always pause: pause_writing then means exactly that the transport keeps our buffer.
        self._transport.set_write_buffer_limits(0)
        door = self._door
        self._deadline = door.wheel.tick + door.head_ticks
        self._ticket = door.wheel.schedule_at(self._deadline, self._look)
        if not door.admit(self):
            self._refuse(Refused(503, "too many connections; try again in a moment"))

    def data_received(self, data: bytes) -> None:
        door = self._door
        reply = door.replies.get(data) if self._state is State.READY else None
        if reply is None:
            self._receive(data)
            return
        resource = door.shelf.find(reply.head.path)
        if resource is reply.resource and reply.date_line is door.date_line and reply.wire is not None:
            # The hot path: the same bytes as before ask for the same thing, and the second has not changed.
            self._deadline = door.wheel.tick + door.idle_ticks
            stats = door.stats
            stats.requests_total += 1
            stats.bytes_sent += len(reply.wire)
            self._transport.write(reply.wire)
        else:
            self._serve(reply, resource, data)
            if self._state is State.BUSY:
                self._hold(b"")

    def pause_writing(self) -> None:
        self._blocked = True
        self._expect(self._door.write_ticks)
        if self._guest is not None:
            self._guest.pause_writing()
        elif self._state is State.READY:
            self._state = State.BUSY
            self._hold(b"")

    def resume_writing(self) -> None:
        self._blocked = False
        self._expect(self._door.idle_ticks)
        if self._guest is not None:
            self._guest.resume_writing()
        elif self._sender is not None:
            self._sender.resume()
        elif self._state is State.BUSY and self._lookup is None:
            self._go_on()

    def eof_received(self) -> bool:
        """A client that says no more may still want its answer from us; for aiohttp it has gone (its own rule)."""
        if self._state is State.BUSY:
            self._closing = True
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._state = State.GONE
        self._ticket.cancel()
        self._door.forget(self)
        self._held = b""
        self._reader = self._body = None
        if self._lookup is not None:
            self._lookup.cancel()
        if self._sender is not None:
            self._sender.stop()
            self._sender = None
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave(exc)

    # --- Requests

    def _receive(self, data: bytes) -> None:
        if self._state is State.BUSY:
            self._hold(self._held + data)
        elif self._state < State.BUSY:
            if self._reader is None:
                self._deadline = self._door.wheel.tick + self._door.idle_ticks
            try:
                self._read(data)
            except Refused as refused:
                self._refuse(refused)

    def _read(self, data: bytes) -> None:
        position, end = 0, len(data)
        while position < end:
            if self._body is not None:
                position = self._pass_body(self._body, data, position)
                continue
            reader = self._reader or HeadReader(self._door.head_limits)
            head = reader.feed(data, position)
            if head is None:
                if self._reader is None:
                    self._reader = reader
                    self._begin_head()
                return
            self._reader = None
            position = reader.end
            self._route(head, reader.raw, data, position)
            if self._state is State.BUSY:
                self._hold(data[position:])
                return
            if self._state > State.BUSY or self._transport.is_closing():
                return

    def _begin_head(self) -> None:
        """A head has begun: all of it must come in time, however often a piece of it does."""
        self._state = State.OPEN
        self._expect(self._door.head_ticks)

    def _route(self, head: Head, raw: bytes, data: bytes, position: int) -> None:
        door = self._door
        guest = self._guest
        if guest is None or guest.idle:
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

    def _serve(self, reply: Reply, found: "Resource | Awaitable[Resource | None] | None", raw: bytes) -> None:
        """Answers from what the shelf has found, now or later; what turns out to be no media goes to aiohttp."""
        if isinstance(found, Resource):
            self._answer(reply, found)
        elif found is None:
            self._pass_on(reply.head, raw)
        else:
            self._state = State.BUSY
            lookup = self._lookup = asyncio.ensure_future(found)
            lookup.add_done_callback(lambda done: self._receive_found(done, reply, raw))

    def _receive_found(self, lookup: "asyncio.Future[Resource | None]", reply: Reply, raw: bytes) -> None:
        self._lookup = None
        if lookup.cancelled() or self._state is not State.BUSY:
            return
        error = lookup.exception()
        if error is not None:
            self._door.report(error, self)
            self._refuse(Refused(500, "looking the resource up failed"))
            return
        self._state = State.READY
        self._serve(reply, lookup.result(), raw)
        if self._state is not State.BUSY:
            self._go_on()

    def _answer(self, reply: Reply, resource: Resource) -> None:
        door = self._door
        answer = reply.renew(resource, door.date_line)
        head = reply.head
        self._closing = self._closing or door.draining or not head.keep_alive
        connection = b""
        if self._closing:
            connection = b"Connection: close\r\n"
        elif head.http10:
            connection = b"Connection: keep-alive\r\n"
        door.stats.requests_total += 1
        door.stats.bytes_sent += len(answer.head) + answer.size_bytes
        self._state = State.BUSY
        path = resource.body.path if isinstance(resource.body, FileBody) else None
        start = b"%b%b%b\r\n" % (answer.head, door.date_line, connection)
        self._sender = Sender(door.pump, self._transport, start, answer.pieces, path, self._sent)
        self._sender.resume()

    def _sent(self, error: Exception | None) -> None:
        sender, self._sender = self._sender, None
        if error is not None:
            self._door.stats.truncated_total += 1
            self._door.report(error, self)
            if sender is not None and sender.started:
                self._transport.abort()
            else:
                self._refuse(Refused(500, "the file can't be read"))
        elif self._blocked:
            pass  # resume_writing goes on
        else:
            self._go_on()

    def _go_on(self) -> None:
        """The answer is given: to the next request."""
        if self._closing:
            self._part()
            return
        self._state = State.READY if self._guest is None else State.OPEN
        self._deadline = self._door.wheel.tick + self._door.idle_ticks
        if not self._transport.is_reading():
            self._transport.resume_reading()
        held, self._held = self._held, b""
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
        self._ticket.cancel()
        self._state = State.GONE
        self._door.forget(self)
        self._door.stats.requests_total += 1
        self._transport.set_write_buffer_limits()
        self._transport.set_protocol(self._door.websocket(self._transport, received))

    def _pass_on(self, head: Head, raw: bytes) -> None:
        """aiohttp gets the request; its body, if it has one, follows through `_pass_body`."""
        guest = self._guest
        if guest is None:
            self._transport.set_write_buffer_limits()
            guest = self._guest = Guest(self._door.http(), self._transport, self)
            self._state = State.OPEN
        self._door.stats.requests_total += 1
        if head.body_bytes is None:
            self._body = ChunkedBody(self._door.limits.max_body_bytes)
        elif head.body_bytes:
            self._body = LengthBody(head.body_bytes)
        guest.receive_head(raw)

    def _pass_body(self, body: Body, data: bytes, position: int) -> int:
        end = body.take(data, position)
        if self._guest is not None:
            self._guest.receive_body(data if position == 0 and end == len(data) else data[position:end])
        if body.done:
            self._body = None
            if self._closing:
                self._part()
        return end

    def _dismiss(self) -> None:
        """aiohttp has answered all it was asked: it leaves the connection, and takes its task along."""
        guest, self._guest = self._guest, None
        if guest is not None:
            guest.leave()
            self._transport.set_write_buffer_limits(0)
        self._state = State.READY

    def guest_wrote(self) -> None:
        if not self._blocked:
            self._deadline = self._door.wheel.tick + self._door.idle_ticks

    # --- Ends

    def drain(self) -> None:
        """Closes now if nothing is in flight, else as soon as it is answered."""
        self._closing = True
        if self._state < State.BUSY and self._body is None:
            self._part()

    def abort(self) -> None:
        self._transport.abort()

    def _part(self) -> None:
        """Closes once what aiohttp has in hand is answered, and what is written has left."""
        self._state = State.LEAVING
        self._expect(self._door.write_ticks)
        if self._guest is not None and not self._guest.idle:
            self._guest.finish()
        else:
            self._transport.close()

    def _refuse(self, refused: Refused) -> None:
        """Says what was wrong, if nothing else is being said, and closes."""
        door = self._door
        door.stats.refused_total[refused.status] += 1
        guest, in_body = self._guest, self._body is not None
        self._reader = self._body = None
        if guest is not None and not guest.answerable:
            if in_body:
                self._state = State.LEAVING
                self._transport.close()
            else:
                self._part()
            return
        self._guest = None
        self._state = State.LEAVING
        if guest is not None:
            guest.leave(ConnectionAbortedError(refused.detail))
        if self._transport.is_closing():
            return
        self._transport.write(refusal(refused, door.date_line))
        # RFC 9112 9.6: closing with unread data resets the connection, and the client may lose the answer.
        self._transport.write_eof()
        if not self._transport.is_reading():
            self._transport.resume_reading()
        self._expect(door.linger_ticks)

    # --- Time

    def _expect(self, ticks: int) -> None:
        """The next thing must happen within so many ticks."""
        wheel = self._door.wheel
        self._deadline = wheel.tick + ticks
        if self._ticket.due > self._deadline:
            self._ticket.cancel()
            self._ticket = wheel.schedule_at(self._deadline, self._look)

    def _look(self) -> None:
        """The ticket is due. Deadlines move with every request, the ticket doesn't: it looks whether one is over."""
        wheel = self._door.wheel
        if self._deadline > wheel.tick:
            self._ticket = wheel.schedule_at(self._deadline, self._look)
            return
        self._deadline = wheel.tick + self._door.idle_ticks
        self._ticket = wheel.schedule_at(self._deadline, self._look)
        if self._blocked or (self._state is State.LEAVING and self._guest is None):
            self._transport.abort()  # the peer doesn't read, or has had its time to
        elif self._state >= State.BUSY:
            pass  # what takes so long is ours
        elif self._reader is not None or (self._body is not None and self._transport.is_reading()):
            self._refuse(Refused(408, "the request took too long to arrive"))
        elif self._guest is None or self._guest.idle:
            self._part()
