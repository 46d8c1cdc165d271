"""CPU of packaging beside the ffmpeg command line, for the same encode; and the time to the first segment."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import forkserver
from pathlib import Path
from statistics import median

from bench.measure import Figure
from hls.report import Finished, SegmentCut
from streamer.worker import WorkerLimits, WorkerPool
from tests.support.audio import make_tone, recordings

ROUNDS = 5
TARGET = 1.05
LADDER_TARGET = 0.6
LADDER_S = 600  # as long as the recordings that the aim speaks of, and one round of it a minute of work
FIRST_SEGMENT_TARGET_MS = 300
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


def ffmpeg_s(source: Path, folder: Path, names: Sequence[str]) -> tuple[float, float]:
    """Wall time, and user and system seconds, of one ffmpeg process that makes these renditions."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source)]
    for name in names:
        *options, file = _AS_FFMPEG[name]
        command += ["-map", "0:a:0", *options, str(folder / file)]
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


async def measure(source: Path, folder: Path) -> tuple[Figure, list[float]]:
    """Each round does both, one after the other, so that a busy machine slows both.

    The first segment is that of the whole ladder.
    """
    ours, peers, first = [], [], []
    one, ladder = WorkerPool(LIMITS, ONE), WorkerPool(LIMITS)
    for pool in (one, ladder):
        await pool.start()
    for _ in range(ROUNDS):
        peers.append((await asyncio.to_thread(ffmpeg_s, source, folder, ONE))[1])
        ours.append((await worker_s(one, source, folder))[1])
        first.append(await first_segment_ms(ladder, source, folder))
    for pool in (one, ladder):
        await pool.close(1)
    return Figure(
        f"aac128 of {source.name}, with loudness", "s CPU", ours, "ffmpeg without", peers, TARGET
    ), first


async def measure_ladder(source: Path, folder: Path) -> tuple[Figure, Figure]:
    """One round: CPU of all renditions together, and how long they take side by side."""
    pool = WorkerPool(LIMITS)
    await pool.start()
    peer_wall, peer_cpu = await asyncio.to_thread(ffmpeg_s, source, folder, tuple(_AS_FFMPEG))
    wall, cpu = await worker_s(pool, source, folder)
    await pool.close(1)
    what = f"ladder of {LADDER_S} s"
    return (
        Figure(f"{what}, with loudness", "s CPU", [cpu], "ffmpeg without", [peer_cpu], TARGET),
        Figure(what, "s", [wall], "ffmpeg", [peer_wall], LADDER_TARGET),
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
        figure, first = asyncio.run(measure(source, folder))
        print(figure)
        verdict = "met" if median(first) <= FIRST_SEGMENT_TARGET_MS else "MISSED"
        print(
            f"first segment: {median(first):.0f} ms after the first byte, {min(first):.0f} to "
            f"{max(first):.0f} (aim <= {FIRST_SEGMENT_TARGET_MS}: {verdict})"
        )
        for figure in asyncio.run(measure_ladder(looped(source, folder), folder)):
            print(figure)


if __name__ == "__main__":
    main()
