"""CPU of packaging beside ffmpeg, the time to the first segment, and how fast AAC is copied."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path
from statistics import median

from bench.measure import Figure
from hls import ladder
from hls.job import Job, Limits
from hls.report import AnyReport, Finished, RenditionFinished, RenditionStarted, SegmentCut
from hls.transcoder import package
from streamer.worker import WorkerLimits, WorkerPool
from streamer.worker_files import GrowingSource, OutputFolder
from tests.support.audio import make_tone, recordings

ROUNDS = 5
TARGET = 1.05
LADDER_TARGET = 0.6
LADDER_S = 600  # as long as the recordings that the aim speaks of, and one round of it a minute of work
FIRST_SEGMENT_TARGET_MS = 300
COPY_TARGET = 2_000  # times real time
CHUNK_BYTES = 65_536  # what an upload brings at a time
LIMITS = WorkerLimits(
    max_workers=1,
    memory_bytes=1 << 30,
    cpu_s=600,
    stall_s=60,
    max_duration_s=36_000,
    max_output_bytes=1 << 31,
)
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


ONE = ("aac128",)
_AS_FFMPEG = {
    "aac128": ("-c:a", "aac", "-b:a", "128k", "1.m4a"),
    "aac64": ("-c:a", "aac", "-b:a", "64k", "2.m4a"),
    "aac256": ("-c:a", "aac", "-b:a", "256k", "3.m4a"),
    "flac": ("-c:a", "flac", "4.flac"),
}


_LOUDNESS = ("-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-")


def ffmpeg_s(source: Path, folder: Path, names: Sequence[str], *more: str) -> tuple[float, float]:
    """Wall time, and user and system seconds, of one ffmpeg process that makes these renditions and more."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source)]
    for name in names:
        *options, file = _AS_FFMPEG[name]
        command += ["-map", "0:a:0", *options, str(folder / file)]
    command += more
    began = time.perf_counter()
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def ended_workers_cpu_s() -> float:
    """User and system seconds of all workers that have ended, as the process knows that started them."""
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    # proc(5): cutime and cstime are fields 16 and 17.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_S


async def worker_s(pool: WorkerPool, source: Path, folder: Path) -> tuple[float, float]:
    """Wall time, and user and system seconds, of a whole worker, from fork to exit."""
    before, began = ended_workers_cpu_s(), time.perf_counter()
    reports = [report async for report in pool.package(source, folder, complete=True)]
    assert isinstance(reports[-1], Finished), reports[-1]
    return time.perf_counter() - began, ended_workers_cpu_s() - before


async def first_segment_ms(pool: WorkerPool, source: Path, folder: Path) -> float:
    """From the first byte on disk to the report of the first segment, with the rest still being written."""
    arriving = folder / "arriving"
    data = source.read_bytes()
    began = time.perf_counter()
    with arriving.open("wb", buffering=0) as file:
        job = pool.package(arriving, folder, complete=False)

        async def upload() -> None:
            for start in range(0, len(data), CHUNK_BYTES):
                file.write(data[start : start + CHUNK_BYTES])
                job.source_grew()
                await asyncio.sleep(0)
            job.source_completed()

        uploading = asyncio.create_task(upload())
        first = None
        async for report in job:
            if first is None and isinstance(report, SegmentCut):
                first = time.perf_counter() - began
        await uploading
    assert first is not None
    return first * 1000


async def measure(source: Path, folder: Path) -> tuple[list[Figure], list[float]]:
    """Each round does both, one after the other, so that a busy machine slows both.

    The first segment is that of the whole ladder.
    """
    ours, peers, measuring, first = [], [], [], []
    one, ladder = WorkerPool(LIMITS, ONE), WorkerPool(LIMITS)
    for pool in (one, ladder):
        await pool.start()
    for _ in range(ROUNDS):
        peers.append((await asyncio.to_thread(ffmpeg_s, source, folder, ONE))[1])
        measuring.append((await asyncio.to_thread(ffmpeg_s, source, folder, ONE, *_LOUDNESS))[1])
        ours.append((await worker_s(one, source, folder))[1])
        first.append(await first_segment_ms(ladder, source, folder))
    for pool in (one, ladder):
        await pool.close(1)
    what = f"aac128 of {source.name}, with loudness"
    return [
        Figure(what, "s CPU", ours, "ffmpeg without", peers, TARGET),
        Figure(what, "s CPU", ours, "ffmpeg with", measuring, TARGET),
    ], first


