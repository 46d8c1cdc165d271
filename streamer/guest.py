"""aiohttp as a guest on a connection of the front door: it may use the transport, until it has to leave."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from streamer.framing import Body, ChunkedBody, LengthBody
from streamer.heads import Head
from streamer.refusal import Refused

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Host(Protocol):
    """What a guest tells the connection it is on."""

    def guest_wrote(self) -> None:
        """The guest has sent something: the connection is in use."""

    def guest_left(self, refused: Refused | None) -> None:
        """The guest would close the connection. `refused` is what is to be said before that."""


class Guest:
    """An aiohttp request handler, the transport that it sees, and the scanner that follows what it is sent.

    Args:
        handler: a new one, from `aiohttp.web.Server`.
        transport: the connection's own; the guest's view of it ends with `leave`.
        max_body_bytes: of a chunked body.
    """

    __slots__ = ("_body", "_handler", "_host", "_is_only", "_max_body_bytes", "_refused", "_view")

    def __init__(
        self, handler: asyncio.Protocol, transport: asyncio.Transport, host: Host, max_body_bytes: int
    ) -> None:
        self._handler = handler
        self._max_body_bytes = max_body_bytes
        self._body: Body | None = None
        self._host = host
        self._view = _View(transport, host, self._close)
        self._is_only = False
        self._refused: Refused | None = None
        handler.connection_made(self._view)

    def receive_head(self, head: Head, raw: bytes) -> None:
        """Passes on the head of a request."""
        self._is_only = self.idle or not self._view.used
        self._view.used = True
        self._view.has_written = False
        if head.body_bytes is None:
            self._body = ChunkedBody(self._max_body_bytes)
        elif head.body_bytes:
            self._body = LengthBody(head.body_bytes)
        self._handler.data_received(raw)

    @property
    def in_body(self) -> bool:
        """The next byte belongs to the body of the last head."""
        return self._body is not None

    def receive_body(self, data: bytes, start: int) -> int:
        """Passes on what belongs to the body of the last head in `data[start:]`; returns the offset after it.

        Raises:
            Refused: its framing is wrong, or it is too large. Nothing was passed on.
        """
        assert self._body is not None
        end = self._body.take(data, start)
        if self._body.done:
            self._body = None
        self._handler.data_received(data if start == 0 and end == len(data) else data[start:end])
        return end

    @property
    def idle(self) -> bool:
        """Everything it was asked is answered.

        aiohttp 3.14 has no public name for it: its handler waits for a message in `_waiter` exactly then
        (tests/integration/test_front_door_guest.py holds it to that).
        """
        handler: Any = self._handler
        waiter = handler._waiter
        return waiter is not None and not waiter.done() and not handler._messages

    @property
    def answerable(self) -> bool:
        """Another may speak: all is answered, or the only request still arrives and nothing is written."""
        return self.idle or (self.in_body and self._is_only and not self._view.has_written)

    def finish(self, refused: Refused | None = None) -> None:
        """Answers the request in hand; the host then hears `guest_left`, with `refused` if it was given ever.

        With more than one request to answer it does nothing: it is to be called again later.
        """
        self._refused = self._refused or refused
        if self.idle:
            self._close()
            return
        handler: Any = self._handler
        request = handler._current_request
        if handler._messages or (request is not None and not request.content.is_eof()):
            # aiohttp 3.14 is deaf after `close`, to its own parser too: one that had paused for back-pressure
            # would never see the end of the body. The answer says close, by `FrontDoor.announce_close`.
            return
        handler.close()

    def _close(self) -> None:
        handler: Any = self._handler
        # An answer that was broken off, or has said close, is the last thing that this client may be told.
        in_order = handler._keepalive and not handler._force_close
        self._host.guest_left(self._refused if in_order else None)

    def leave(self, error: Exception | None = None) -> None:
        """For the guest the connection is lost, and it can't touch it any more; for others it goes on."""
        self._view.end()
        handler: Any = self._handler
        if handler._current_request is None and handler._task_handler is not None:
            # Between requests its task has nothing to finish. Left alone, aiohttp 3.14 may be about to begin,
            # or to take up a request that came in this turn of the loop, and fail for want of a connection.
            handler._task_handler.cancel()
        handler.connection_lost(error)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


class _View(asyncio.Transport):
    """A transport that works until `end`, and then does nothing, as a closed one."""

    def __init__(self, transport: asyncio.Transport, host: Host, closed: Callable[[], None]) -> None:
        super().__init__()
        self._transport = transport
        self._host: Host | None = host
        self._closed = closed
        self.used = False
        self.has_written = False

    def end(self) -> None:
        self._host = None

    def write(self, data: Any) -> None:
        if self._host is not None:
            if data != _CONTINUE:
                self.has_written = True
            self._host.guest_wrote()
            self._transport.write(data)

    def writelines(self, list_of_data: Any) -> None:
        if self._host is not None:
            self.has_written = True
            self._host.guest_wrote()
            self._transport.writelines(list_of_data)

    def close(self) -> None:
        if self._host is not None:
            self._closed()

    def abort(self) -> None:
        if self._host is not None:
            self._transport.abort()

    def is_closing(self) -> bool:
        return self._host is None or self._transport.is_closing()

    def pause_reading(self) -> None:
        if self._host is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._host is not None:
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._host is not None and self._transport.is_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        if self._host is not None:
            self._transport.set_write_buffer_limits(high, low)

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        if self._host is not None:
            self._transport.write_eof()
