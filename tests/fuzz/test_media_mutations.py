"""Damaged recordings, made the same way each time: each is packaged or refused; nothing hangs or is left."""

import asyncio
import os
import random
from collections import Counter
from multiprocessing import forkserver
from pathlib import Path

import psutil
import pytest

from hls.report import Finished, Refused
from tests.support.audio import make_tone
from tests.support.fuzzing import damaged, in_turns, verdicts
from tests.support.worker import package, worker_pool

FORMATS = {
    "flac": (),
    "mp3": ("-b:a", "64k"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "m4a": (),
    "mp4": ("-movflags", "+frag_keyframe+empty_moov"),
    "mov": ("-c:a", "alac"),
    "wav": (),
    "w64": ("-c:a", "pcm_s24le"),
    "aiff": (),
    "webm": ("-c:a", "libopus"),
    "mka": ("-c:a", "flac"),
    "aac": (),
    "wma": ("-c:a", "wmav2"),
}
MUTATIONS = 500
SECONDS = 0.3
PROCESSES = 2
THROUGH_THE_POOL = 4


@pytest.mark.parametrize("ending", FORMATS)
async def test_damaged(tmp_path, ending):
    tone = make_tone(tmp_path / f"tone.{ending}", seconds=SECONDS, rate=48_000, options=FORMATS[ending])
    data = tone.read_bytes()
    async with worker_pool(("aac128",)) as pool, asyncio.TaskGroup() as tasks:
        jobs = [
            tasks.create_task(verdicts(pool, ending, data, numbers))
            for numbers in in_turns(MUTATIONS, PROCESSES)
        ]
    found = {number: verdict for job in jobs for number, verdict in job.result().items()}
    assert len(found) == MUTATIONS
    # Damage is the file's fault; what counts as ours would be a fault to look at. But boxes that claim to be
    # huge make FFmpeg ask for more memory than there is, which it does not get.
    broken = {number: verdict for number, verdict in found.items() if verdict.startswith("broken")}
    assert {number: verdict for number, verdict in broken.items() if "MemoryError" not in verdict} == {}
    kinds = Counter(verdict.split()[0] for verdict in found.values())
    assert min(kinds["finished"], kinds["refused"]) > 10, "the damage is neither too little nor too much"


async def test_nothing_is_left_of_damaged_files(tmp_path):
    """Through the whole pool, a process each: files, descriptors and processes are as before."""
    async with worker_pool(("aac128",)) as pool:
        await pool.start()
        before = len(os.listdir("/proc/self/fd"))
        ends = []

        async def run(ending: str, number: int) -> None:
            tone = tmp_path / f"tone.{ending}"
            source = tmp_path / f"{number}.{ending}"
            source.write_bytes(damaged(tone.read_bytes(), f"{ending} {number}"))
            out = tmp_path / f"{ending}-{number}"
            ends.append((await package(pool, source, out))[-1])
            left = {file.name for file in out.iterdir()}
            assert left <= {"aac.mp4", "aac128.mp4", "cover"}

        async with asyncio.TaskGroup() as tasks:
            for ending, options in FORMATS.items():
                make_tone(tmp_path / f"tone.{ending}", seconds=SECONDS, rate=48_000, options=options)
                for number in range(THROUGH_THE_POOL):
                    tasks.create_task(run(ending, number))
        assert len(ends) == len(FORMATS) * THROUGH_THE_POOL
        assert not [end for end in ends if not isinstance(end, Finished | Refused)]
        assert len(os.listdir("/proc/self/fd")) == before
        server = psutil.Process(forkserver._forkserver._forkserver_pid)
        assert server.children() == []


@pytest.mark.parametrize("size", [1, 7, 8, 100, 4095, 4096, 4097])
async def test_noise_of_every_small_size(tmp_path, size):
    source = tmp_path / "noise"
    source.write_bytes(random.Random(size).randbytes(size))
    async with worker_pool() as pool:
        assert isinstance((await package(pool, source, Path(tmp_path / "out")))[-1], Refused)