async def measure_ladder(source: Path, folder: Path) -> list[Figure]:
    """One round: CPU of all renditions together, and how long they take side by side."""
    pool = WorkerPool(LIMITS)
    await pool.start()
    names = tuple(_AS_FFMPEG)
    peer_wall, peer_cpu = await asyncio.to_thread(ffmpeg_s, source, folder, names)
    _, measuring_cpu = await asyncio.to_thread(ffmpeg_s, source, folder, names, *_LOUDNESS)
    wall, cpu = await worker_s(pool, source, folder)
    await pool.close(1)
    what = f"ladder of {LADDER_S} s"
    return [
        Figure(f"{what}, with loudness", "s CPU", [cpu], "ffmpeg without", [peer_cpu], TARGET),
        Figure(f"{what}, with loudness", "s CPU", [cpu], "ffmpeg with", [measuring_cpu], TARGET),
        Figure(what, "s", [wall], "ffmpeg", [peer_wall], LADDER_TARGET),
    ]


class _Copied(Exception):
    """All that is to be measured is there."""


def copy_s(source: Path, folder: Path) -> tuple[float, float]:
    """Wall time and CPU from the head of the copied rendition to the report of its last segment.

    In this process, with a worker's own files: what stands before and behind it is not counted.
    """
    marks: list[tuple[float, float]] = []

    def report(message: AnyReport) -> None:
        if isinstance(message, RenditionStarted | RenditionFinished):
            marks.append((time.perf_counter(), time.process_time()))
        if isinstance(message, RenditionFinished):
            raise _Copied

    ours, theirs = socket.socketpair()
    with ours, theirs:
        file = GrowingSource(source, theirs, complete=True, beat=lambda: None)
        output = OutputFolder(folder, ladder.NAMES)
        try:
            package(Job(file, output, Limits(LIMITS.max_duration_s), report))
        except _Copied:
            pass
    (began, cpu_before), *_, (ended, cpu_after) = marks
    return ended - began, cpu_after - cpu_before


async def copied_ms(pool: WorkerPool, source: Path, folder: Path) -> float:
    """From the order to the report that the whole length can be played, the start of a worker included."""
    began = time.perf_counter()
    job = pool.package(source, folder, complete=True)
    async for report in job:
        if isinstance(report, RenditionFinished):
            return (time.perf_counter() - began) * 1000
    raise AssertionError("nothing was copied")


async def measure_copy(source: Path, folder: Path) -> str:
    """How fast AAC is passed on: a whole recording of the ladder's length, as encoded by ffmpeg."""
    ffmpeg_s(source, folder, ("aac256",))
    m4a = folder / _AS_FFMPEG["aac256"][-1]
    pool = WorkerPool(LIMITS)
    await pool.start()
    walls, cpus, orders = [], [], []
    for _ in range(ROUNDS):
        wall, cpu = copy_s(m4a, folder)
        walls.append(wall)
        cpus.append(cpu)
        orders.append(await copied_ms(pool, m4a, folder))
    await pool.close(1)
    speed = LADDER_S / median(walls)
    verdict = "met" if speed >= COPY_TARGET else "MISSED"
    return (
        f"passthrough of {LADDER_S} s: {median(walls) * 1000:.0f} ms, {median(cpus) * 1000:.0f} ms CPU; "
        f"{speed:,.0f} times real time (aim >= {COPY_TARGET:,}: {verdict}); "
        f"playable over its whole length {median(orders):.0f} ms after a worker was asked for"
    )


def looped(source: Path, folder: Path) -> Path:
    """The recording over and over, until it is as long as the ladder is measured with."""
    path = folder / "looped.flac"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(source)]
    subprocess.run([*command, "-map", "0:a:0", "-t", str(LADDER_S), str(path)], check=True)
    return path


def main() -> None:
    """Measure the recording that the command line names, or the everyday one, or a tone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
            source = Path(sys.argv[1])
        else:
            everyday = [path for path in recordings() if path.name == "music-44k.flac"]
            source = everyday[0] if everyday else make_tone(folder / "tone.flac", seconds=45)
        figures, first = asyncio.run(measure(source, folder))
        for figure in figures:
            print(figure)
        verdict = "met" if median(first) <= FIRST_SEGMENT_TARGET_MS else "MISSED"
        print(
            f"first segment: {median(first):.0f} ms after the first byte, {min(first):.0f} to "
            f"{max(first):.0f} (aim <= {FIRST_SEGMENT_TARGET_MS}: {verdict})"
        )
        long = looped(source, folder)
        for figure in asyncio.run(measure_ladder(long, folder)):
            print(figure)
        print(asyncio.run(measure_copy(long, folder)))


if __name__ == "__main__":
    main()
