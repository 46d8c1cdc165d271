"""The server's side of making covers: a few workers at a time, each for one picture."""

import asyncio
import contextlib
import socket
from collections import Counter
from multiprocessing.process import BaseProcess
from typing import Protocol

import msgspec

from streamer import picture_process
from streamer.picture_process import MAX_ANSWER_BYTES, Answer, NoPicture
from streamer.problems import PictureInvalid, ServerStopping
from streamer.worker import WorkerPool
from streamer.worker_process import Bounds

# Beside the workers that package, which may be busy with slow uploads for hours.
_AT_ONCE = 2
# Forty million pixels take half a second; what takes longer than this hangs, or was made to.
_CPU_S = 10
_WITHIN_S = 60.0
_END_S = 5.0

_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class CoverMaker(Protocol):
    """What `streamer.covers` needs of it."""

    events_total: Counter[str]

    async def make(self, picture: bytes) -> dict[int, bytes]:
        """JPEGs by size. Raises PictureInvalid, ServerStopping."""
        ...


class CoverWorkers:
    """Makes covers. Whatever becomes of a worker, it costs one picture.

    Bound: `_AT_ONCE` workers; who calls `make` bounds those who wait.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self._bounds = Bounds(pool.limits.memory_bytes, _CPU_S, max_duration_s=0, max_output_bytes=0)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._asked = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._running: set[BaseProcess] = set()
        self.events_total: Counter[str] = Counter()

    async def make(self, picture: bytes) -> dict[int, bytes]:
        """JPEGs of a picture, by size. Cancelling it ends the worker.

        Args:
            picture: at most `MAX_PICTURE_BYTES`, of any kind.

        Raises:
            PictureInvalid: it can't be a cover, or its worker did not come to its end.
            ServerStopping: too late.
        """
        self._asked += 1
        self._idle.clear()
        try:
            return await self._make_in_turn(picture)
        finally:
            self._asked -= 1
            if not self._asked:
                self._idle.set()

    async def close(self, grace_s: float) -> None:
        """Let workers come to their end for at most `grace_s`, then kill them; who waits is turned away."""
        self._closing = True
        for patience_s in (grace_s, _END_S):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._idle.wait()
            for process in self._running:
                process.kill()

    async def _make_in_turn(self, picture: bytes) -> dict[int, bytes]:
        async with self._turns:
            if self._closing:
                raise ServerStopping
            try:
                answer = await self._ask(picture)
            except (OSError, EOFError, TimeoutError, msgspec.DecodeError):
                # The worker is gone, or hangs: what a picture does that was made to do harm.
                self.events_total["failed"] += 1
                raise PictureInvalid("the picture could not be decoded within its limits") from None
        if isinstance(answer, NoPicture):
            self.events_total["refused"] += 1
            raise PictureInvalid(answer.reason)
        self.events_total["made"] += 1
        return answer.covers

    async def _ask(self, picture: bytes) -> Answer:
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(ours.close)
            with theirs:
                process = await self._pool.spawn(picture_process.main, theirs, self._bounds)
            on_failure.pop_all()
        self._running.add(process)
        try:
            async with asyncio.timeout(_WITHIN_S):
                return _decoder.decode(await _converse(ours, picture))
        finally:
            self._running.discard(process)
            self._pool.end(process)


async def _converse(channel: socket.socket, picture: bytes) -> bytes:
    channel.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=channel)
    try:
        writer.write(picture)
        writer.write_eof()
        answer = bytearray()
        while part := await reader.read(1 << 18):
            answer += part
            if len(answer) > MAX_ANSWER_BYTES:
                raise EOFError("the answer is too long")
        return bytes(answer)
    finally:
        writer.transport.abort()
