"""The way out of one connection, past its transport: the kernel copies a file's pages to the socket."""

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Final

from streamer.files import OpenFile, TruncatedFile
from streamer.ranges import Span
from streamer.reply import Reply
from streamer.resource import FileBody

if TYPE_CHECKING:
    from streamer.server import FrontDoor

_MSG_MORE: Final = getattr(socket, "MSG_MORE", 0)  # Linux: the head waits for the file, and shares its packet
_HAS_SENDFILE: Final = bool(_MSG_MORE) and hasattr(os, "sendfile")


class Outlet:
    """Sends replies whose body is a span of a file.

    uvloop has no sendfile, and the kernel's waits for the disk. So a span is read from the page cache without
    waiting first, which also proves that it is there, and sent by the kernel for the rest of that second.
    Only to be used while the transport has nothing left to write.
    """

    __slots__ = ("_socket", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._socket: socket.socket | None = None

    def detach(self) -> None:
        """The transport is about to close its descriptor, or to be somebody else's. Idempotent."""
        if self._socket is not None:
            self._socket.detach()
            self._socket = None

    def send(self, door: "FrontDoor", reply: Reply) -> int | None:
        """Sends a reply's head and as much of its span as is possible without waiting.

        A failure that leaves the response half sent closes the connection.

        Returns: bytes of the span sent; None when nothing was, not even the head.
        """
        resource, span = reply.resource, reply.span
        assert resource is not None and span is not None and isinstance(resource.body, FileBody)
        file = door.files.find(resource.body.path)
        if file is None:
            return None
        try:
            if reply.resident and _HAS_SENDFILE:
                return self._send_file(reply.wire, file, span)
            count = door.pump.copy(self._transport, reply.wire, file, span)
        except ConnectionError:
            self._transport.abort()
            return None
        except (TruncatedFile, OSError) as error:
            door.stats.truncated_total += 1
            door.report(error)
            self._transport.abort()
            return None
        reply.resident = count == span.size_bytes
        return count or None

    def _send_file(self, head: bytes, file: OpenFile, span: Span) -> int | None:
        if self._socket is None:
            # The same descriptor, not a copy: detach() keeps it from being closed twice. Family and type are
            # given so that the system isn't asked for them; send() needs neither.
            fd = self._transport.get_extra_info("socket").fileno()
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
        try:
            if self._socket.send(head, _MSG_MORE) != len(head):
                raise ConnectionError("the socket took part of a response head")
        except BlockingIOError:
            return None
        try:
            count = os.sendfile(self._socket.fileno(), file.fd, span.offset_bytes, span.size_bytes)
        except BlockingIOError:
            return 0
        if not count:
            raise TruncatedFile(f"{file.path} ends before byte {span.offset_bytes}")
        return count
