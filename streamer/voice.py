"""What the front door itself says on a connection: at once where it can, else from lookup to last byte."""

import asyncio
import os
import socket
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final, Protocol

from streamer.files import OpenFile, TruncatedFile
from streamer.heads import Head, again
from streamer.live.sessions import Session
from streamer.problems import TABLE, unavailable
from streamer.ranges import Span
from streamer.refusal import Refused
from streamer.reply import TAKES_GZIP, Reply
from streamer.resource import Denial, FileBody, Found, Resource
from streamer.sender import Sender
from streamer.store import StoreError
from streamer.waiting import Waiting

if TYPE_CHECKING:
    from streamer.server import FrontDoor

_MSG_MORE: Final = getattr(socket, "MSG_MORE", 0)  # Linux: the head waits for the file, and shares its packet
_HAS_SENDFILE: Final = bool(_MSG_MORE) and hasattr(os, "sendfile")


#: What looking something up may come to, at once or later; None when it is no media.
Answerable = Resource | Denial | Waiting | None
Lookup = Resource | Denial | Waiting | Awaitable[Answerable]


class Listener(Protocol):
    """The connection. When `Voice.say` has returned False one of these is called, once, if not silenced."""

    def receive_nothing(self, reply: Reply, raw: bytes) -> None:
        """This is no media: somebody else has to answer."""

    def receive_all(self) -> None:
        """The answer was handed to the transport."""

    def receive_failure(self, refused: Refused | None) -> None:
        """It can't be given: this is to be said instead; None when some of it is out, and must be cut off."""


