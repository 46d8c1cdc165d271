"""The server's side of packaging: a pool of worker processes, and one stream of typed reports a job.

Untrusted media never runs in the server. A worker is forked from a process that has FFmpeg loaded, and does
one job under limits. Whatever becomes of it, its job ends with exactly one of Finished, Refused and Broken.
"""

import asyncio
import contextlib
import multiprocessing
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

from hls import ladder
from hls.report import AnyReport, Broken, Finished, Refused
from streamer import worker_life, worker_process
from streamer.worker_channel import Channel
from streamer.worker_files import COMPLETE, GREW
from streamer.worker_process import Bounds, Order
from streamer.worker_turns import Turns

_PRELOAD = ["streamer.worker_preload"]
_START_S = 60.0  # loading FFmpeg from a cold disk; afterwards a start takes milliseconds
_END_S = 5.0  # a worker that has said its last word, or was killed, is gone long before
_ABANDONED = "the upload was cut off, or the track was deleted"
_STOPPING = "the server is stopping"

T = TypeVar("T")


@dataclass(frozen=True)
class WorkerLimits:
    """Bounds of the pool and of each job.

    Attributes:
        max_workers: jobs at the same time, >= 1; the others wait, first come, first served.
        memory_bytes: data that a job may allocate.
        cpu_s: CPU time of a job.
        stall_s: silence after which a worker counts as stuck, once its source is complete.
        max_duration_s: sound in a source.
        max_output_bytes: of each file of a track.
    """

    max_workers: int
    memory_bytes: int
    cpu_s: int
    stall_s: float
    max_duration_s: int
    max_output_bytes: int


class WorkerPool:
    """Starts workers, and holds jobs back while all are busy. Belongs to one event loop."""

    def __init__(self, limits: WorkerLimits, renditions: Sequence[str] = ladder.DEFAULT) -> None:
        self.limits = limits
        self.renditions = tuple(renditions)
        self.turns = Turns(limits.max_workers)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOAD)
        # One thread: multiprocessing collects dead children on the side, and may not do so twice at once.
        self._thread = ThreadPoolExecutor(1, "veza-workers")
        self._running: set[Packaging] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Bring the forkserver up, and see that a worker can be started.

        Raises:
            RuntimeError: it can't, so the server should not pretend that it could package anything.
        """
        process = self._context.Process(target=worker_process.warm_up, daemon=True)
        try:
            await self.in_thread(lambda: worker_life.start(process))
            exit_code = await self.in_thread(lambda: worker_life.reap(process, _START_S))
        except (OSError, EOFError) as error:
            raise RuntimeError(f"no packaging worker can be started: {error}") from error
        if exit_code != 0:
            raise RuntimeError(f"no packaging worker can be started (exit code {exit_code})")

    def package(self, source: Path, output: Path, *, complete: bool) -> "Packaging":
        """Order a job. It begins when its reports are first asked for and a worker is free.

        Args:
            source: exists, and is only ever appended to.
            output: an existing folder, for this job alone.
            complete: nothing more will be appended to the source.
        """
        return Packaging(self, source, output, complete=complete)

    async def close(self, grace_s: float) -> None:
        """Let running jobs come to their end for at most `grace_s`, then kill them.

        Jobs that wait for their turn end as Broken at once. When cancelled, jobs go on.
        """
        self.turns.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        for job in tuple(self._running):
            job.kill(_STOPPING)
        with contextlib.suppress(TimeoutError):  # who does not read its reports can't hold the server up
            async with asyncio.timeout(_END_S):
                await self._idle.wait()
        self._thread.shutdown(wait=False)

    async def spawn(self, target: Callable[..., None], *arguments: object) -> BaseProcess:
        """Start a worker, which calls `target`. When cancelled, it comes up all the same, and then is killed.

        Raises:
            OSError, EOFError: there can be no worker, for want of memory, processes or the forkserver.
        """
        process = self._context.Process(target=target, args=arguments, name="veza-worker", daemon=True)
        starting = asyncio.ensure_future(self.in_thread(lambda: worker_life.start(process)))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(lambda start: self._end_unwanted(start, process))
            raise
        return process

    def _end_unwanted(self, start: asyncio.Future[None], process: BaseProcess) -> None:
        if not start.cancelled() and start.exception() is None:  # else the loop ends, or it never came up
            self.end(process)

    def end(self, process: BaseProcess) -> None:
        """Kill a worker that nobody waits for any more, and collect it in the background."""
        process.kill()
        self._thread.submit(worker_life.reap, process, _END_S)

    async def in_thread(self, call: Callable[[], T]) -> T:
        """Call what may wait for a process, where no other such call is under way."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def begin(self, job: "Packaging") -> None:
        """Count a job as running: `close` waits for it."""
        self._running.add(job)
        self._idle.clear()

    def finish(self, job: "Packaging") -> None:
        """Count it no longer, and let the next one in."""
        self._running.discard(job)
        if not self._running:
            self._idle.set()
        self.turns.give_back()


