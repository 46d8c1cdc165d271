"""From sound to something that a player may fetch, for a source that had piled up sound before it was let in.

`python -m bench.piled_up SECONDS PILED_S` records clicks for so long before it starts ffmpeg, which then has
all of that at once, sends it as fast as it goes, and goes on live: over RTMP, and over Icecast. Each click
says how long after its part was over in the source it could be fetched, as in `rtmp_to_hls`: the one in the
middle has to be as late as without a pile, which for MP3 is later by what LAME and FFmpeg keep.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import numpy as np
import numpy.typing as npt

from bench.rtmp_to_hls import CLICK, ROOM, Taken, click_places, follow_ours
from hls.live import LIVE_RATE
from tests.support.live_server import LiveServer, live_server
from tests.support.live_sources import icecast_url, rtmp_url
from tests.support.pcm import decode

SECONDS = 30
PILED_S = 1.5
MAX_LATE_MS = 300.0
_BLOCK = LIVE_RATE // 50
_LEAST_S = 3.0
_WAYS = {
    "rtmp": ("-c:a", "aac", "-f", "flv"),
    "icecast": ("-c:a", "libmp3lame", "-content_type", "audio/mpeg", "-f", "mp3"),
}


def click_track(seconds: float) -> tuple[npt.NDArray[np.int16], list[int]]:
    """Silence with clicks, no two as far from each other, and the samples where they begin."""
    sound = np.zeros((round(seconds * LIVE_RATE), 2), np.int16)
    chance = np.random.default_rng(1)
    ends = np.cumsum(chance.integers(LIVE_RATE // 2, LIVE_RATE * 3 // 2, len(sound)))
    starts = [int(at) for at in ends if at < len(sound) - CLICK]
    for at in starts:
        sound[at : at + CLICK] = chance.integers(-20_000, 20_000, (CLICK, 2), np.int16)
    return sound, starts


async def record(
    sound: npt.NDArray[np.int16], clicks: list[float], starts: list[int], into: asyncio.Queue[bytes]
) -> None:
    """Blocks as they are recorded, each when it is over; note when each click was."""
    begun, due = time.monotonic(), list(starts)
    for at in range(0, len(sound), _BLOCK):
        await asyncio.sleep(max(0.0, begun + (at + _BLOCK) / LIVE_RATE - time.monotonic()))
        into.put_nowait(sound[at : at + _BLOCK].tobytes())
        while due and due[0] < at + _BLOCK:
            clicks.append(begun + due.pop(0) / LIVE_RATE)
    into.put_nowait(b"")


async def write(process: subprocess.Popen[bytes], recorded: asyncio.Queue[bytes]) -> None:
    """Give ffmpeg what was recorded, as fast as it takes it."""
    assert process.stdin is not None
    while block := await recorded.get():
        await asyncio.to_thread(process.stdin.write, block)
    process.stdin.close()


def judge(taken: Taken, starts: list[int], clicks: list[float], folder: Path) -> list[float]:
    """How much later than its part was over in the source each click could be fetched, in ms.

    Which click it is, is told by how far from each other they are.
    """
    file = folder / "taken.mp4"
    file.write_bytes(taken.head + b"".join(taken.pieces))
    found = click_places(np.abs(decode(file, rate=LIVE_RATE)[:, 0]), LIVE_RATE // 4)
    apart = np.diff(found)
    known = np.diff(np.array(starts))
    rows = range(len(known) - len(apart) + 1)
    first = min(rows, key=lambda row: float(np.median(np.abs(known[row : row + len(apart)] - apart))))
    ends = np.cumsum(taken.ticks)
    late = []
    for number, at in enumerate(found):
        place = int(np.searchsorted(ends, at, side="right"))
        if 0 < place < len(ends) and first + number < len(clicks):
            over = clicks[first + number] + float(ends[place] - at) / LIVE_RATE
            late.append((taken.came[place] - over) * 1000)
    return late


async def measure_way(way: str, server: LiveServer, seconds: float, piled_s: float, folder: Path) -> float:
    """One source; how late its clicks are, in ms, in the middle."""
    room = f"{ROOM}-{way}"
    key = server.key(room)
    url = rtmp_url(server, key) if way == "rtmp" else icecast_url(server, room, key)
    command = ["ffmpeg", "-loglevel", "error", "-f", "s16le", "-ar", str(LIVE_RATE), "-ac", "2"]
    command += ["-i", "pipe:0", *_WAYS[way], "-b:a", "128k", "-flush_packets", "1", url]
    sound, starts = click_track(seconds + piled_s + 15)
    clicks: list[float] = []
    recorded: asyncio.Queue[bytes] = asyncio.Queue()
    recording = asyncio.create_task(record(sound, clicks, starts, recorded))
    await asyncio.sleep(piled_s)
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as process:
        writing = asyncio.create_task(write(process, recorded))
        await asyncio.to_thread(server.wait, room, lambda show: show["state"] == "live")
        await asyncio.sleep(_LEAST_S)
        taken = await follow_ours(server.url, time.monotonic() + seconds, room)
        recording.cancel()
        recorded.put_nowait(b"")
        await writing
    late = judge(taken, starts, clicks, folder)
    share = quantiles(late, n=100)
    print(
        f"{way}, {piled_s} s piled up: {len(late)} clicks; sound in to piece available, beyond the piece: "
        f"p50 {share[49]:.0f}, p99 {share[98]:.0f} ms"
    )
    return share[49]


async def measure(seconds: float, piled_s: float, folder: Path) -> bool:
    """Both ways, one after the other; whether both were in time."""
    with live_server(folder / "veza", rtmp_port=0) as server:
        late = [await measure_way(way, server, seconds, piled_s, folder) for way in _WAYS]
    met = max(late) <= MAX_LATE_MS
    print(f"at worst {max(late):.0f} ms (aim <= {MAX_LATE_MS:.0f}: {'met' if met else 'MISSED'})")
    return met


def main(seconds: float, piled_s: float) -> bool:
    """Measure for so long; whether what had piled up is not heard late."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(measure(seconds, piled_s, Path(name)))


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:3]]
    sys.exit(0 if main(*given, *(SECONDS, PILED_S)[len(given) :]) else 1)
