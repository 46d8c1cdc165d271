"""Damaged recordings, made the same way each time: the pool answers each one, and never hangs or dies."""

import asyncio
import random
from pathlib import Path

import pytest

from hls.report import Broken, Finished, Refused
from tests.support.audio import make_tone
from tests.support.worker import package, worker_pool

FORMATS = {
    "flac": (),
    "mp3": ("-b:a", "96k"),
    "ogg": (),
    "m4a": (),
    "wav": (),
    "webm": (),
    "aac": (),
    "aiff": (),
}
ROUNDS = 5


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One kind of damage, somewhere."""
    damaged = bytearray(data)
    kind = chance.randrange(6)
    place = chance.randrange(len(data))
    length = chance.randrange(1, 2_000)
    if kind == 0:
        for _ in range(chance.randrange(1, 200)):
            damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del damaged[place:]
    elif kind == 2:
        damaged[place : place + length] = chance.randbytes(length)
    elif kind == 3:
        del damaged[place : place + length]
    elif kind == 4:
        damaged[place:place] = damaged[place : place + length] * 3
    else:
        for _ in range(8):  # headers hold sizes and counts
            damaged[chance.randrange(min(512, len(data)))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(damaged)


@pytest.mark.parametrize("ending", FORMATS)
async def test_damaged(tmp_path, ending):
    data = make_tone(tmp_path / f"whole.{ending}", seconds=2, options=FORMATS[ending]).read_bytes()
    chance = random.Random(ending)
    ends = []

    async def run(pool, number: int) -> None:
        source = tmp_path / f"{number}.{ending}"
        source.write_bytes(mutate(data, chance))
        ends.append((await package(pool, source, tmp_path / str(number)))[-1])

    async with worker_pool(cpu_s=10, memory_bytes=256 << 20) as pool, asyncio.TaskGroup() as tasks:
        for number in range(ROUNDS):
            tasks.create_task(run(pool, number))
    assert len(ends) == ROUNDS
    assert all(isinstance(end, Finished | Refused | Broken) for end in ends)
    # Damage is the file's fault. What counts as ours would be a fault to look at.
    assert not [end for end in ends if isinstance(end, Broken)]


@pytest.mark.parametrize("size", [1, 7, 8, 100, 4095, 4096, 4097])
async def test_noise_of_every_small_size(tmp_path, size):
    source = tmp_path / "noise"
    source.write_bytes(random.Random(size).randbytes(size))
    async with worker_pool() as pool:
        assert isinstance((await package(pool, source, Path(tmp_path / "out")))[-1], Refused)