class Packaging:
    """One job. To be iterated once, by one task; the other calls come from the same loop and never block."""

    def __init__(self, pool: WorkerPool, source: Path, output: Path, *, complete: bool) -> None:
        self._pool = pool
        self._source = source
        self._output = output
        self._complete = complete
        self._completed_at = 0.0
        self._turn: asyncio.Future[bool] | None = None
        self._process: BaseProcess | None = None
        self._channel: Channel | None = None
        self._ended_because: str | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return None if self._process is None else self._process.pid

    def source_grew(self) -> None:
        """There is more to read. Costs a system call; with nobody listening, nothing."""
        if self._channel is not None:
            self._channel.say(GREW)

    def source_completed(self) -> None:
        """Nothing more will be appended. From here on, a silent worker counts as stuck."""
        if not self._complete:
            self._complete = True
            self._completed_at = asyncio.get_running_loop().time()
            if self._channel is not None:
                self._channel.insist(COMPLETE)

    def abandon(self) -> None:
        """Nobody wants the track any more: kill the worker now. The reports end with Broken."""
        self.kill(_ABANDONED)

    def kill(self, reason: str) -> None:
        """End the job, waiting or running, for a reason in words. The first reason stands."""
        self._ended_because = self._ended_because or reason
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(False)
        if self._process is not None:
            self._process.kill()

    async def __aiter__(self) -> AsyncGenerator[AnyReport]:
        """The reports. Who stops listening early, or is cancelled, ends the job."""
        self._turn = self._pool.turns.ask()
        try:
            may_begin = await self._turn
        except asyncio.CancelledError:
            self._pool.turns.leave(self._turn)
            raise
        if self._ended_because is not None:
            self._pool.turns.leave(self._turn)
            may_begin = False
        if not may_begin:
            yield Broken(self._ended_because or _STOPPING)
            return
        self._pool.begin(self)
        try:
            async with contextlib.aclosing(self._reports()) as reports:
                async for report in reports:
                    yield report
        finally:
            self._pool.finish(self)

    async def _reports(self) -> AsyncGenerator[AnyReport]:
        try:
            channel = await self._connect()
        except (OSError, EOFError) as error:
            yield Broken(f"no worker could be started: {error}")
            return
        last: Finished | Refused | Broken | None = None
        try:
            while last is None and (report := await self._next(channel)) is not None:
                if isinstance(report, Finished | Refused | Broken):
                    last = report
                else:
                    yield report
            exit_code = await self._collect()
            words = self._ended_because or channel.trouble
            yield last or Broken(words or worker_life.reason(exit_code, cpu_s=self._pool.limits.cpu_s))
        finally:
            channel.close()
            if self._process is not None:
                self._pool.end(self._process)
                self._process = None

    async def _connect(self) -> Channel:
        """Start the worker, with a socket between it and here."""
        loop = asyncio.get_running_loop()
        limits = self._pool.limits
        bounds = Bounds(limits.memory_bytes, limits.cpu_s, limits.max_duration_s, limits.max_output_bytes)
        order = Order(self._source, self._output, self._complete, bounds, self._pool.renditions)
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(ours.close)
            with theirs:
                self._process = await self._pool.spawn(worker_process.main, theirs, order)
            ours.setblocking(False)
            _, channel = await loop.create_unix_connection(lambda: Channel(loop, ours.send), sock=ours)
            on_failure.pop_all()
        self._channel = channel
        channel.insist(COMPLETE if self._complete else GREW)  # what was said while nobody listened
        if self._ended_because is not None:
            self._process.kill()
        return channel

    async def _next(self, channel: Channel) -> AnyReport | None:
        """The next report; None if the worker is gone, or was silent for too long."""
        loop = asyncio.get_running_loop()
        stall_s = self._pool.limits.stall_s
        while True:
            deadline = loop.time() + stall_s
            if self._complete:
                deadline = max(channel.heard_at, self._completed_at) + stall_s
            try:
                async with asyncio.timeout_at(deadline):
                    return await channel.receive()
            except TimeoutError:
                if self._complete and max(channel.heard_at, self._completed_at) + stall_s <= loop.time():
                    self.kill(f"the worker gave no sign of life for {stall_s:g} s")
                    return None

    async def _collect(self) -> int | None:
        """Wait for the worker's end, which is at hand; its exit code."""
        process = self._process
        assert process is not None
        collecting = self._pool.in_thread(lambda: worker_life.reap(process, _END_S))
        self._process = None
        return await collecting
