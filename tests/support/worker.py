"""Drives the worker pool from tests."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import psutil

from hls import ladder
from hls.model import Rendition, Segment
from hls.report import AnyReport, RenditionStarted, SegmentCut
from streamer.worker import Packaging, WorkerLimits, WorkerPool
from tests.support.server import Server

T = TypeVar("T")

LIMITS = WorkerLimits(
    max_workers=2,
    memory_bytes=512 << 20,
    cpu_s=60,
    stall_s=20,
    max_duration_s=3600,
    max_output_bytes=1 << 30,
)


@asynccontextmanager
async def worker_pool(
    renditions: tuple[str, ...] = ladder.DEFAULT, **changes: object
) -> AsyncIterator[WorkerPool]:
    """A pool with LIMITS, or some changed; closed at once at the end."""
    # Else each worker would first import the test runner, as multiprocessing does for scripts.
    main = sys.modules["__main__"]
    file = main.__dict__.pop("__file__", None)
    pool = WorkerPool(replace(LIMITS, **changes), renditions)  # type: ignore[arg-type]
    try:
        yield pool
    finally:
        await pool.close(0)
        if file is not None:
            main.__file__ = file


@dataclass
class Told:
    """The reports of one job so far, and a way to wait for some."""

    job: Packaging
    reports: list[AnyReport] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self) -> AnyReport:
        """Collect until the end; the last report."""
        async for report in self.job:
            async with self._news:
                self.reports.append(report)
                self._news.notify_all()
        return self.reports[-1]

    async def wait_for(self, kind: type[AnyReport] | Callable[[], bool]) -> None:
        """Return when there is a report of that kind, or when a condition holds after one."""

        def holds() -> bool:
            return bool(self.of(kind)) if isinstance(kind, type) else kind()

        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(holds)

    def of(self, kind: type[T]) -> list[T]:
        """The reports of one kind."""
        return [report for report in self.reports if isinstance(report, kind)]


def renditions(reports: list[AnyReport]) -> dict[str, Rendition]:
    """The renditions as a server would list them."""
    found = {
        start.name: Rendition(
            start.name,
            start.codecs,
            start.timescale,
            start.channels,
            start.init_size_bytes,
            [],
            complete=True,
        )
        for start in reports
        if isinstance(start, RenditionStarted)
    }
    for cut in reports:
        if isinstance(cut, SegmentCut):
            segment = Segment(cut.offset_bytes, cut.size_bytes, cut.duration_ticks)
            found[cut.rendition].append(segment)
    return found


def rendition(reports: list[AnyReport]) -> Rendition:
    """The first of them."""
    return next(iter(renditions(reports).values()))


async def package(pool: WorkerPool, source: Path, output: Path) -> list[AnyReport]:
    """All reports of a complete source."""
    output.mkdir(exist_ok=True)
    async with asyncio.timeout(60):
        return [report async for report in pool.package(source, output, complete=True)]


def workers_of(server: Server) -> list[psutil.Process]:
    """The packaging processes: children of the forkserver, which is a child of the server."""
    processes = psutil.Process(server.pid).children(recursive=True)
    return [process for process in processes if process.ppid() != server.pid and process.status() != "zombie"]
