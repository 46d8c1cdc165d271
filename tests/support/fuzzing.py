"""Damages recordings, the same way each time, and packages many of them in one confined worker process.

A process for each of thousands would cost more than the work in it. So one is forked as the pool forks its
workers, gives up the same rights under the same limits, and does one job after the other from memory. If one
of them brings it down, it is noted, and another process goes on behind it.
"""

import asyncio
import io
import random
import socket
from collections.abc import Iterator

from hls.job import Job, Limits, MediaRefused
from hls.report import AnyReport, Finished
from streamer import worker_process
from streamer.worker import WorkerPool
from streamer.worker_lanes import lanes
from streamer.worker_process import Bounds

BOUNDS = Bounds(memory_bytes=512 << 20, cpu_s=120, max_duration_s=60, max_output_bytes=1 << 20)
STALL_S = 20.0  # of wall time for one job of milliseconds, on a machine that does other things
_EXTREMES = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)


def damaged(data: bytes, seed: str) -> bytes:
    """One of 500 kinds and places of damage: `seed` says which."""
    chance = random.Random(seed)
    changed = bytearray(data)
    kind = chance.randrange(5)
    place = chance.randrange(len(data))
    length = chance.randrange(1, max(len(data) // 3, 2))
    if kind == 0:  # bit flips
        for _ in range(chance.choice((1, 3, 30, 300))):
            changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 1:  # a burst of noise, of zeros or of ones
        width = min(length, len(data) - place)
        changed[place : place + width] = chance.choice(
            (chance.randbytes(width), bytes(width), b"\xff" * width)
        )
    elif kind == 2:  # truncation, at either end
        changed = changed[:place] if chance.random() < 0.8 else changed[place:]
    elif kind == 3:  # splices: a piece left out, doubled, or moved to where it does not belong
        piece = changed[place : place + length]
        if chance.random() < 0.5:
            del changed[place : place + length]
        at = chance.randrange(len(changed) + 1)
        changed[at:at] = piece * chance.randrange(3)
    else:  # lengths, counts and rates, most of them in the head
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(min(len(data), chance.choice((64, 512, 4096, len(data)))))
            value = chance.choice(_EXTREMES).to_bytes(4, chance.choice(("big", "little")))
            width = chance.choice((1, 2, 4))
            changed[at : at + width] = value[-width:] if chance.random() < 0.5 else value[:width]
    return bytes(changed)


class _Memory(io.BytesIO):
    """Implements `hls.job.SourceReader`: complete from the beginning."""

    @property
    def size_bytes(self) -> int | None:
        return len(self.getbuffer())

    def arrived(self, offset: int, size: int, /) -> bytes:
        return bytes(self.getbuffer()[offset : offset + size])

    def wait_complete(self) -> None:
        pass


class _Nowhere:
    """Implements `hls.job.Output`."""

    def append(self, rendition: str, data: bytes, /) -> None:
        pass

    def replace(self, rendition: str, offset: int, data: bytes, /) -> None:
        pass

    def keep_cover(self, data: bytes, /) -> None:
        pass


def work(channel: socket.socket, name: str, data: bytes, numbers: list[int]) -> None:
    """In the worker: package each damaged version, and say in a line what became of it.

    Not as nice as workers are: nobody waits for anything else.
    """
    from hls.transcoder import package

    worker_process.confine(BOUNDS)
    for number in numbers:
        reports: list[AnyReport] = []
        verdict = "finished"
        try:
            with lanes(2) as open_lane:
                source = _Memory(damaged(data, f"{name} {number}"))
                limits = Limits(BOUNDS.max_duration_s)
                package(Job(source, _Nowhere(), limits, reports.append, ("aac128",), open_lane))
            assert isinstance(reports[-1], Finished)
        except MediaRefused as refusal:
            verdict = f"refused {refusal}"
        except Exception as error:
            verdict = f"broken {type(error).__name__}: {error}"
        channel.sendall(f"{number} {verdict}\n".encode())


async def verdicts(pool: WorkerPool, name: str, data: bytes, numbers: list[int]) -> dict[int, str]:
    """What becomes of each damaged version: `finished`, `refused` and why, or `broken` and how."""
    found: dict[int, str] = {}
    rest = list(numbers)
    while rest:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await pool.spawn(work, theirs, name, data, rest)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        how = "the worker crashed"
        try:
            while rest:
                async with asyncio.timeout(STALL_S):
                    line = await reader.readline()
                if not line:
                    break
                number, _, verdict = line.decode().rstrip().partition(" ")
                found[int(number)] = verdict
                rest.remove(int(number))
        except TimeoutError:
            how = "the worker hung"
            process.kill()
        finally:
            writer.close()
            await pool.in_thread(lambda process=process: process.join(STALL_S))  # type: ignore[misc]
        if rest:
            found[rest[0]] = f"broken {how}: exit code {process.exitcode}"
            del rest[0]
        process.close()
    return found


def in_turns(count: int, processes: int) -> Iterator[list[int]]:
    """The numbers of all damaged versions, dealt out to so many processes."""
    return (list(range(start, count, processes)) for start in range(processes))
