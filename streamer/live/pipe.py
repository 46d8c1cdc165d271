"""The server's side of a live worker: its process, and the socket between."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import cast

from streamer import worker_life
from streamer.live import wire
from streamer.worker import WorkerPool

_END_S = 5.0  # a worker whose socket is closed, or that was killed, is gone long before
_KILLED = "it was ended"


class Pipe(asyncio.Protocol):
    """A worker and its socket. Belongs to one event loop; nothing but `run` ever waits.

    Bound: what waits to be sent is `high_bytes`, a write and the socket's buffer; who writes all the same
    although `full` says not to, bounds that. What is received is handed on at once.

    Attributes:
        full: write no further until `may_write` was called.
    """

    def __init__(
        self,
        pool: WorkerPool,
        *,
        high_bytes: int,
        receive: Callable[[bytes, bytes], None],
        may_write: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            high_bytes: more must not wait to be sent.
            receive: called with kind and payload of every frame; what it raises ends the worker.
            may_write: called when there is room again.
        """
        self.full = False
        self.trouble: str | None = None
        self._pool = pool
        self._high_bytes = high_bytes
        self._receive = receive
        self._may_write = may_write
        self._frames = wire.Frames()
        self._early: list[bytes] = []
        self._early_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._process: BaseProcess | None = None
        self._lost = asyncio.Event()
        self._paused = False

    @property
    def pid(self) -> int | None:
        """Of the worker, while there is one."""
        return None if self._process is None else self._process.pid

    async def run(self, target: Callable[..., None], *arguments: object) -> str:
        """Start the worker, and wait until it has closed its end; why it has, in words.

        Cancelling it kills the worker. `target` gets its end of the socket, then the arguments.
        """
        try:
            await self._connect(target, arguments)
            await self._lost.wait()
            process, self._process = self._process, None
            assert process is not None
            if self.trouble is not None:
                process.kill()
            exit_code = await self._pool.in_thread(lambda: worker_life.reap(process, _END_S))
            return self.trouble or worker_life.reason(exit_code, cpu_s=self._pool.limits.cpu_s)
        except (OSError, EOFError) as error:
            return f"no worker could be started: {error}"
        finally:
            self.close()
            if self._process is not None:
                self._pool.end(self._process)
                self._process = None

    def write(self, data: bytes) -> None:
        """Send a frame; before the worker is there, it waits for it."""
        if self._lost.is_set():
            return
        if self._transport is not None:
            self._transport.write(data)
            return
        self._early.append(data)
        self._early_bytes += len(data)
        self.full = self._early_bytes >= self._high_bytes

    def pause(self) -> None:
        """Receive nothing, until `resume`: the worker has to wait, and so has who writes to it."""
        self._paused = True
        if self._transport is not None and not self._lost.is_set():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Receive again."""
        self._paused = False
        if self._transport is not None and not self._lost.is_set():
            self._transport.resume_reading()

    def kill(self, reason: str = _KILLED) -> None:
        """End the worker now."""
        self.trouble = self.trouble or reason
        self.close()

    def close(self) -> None:
        """Let go of the socket: the worker finds nobody to report to, and ends."""
        self._lost.set()
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, target: Callable[..., None], arguments: tuple[object, ...]) -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(ours.close)
            with theirs:
                self._process = await self._pool.spawn(target, theirs, *arguments)
            ours.setblocking(False)
            await loop.create_unix_connection(lambda: self, sock=ours)
            on_failure.pop_all()
        if self._lost.is_set():
            self.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it
        self._transport.set_write_buffer_limits(high=self._high_bytes)
        self.full = False
        if self._paused:
            self._transport.pause_reading()
        if self._early:
            self._transport.write(b"".join(self._early))
            self._early.clear()
        if not self.full:
            self._may_write()

    def data_received(self, data: bytes) -> None:
        try:
            for kind, payload in self._frames.feed(data):
                self._receive(kind, payload)
        except ValueError as error:  # msgspec's is one too
            self.kill(f"the worker said something that is no report: {error}")

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if not self._lost.is_set():
            self._may_write()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
