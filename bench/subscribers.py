"""A thousand WebSocket subscribers that cost little: they count a mark in what they receive, and no more."""

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

MARK = b"@@mark@@"
PING = b"\x89\x00"
PONG = b"\x8a\x80" + bytes(4)
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


def masked_text_frame(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 5.2). The mask is zero: the bytes on the wire are the payload's own."""
    length = len(payload)
    head = bytes([0x81, 0x80 | length]) if length < 126 else b"\x81\xfe" + struct.pack("!H", length)
    return head + bytes(4) + payload


class Subscriber(asyncio.Protocol):
    """Counts `MARK`. `opened` is called at the handshake's answer, `received` with each count above zero."""

    __slots__ = ("_received", "_tail", "hello", "opened", "path", "port", "transport")

    def __init__(
        self,
        port: int,
        path: str,
        hello: list[bytes],
        opened: asyncio.Future[None],
        received: Callable[[int], None],
    ) -> None:
        self.port, self.path, self.hello, self.opened, self._received = port, path, hello, opened, received
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's does not derive from it
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(HANDSHAKE.format(path=self.path, port=self.port, key=key).encode())

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            if not data.startswith(b"HTTP/1.1 101 "):
                self.opened.set_exception(ConnectionError(data[:200].decode("latin-1")))
                return
            self.opened.set_result(None)
            self.transport.write(b"".join(masked_text_frame(payload) for payload in self.hello))
        if PING in data:  # all else that comes is text
            self.transport.write(PONG)
        data = self._tail + data
        if marks := data.count(MARK):
            self._received(marks)
            data = data[data.rfind(MARK) + len(MARK) :]
        self._tail = data[-(len(MARK) - 1) :]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed before the handshake ended"))


class Audience:
    """Many subscribers, and how many marks have reached them all together."""

    def __init__(self, port: int, path: str, hello: list[bytes]) -> None:
        self._port, self._path, self._hello = port, path, hello
        self.subscribers: list[Subscriber] = []
        self.received = 0
        self._wanted = 0
        self._reached = asyncio.Event()

    async def grow(self, count: int, *, at_once: int = 100) -> None:
        loop = asyncio.get_running_loop()
        for start in range(0, count, at_once):
            batch = [
                Subscriber(self._port, self._path, self._hello, loop.create_future(), self._count)
                for _ in range(min(at_once, count - start))
            ]
            for subscriber in batch:
                await loop.create_connection(lambda made=subscriber: made, "127.0.0.1", self._port)  # type: ignore[misc]
            await asyncio.gather(*(subscriber.opened for subscriber in batch))
            self.subscribers += batch

    async def until(self, received: int, timeout_s: float = 20) -> None:
        """Return when `received` marks have come in all; raises TimeoutError if they do not."""
        self._wanted = received
        self._reached.clear()
        if self.received < received:
            await asyncio.wait_for(self._reached.wait(), timeout_s)

    def close(self) -> None:
        for subscriber in self.subscribers:
            subscriber.transport.abort()

    def _count(self, marks: int) -> None:
        self.received += marks
        if self.received >= self._wanted:
            self._reached.set()
