"""What a worker says, taken apart into reports; the server's end of the socket between them."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec

from hls.report import AnyReport
from streamer.worker_process import HEADER, MAX_FRAME_BYTES

_MAX_REPORTS = 64


class Channel(asyncio.Protocol):
    """Frames from one worker. Holds 64 reports and a socket buffer more; then the worker has to wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Callable[[bytes], int]) -> None:
        """Args: `send` is that of the socket, which does not block."""
        self.heard_at = loop.time()
        self.trouble: str | None = None
        self._loop = loop
        self._send = send
        self._decoder = msgspec.msgpack.Decoder(AnyReport)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._reports: deque[AnyReport] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._closed = False

    def say(self, word: bytes) -> None:
        """Send a word, unless the worker has not even read the ones before, which said the same."""
        with contextlib.suppress(BlockingIOError):
            self._write(word)

    def insist(self, word: bytes) -> None:
        """Send a word, however long it takes."""
        try:
            self._write(word)
        except BlockingIOError:
            assert self._transport is not None
            self._transport.write(word)

    def _write(self, word: bytes) -> None:
        # Past the transport, which takes a write that fails for the end of everything: a worker may have said
        # its last word, and be gone, before that is read here.
        if self._transport is not None and not self._transport.is_closing():
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._send(word)

    async def receive(self) -> AnyReport | None:
        """The next report; None when the worker has closed its end. Safe to cancel: no report is lost."""
        while not self._reports:
            if self._closed:
                return None
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        report = self._reports.popleft()
        if self._paused and not self._reports and self._transport is not None:
            self._paused = False
            self.heard_at = self._loop.time()  # it was made to be silent
            self._transport.resume_reading()
        return report

    def close(self) -> None:
        """Let go of the socket. A worker that still runs then finds nobody to report to, and ends."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self._buffer += data
        try:
            self._take_frames()
        except (ValueError, msgspec.MsgspecError) as error:
            self.trouble = f"the worker said something that is no report: {error}"
            self.close()
        self._wake()
        if len(self._reports) >= _MAX_REPORTS and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._wake()

    def _take_frames(self) -> None:
        start = 0
        while start + HEADER.size <= len(self._buffer):
            (size,) = HEADER.unpack_from(self._buffer, start)
            if size > MAX_FRAME_BYTES:
                raise ValueError(f"{size} bytes are more than {MAX_FRAME_BYTES}")
            end = start + HEADER.size + size
            if end > len(self._buffer):
                break
            if size:  # an empty frame is only a sign of life
                self._reports.append(self._decoder.decode(self._buffer[start + HEADER.size : end]))
            start = end
        del self._buffer[:start]

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
