"""CPU of packaging beside the ffmpeg command line, for the same encode; and the time to the first segment."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import forkserver
from pathlib import Path
from statistics import median

from bench.measure import Figure
from hls.report import Finished, SegmentCut
from streamer.worker import WorkerLimits, WorkerPool
from tests.support.audio import make_tone, recordings

ROUNDS = 5
TARGET = 1.05
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


def ffmpeg_cpu_s(source: Path, folder: Path) -> float:
    """User and system seconds of the whole ffmpeg process."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source)]
    command += ["-map", "0:a:0", "-c:a", "aac", "-b:a", "128k", str(folder / "peer.m4a")]
    with subprocess.Popen(command) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def ended_workers_cpu_s() -> float:
    """User and system seconds of all workers that have ended, as the process knows that started them."""
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    # proc(5): cutime and cstime are fields 16 and 17.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_S


async def worker_cpu_s(pool: WorkerPool, source: Path, folder: Path) -> float:
    """User and system seconds of a whole worker, from fork to exit."""
    before = ended_workers_cpu_s()
    reports = [report async for report in pool.package(source, folder, complete=True)]
    assert isinstance(reports[-1], Finished), reports[-1]
    return ended_workers_cpu_s() - before


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


async def measure(source: Path) -> tuple[Figure, list[float]]:
    """Each round does both, one after the other, so that a busy machine slows both."""
    ours, peers, first = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool = WorkerPool(LIMITS)
        await pool.start()
        for _ in range(ROUNDS):
            peers.append(await asyncio.to_thread(ffmpeg_cpu_s, source, folder))
            ours.append(await worker_cpu_s(pool, source, folder))
            first.append(await first_segment_ms(pool, source, folder))
        await pool.close(1)
    return Figure(f"packaging {source.name}", "s CPU", ours, "ffmpeg", peers, TARGET), first


def main() -> None:
    """Measure the recording that the command line names, or the everyday one, or a tone."""
    with tempfile.TemporaryDirectory() as name:
        if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
            source = Path(sys.argv[1])
        else:
            everyday = [path for path in recordings() if path.name == "music-44k.flac"]
            source = everyday[0] if everyday else make_tone(Path(name) / "tone.flac", seconds=45)
        figure, first = asyncio.run(measure(source))
    print(figure)
    verdict = "met" if median(first) <= FIRST_SEGMENT_TARGET_MS else "MISSED"
    print(
        f"first segment: {median(first):.0f} ms after the first byte, {min(first):.0f} to {max(first):.0f} "
        f"(aim <= {FIRST_SEGMENT_TARGET_MS}: {verdict})"
    )


if __name__ == "__main__":
    main()
