"""An answer that the front door gives itself and can't give at once: from the lookup to the last byte."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from streamer.refusal import Refused
from streamer.reply import Reply
from streamer.resource import FileBody, Resource
from streamer.sender import Sender

if TYPE_CHECKING:
    from streamer.server import FrontDoor


class Recipient(Protocol):
    """The connection that an answer goes to. One of these is called, once, unless the delivery was stopped."""

    def receive_nothing(self, reply: Reply, raw: bytes) -> None:
        """This is no media: somebody else has to answer."""

    def receive_all(self) -> None:
        """The answer was handed to the transport."""

    def receive_failure(self, refused: Refused | None) -> None:
        """It could not be given. Nothing was written and this is to be said instead, or None: it was cut off."""


class Delivery:
    """One answer under way; see `Recipient` for how it ends.

    Args:
        raw: the request head's bytes.
        closing: the connection will be closed after this answer, and the answer says so.
    """

    __slots__ = ("_closing", "_door", "_lookup", "_raw", "_recipient", "_reply", "_sender", "_transport")

    def __init__(
        self,
        door: "FrontDoor",
        transport: asyncio.Transport,
        recipient: Recipient,
        reply: Reply,
        raw: bytes,
        *,
        closing: bool,
    ) -> None:
        self._door = door
        self._transport = transport
        self._recipient = recipient
        self._reply = reply
        self._raw = raw
        self._closing = closing
        self._lookup: asyncio.Future[Resource | None] | None = None
        self._sender: Sender | None = None

    def wait_for(self, found: Awaitable[Resource | None]) -> None:
        """Answers when the shelf has found out."""
        self._lookup = asyncio.ensure_future(found)
        self._lookup.add_done_callback(self._receive_found)

    def send(self, resource: Resource, sent_bytes: int | None = None) -> None:
        """Sends the answer, without its head and the first `sent_bytes` if these are on their way already."""
        door, reply = self._door, self._reply
        answer = reply.renew(resource, door.date_line)
        connection = b""
        if self._closing or door.draining:
            connection = b"Connection: close\r\n"
        elif reply.head.http10:
            connection = b"Connection: keep-alive\r\n"
        start = b"%b%b%b\r\n" % (answer.head, door.date_line, connection)
        door.stats.requests_total += 1
        door.stats.bytes_sent += len(start) + answer.size_bytes
        path = resource.body.path if isinstance(resource.body, FileBody) else None
        self._sender = Sender(door.pump, self._transport, start, answer.pieces, path, self._receive_sent)
        if sent_bytes is not None:
            self._sender.skip(sent_bytes)
        self._sender.resume()

    def resume(self) -> None:
        """The transport has room again."""
        if self._sender is not None:
            self._sender.resume()

    def stop(self) -> None:
        """The connection is gone. Idempotent."""
        if self._lookup is not None:
            self._lookup.cancel()
        if self._sender is not None:
            self._sender.stop()

    def _receive_found(self, lookup: "asyncio.Future[Resource | None]") -> None:
        self._lookup = None
        if lookup.cancelled():
            return
        error = lookup.exception()
        if error is not None:
            self._door.report(error)
            self._recipient.receive_failure(Refused(500, "looking the resource up failed"))
            return
        resource = lookup.result()
        if resource is None:
            self._recipient.receive_nothing(self._reply, self._raw)
        else:
            self.send(resource)

    def _receive_sent(self, error: Exception | None) -> None:
        sender, self._sender = self._sender, None
        if error is None:
            self._recipient.receive_all()
            return
        # Deleted under a listener, or shorter than promised: never a short answer that looks complete.
        self._door.stats.truncated_total += 1
        self._door.report(error)
        started = sender is not None and sender.started
        self._recipient.receive_failure(None if started else Refused(500, "the file can't be read"))
