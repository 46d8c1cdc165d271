"""Drives the workers of a live show from tests: a source, its encoder, and everything that they report."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from hls.live import AnyLiveReport, Begun, ChunkCut, Marked, Metered, PartCut
from hls.live_source import SourceEnded, SourceOpened, SourceTitled
from hls.report import Broken, Refused
from streamer.live.encoder_process import EncoderOrder
from streamer.live.encoder_worker import EncoderWorker
from streamer.live.source_worker import SAMPLE_BYTES, SourceWorker
from tests.support.worker import worker_pool

T = TypeVar("T")
PATIENCE_S = 60


class Rig:
    """A source that is heard, and a show. Implements SourceEars and EncoderEars.

    Attributes:
        told: everything that the source said beside its sound, with how many samples were there before.
        reports: of the encoder.
    """

    def __init__(self) -> None:
        self.told: list[tuple[int, SourceOpened | SourceTitled | int]] = []
        self.reports: list[AnyLiveReport] = []
        self.samples = 0
        self.sound_bytes = bytearray()
        self.source_ended: SourceEnded | Refused | Broken | None = None
        self.encoder_ended: Broken | None = None
        self.encoder_done = False
        self.source: SourceWorker
        self.encoder: EncoderWorker
        self.paused = 0
        self.news = asyncio.Event()

    def opened(self, opened: SourceOpened) -> None:
        self.told.append((self.samples, opened))
        self.news.set()

    def sound(self, samples: bytes) -> None:
        self.samples += len(samples) // SAMPLE_BYTES
        self.sound_bytes += samples
        self.encoder.write(samples)
        self.news.set()
        if self.encoder.full:
            self.paused += 1
            self.source.pause()

    def titled(self, titled: SourceTitled) -> None:
        self.told.append((self.samples, titled))

    def marked(self, mark: int) -> None:
        self.told.append((self.samples, mark))
        self.encoder.mark(mark)

    def may_write(self) -> None:
        """Of the source: nobody waits. Of the encoder: its source need not wait any more."""
        self.news.set()
        if hasattr(self, "source"):
            self.source.resume()

    def reported(self, report: AnyLiveReport) -> None:
        self.reports.append(report)
        self.news.set()

    def of(self, kind: type[T]) -> list[T]:
        """Reports of one kind, so far."""
        return [report for report in self.reports if isinstance(report, kind)]

    def parts(self, rendition: str) -> list[PartCut]:
        """Of one rendition, so far."""
        return [part for part in self.of(PartCut) if part.rendition == rendition]

    def chunks(self, rendition: str) -> list[ChunkCut]:
        """Of one rendition, so far."""
        return [chunk for chunk in self.of(ChunkCut) if chunk.rendition == rendition]

    def marks(self) -> dict[int, int]:
        """Where marks are heard."""
        return {marked.mark: marked.at_ticks for marked in self.of(Marked)}

    @property
    def levels(self) -> Metered:
        """The last that was measured."""
        return self.of(Metered)[-1]

    def write_files(self, folder: Path) -> dict[str, Path]:
        """Every rendition with parts as a file: its init segment, and all parts behind it."""
        (begun,) = self.of(Begun)
        files = {}
        for rendition in begun.renditions:
            if rendition.init:
                file = folder / f"{rendition.name}.mp4"
                parts = [part.data for part in self.parts(rendition.name)]
                file.write_bytes(rendition.init + b"".join(parts))
                files[rendition.name] = file
        return files

    async def feed(self, data: bytes, *, seconds: float | None = None, step_s: float = 0.02) -> None:
        """Write a source, evenly over `seconds`, or as fast as it is taken."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        steps = 1000 if seconds is None else max(1, round(seconds / step_s))
        size = max(1, -(-len(data) // steps))
        for number, start in enumerate(range(0, len(data), size)):
            if seconds is not None:
                await asyncio.sleep(max(0.0, begin + number * step_s - loop.time()))
            await self.until(lambda: not self.source.full)
            self.source.write(data[start : start + size])

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the workers do."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self.news.clear()
                if condition():
                    return
                await self.news.wait()

    async def end(self) -> None:
        """The source is complete: wait until all of it was heard, and end the show."""
        self.source.finish()
        await self.until(lambda: self.source_ended is not None)
        self.encoder.finish()
        await self.until(lambda: self.encoder_done)


@asynccontextmanager
async def rig(
    renditions: Iterable[str] = ("aac128", "aac64"),
    *,
    container: str = "",
    rigged: Rig | None = None,
    **order: int,
) -> AsyncIterator[Rig]:
    """A source and an encoder whose processes run; `rigged` hears them, if it is given."""
    async with worker_pool() as pool, asyncio.TaskGroup() as group:
        rigged = rigged or Rig()
        rigged.encoder = EncoderWorker(pool, rigged, EncoderOrder(tuple(renditions), **order))
        rigged.source = SourceWorker(pool, rigged, container=container)

        async def run_source() -> None:
            rigged.source_ended = await rigged.source.run()
            rigged.news.set()

        async def run_encoder() -> None:
            rigged.encoder_ended = await rigged.encoder.run()
            rigged.encoder_done = True
            rigged.news.set()

        tasks = [group.create_task(run_source()), group.create_task(run_encoder())]
        try:
            await rigged.until(lambda: rigged.encoder_done or rigged.of(Begun))
            yield rigged
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def another_source(rigged: Rig) -> AsyncIterator[None]:
    """A new source in the place of one that has ended."""
    async with worker_pool() as pool, asyncio.TaskGroup() as group:
        rigged.source_ended = None
        rigged.source = SourceWorker(pool, rigged)

        async def run() -> None:
            rigged.source_ended = await rigged.source.run()
            rigged.news.set()

        task = group.create_task(run())
        try:
            yield
        finally:
            task.cancel()


def stream(source: Path, folder: Path, name: str, *options: str, before: tuple[str, ...] = ()) -> bytes:
    """A recording as ffmpeg makes it, in the format that the name asks for; `before` are options, too."""
    file = folder / name
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *before, "-i", str(source), "-map", "0:a:0"]
    subprocess.run([*command, *options, str(file)], check=True, timeout=60)
    return file.read_bytes()
