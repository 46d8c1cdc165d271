"""aiohttp as a guest on a connection of the front door: it may use the transport, and be asked to leave it."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Host(Protocol):
    """What a guest tells the connection it is on."""

    def guest_wrote(self) -> None:
        """The guest has sent something: the connection is in use."""


class Guest:
    """An aiohttp request handler and the transport that it sees.

    Args:
        handler: a new one, from `aiohttp.web.Server`.
        transport: the connection's own; the guest's view of it ends with `leave`.
    """

    __slots__ = ("_answerable", "_handler", "_view")

    def __init__(self, handler: asyncio.Protocol, transport: asyncio.Transport, host: Host) -> None:
        self._handler = handler
        self._view = _View(transport, host)
        self._answerable = True
        handler.connection_made(self._view)

    def receive_head(self, raw: bytes) -> None:
        """Passes on the head of a request."""
        self._answerable = self.idle or not self._view.used
        self._view.used = True
        self._view.has_written = False
        self._handler.data_received(raw)

    def receive_body(self, data: bytes) -> None:
        """Passes on bytes of the body that belongs to the last head."""
        self._handler.data_received(data)

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
        """Nothing of an answer is on the wire yet, so that another may speak in its place."""
        return self.idle or (self._answerable and not self._view.has_written)

    def finish(self) -> None:
        """Answers the request in hand, then closes the connection."""
        close: Callable[[], None] = self._handler.close  # type: ignore[attr-defined]  # web.RequestHandler's
        close()

    def leave(self, error: Exception | None = None) -> None:
        """For the guest the connection is lost, and it can't touch it any more; for others it goes on."""
        self._view.end()
        self._handler.connection_lost(error)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()


class _View(asyncio.Transport):
    """A transport that works until `end`, and then does nothing, as a closed one."""

    def __init__(self, transport: asyncio.Transport, host: Host) -> None:
        super().__init__()
        self._transport = transport
        self._host: Host | None = host
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
            self._transport.close()

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