class Voice:
    """Gives one answer after the other. Nothing else may write meanwhile.

    uvloop has no sendfile, and the kernel's own waits for the disk. So a span of a file is first read from
    the page cache without waiting, which also proves that it is there, and sent by the kernel when the same
    is asked again within that second.
    """

    __slots__ = (
        *("_closing", "_door", "_listener", "_lookup", "_reply", "_sender"),
        *("_socket", "_transport", "_waiting", "fd", "last", "session"),
    )

    def __init__(self, door: "FrontDoor", transport: asyncio.Transport, listener: Listener) -> None:
        self._door = door
        self._transport = transport
        self._listener = listener
        self._closing = False
        self._lookup: asyncio.Future[Answerable] | None = None
        self._waiting: Waiting | None = None
        self._reply: Reply | None = None  # to what is waited for
        self._sender: Sender | None = None
        self._socket: socket.socket | None = None
        self.session: Session | None = None  # of who asked for live media last
        #: The last request for live media that says who asks: its fields as they came, and its head.
        self.last: tuple[bytes, Head] | None = None
        self.fd = -1  # the transport's, once something is written past it

    @property
    def peer(self) -> str:
        """The address at the other end."""
        return str((self._transport.get_extra_info("peername") or ("",))[0])

    def again(self, data: bytes) -> tuple[Reply, Lookup] | None:
        """What is asked for, if the request differs from the last one in nothing else, and what is found."""
        if self.last is None or not data.endswith(self.last[0]):
            return None
        fields, before = self.last
        line, replies = data[: len(data) - len(fields)], self._door.replies
        reply = replies.shared(line + TAKES_GZIP if before.takes_gzip else line)
        if reply is None:
            if (head := again(data, fields, before)) is None:
                return None
            reply = replies.share(line, head)
        found = self._door.live.find(reply.head, self, before.listener)
        return None if found is None else (reply, found)

    @property
    def speaking(self) -> bool:
        """An answer is on its way: `resume` when the transport has room."""
        return self._lookup is not None or self._sender is not None

    def say(self, reply: Reply, found: Lookup, raw: bytes, *, closing: bool) -> bool:
        """Answers with what the shelf has found.

        Args:
            raw: the bytes of the request's head.
            closing: the connection is closed after this, and the answer says so.

        Returns: True when the transport has the whole answer; False when the listener will hear of it.
        """
        self._closing = closing
        if not isinstance(found, Resource | Denial):
            if isinstance(found, Waiting):
                self._wait(found, reply)
            else:
                self._lookup = asyncio.ensure_future(found)
                self._lookup.add_done_callback(lambda lookup: self._receive_found(lookup, reply, raw))
            return False
        if not closing:
            if reply.resource is not found or reply.date_line is not self._door.date_line:
                reply.renew(found, self._door.date_line)
            if reply.resource is found:
                return self.repeat(reply)
        return self._send(reply, found)

    def repeat(self, reply: Reply) -> bool:
        """Says what is at hand in `reply`; the connection stays open. Returns as `say` does."""
        span = reply.span
        if span is None:
            self._transport.write(reply.wire)
        elif (count := self._send_span(reply, span)) != span.size_bytes:
            assert reply.resource is not None
            return self._transport.is_closing() or self._send(reply, reply.resource, count)
        stats = self._door.stats
        stats.requests_total += 1
        stats.bytes_sent += reply.size_bytes
        return True

    def resume(self) -> None:
        """The transport has room again."""
        if self._sender is not None:
            self._sender.resume()

    def silence(self) -> None:
        """The connection is somebody else's, or about to be closed. Idempotent."""
        lookup, self._lookup = self._lookup, None
        if lookup is not None:
            lookup.cancel()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and self._reply is not None:
            waiting.leave(self, self._reply)
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.stop()
        if self._socket is not None:
            self._socket.detach()  # the transport closes the descriptor
            self._socket = None

    def _wait(self, waiting: Waiting, reply: Reply) -> None:
        if self.fd < 0:
            self.fd = self._transport.get_extra_info("socket").fileno()
        self._waiting, self._reply = waiting, reply
        waiting.park(self, reply)

    def wire(self, reply: Reply, found: Found) -> bytes | None:
        """What everyone may be given who sent the same, and whose connection stays open."""
        door = self._door
        if door.draining or not reply.head.keep_alive or reply.head.http10:
            return None
        if reply.resource is not found or reply.date_line is not door.date_line:
            reply.renew(found, door.date_line)
        return reply.wire if reply.resource is found and reply.span is None else None

    def receive_written(self, rest: bytes) -> None:
        """What was waited for is said, but for `rest`."""
        reply, self._waiting, self._reply = self._reply, None, None
        assert reply is not None
        stats = self._door.stats
        stats.requests_total += 1
        stats.bytes_sent += reply.size_bytes
        if rest:
            self._transport.write(rest)
        self._listener.receive_all()

    def receive_awaited(self, reply: Reply, found: Found) -> None:
        """What was waited for is there."""
        self._waiting = self._reply = None
        if self._send(reply, found):
            self._listener.receive_all()

    def fail(self, error: Exception) -> None:
        """What was waited for can't be said."""
        self._door.report(error)
        self._transport.abort()

    def _receive_found(self, lookup: "asyncio.Future[Answerable]", reply: Reply, raw: bytes) -> None:
        self._lookup = None
        if lookup.cancelled():
            return
        error = lookup.exception()
        if error is not None:
            self._door.report(error)
            self._listener.receive_failure(Refused(500, "looking the resource up failed"))
            return
        found = lookup.result()
        if found is None:
            self._listener.receive_nothing(reply, raw)
        elif isinstance(found, Waiting):
            self._wait(found, reply)
        elif self._send(reply, found):
            self._listener.receive_all()

    def _send(self, reply: Reply, resource: Found, sent_bytes: int | None = None) -> bool:
        """Sends the answer, without its head and the first `sent_bytes` if these are on their way already."""
        door = self._door
        answer = reply.renew(resource, door.date_line)
        connection = b""
        if self._closing or door.draining:
            connection = b"Connection: close\r\n"
        elif reply.head.http10:
            connection = b"Connection: keep-alive\r\n"
        head = b"%b%b%b\r\n" % (answer.head, door.date_line, connection)
        door.stats.requests_total += 1
        door.stats.bytes_sent += len(head) + answer.size_bytes
        body = resource.body
        supply = None if isinstance(body, bytes) else door.pump.supply(body)
        sender = Sender(door.loop, self._transport, head, answer.pieces, supply, finished=self._receive_sent)
        if sent_bytes is not None:
            sender.skip(sent_bytes)
        self._sender = sender
        if not sender.begin():
            return False
        self._sender = None
        return True

    def _receive_sent(self, error: Exception | None) -> None:
        sender, self._sender = self._sender, None
        if error is None:
            self._listener.receive_all()
            return
        started = sender is not None and sender.started
        if isinstance(error, StoreError):  # who fetched for everyone has logged it once
            problem = unavailable(error)
            refused = Refused(TABLE[type(problem)][0], str(problem))
        else:
            # Deleted under a listener, or shorter than promised.
            self._door.report(error)
            refused = Refused(500, "the file can't be read")
        # Never a short answer that looks complete.
        self._door.stats.truncated_total += 1
        self._listener.receive_failure(None if started else refused)

    def _send_span(self, reply: Reply, span: Span) -> int | None:
        """Sends a reply's head and as much of its span as is possible without waiting.

        Returns: bytes of the span sent; None when nothing was, not even the head.
        """
        file = reply.resident
        if file is not None and file.fd >= 0:
            return self._send_by_kernel(reply.wire, file, reply.place)
        assert isinstance(reply.resource, Resource)
        body = reply.resource.body
        assert not isinstance(body, bytes)
        if isinstance(body, FileBody):
            file = self._door.files.find(body.path)
        else:
            file, span = self._door.pump.find(body, span) or (None, span)
        if file is None:
            return None
        try:
            count = self._door.pump.copy(self._transport, reply.wire, file, span)
        except (TruncatedFile, OSError):
            return None  # a sender will meet it again, and report it
        if _HAS_SENDFILE and count == span.size_bytes:
            reply.resident, reply.place = file, span
        return count or None

    def _send_by_kernel(self, head: bytes, file: OpenFile, span: Span) -> int | None:
        """Returns as `_send_span` does. A failure leaves the answer half sent, and closes the connection."""
        if self._socket is None:
            # The same descriptor, not a copy: detach() keeps it from being closed twice. Family and type are
            # given so that the system isn't asked for them; send() needs neither.
            if self.fd < 0:
                self.fd = self._transport.get_extra_info("socket").fileno()
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=self.fd)
        file.fresh = True
        sent = None
        try:
            if self._socket.send(head, _MSG_MORE) != len(head):
                raise ConnectionError("the socket took part of a response head")
            sent = 0
            sent = os.sendfile(self.fd, file.fd, span.offset_bytes, span.size_bytes)
            if not sent:
                raise TruncatedFile(f"{file.path} ends before byte {span.offset_bytes}")
        except BlockingIOError:
            pass  # the socket is full
        except ConnectionError:
            self._transport.abort()
        except (TruncatedFile, OSError) as error:
            self._door.stats.truncated_total += 1
            self._door.report(error)
            self._transport.abort()
        return sent
