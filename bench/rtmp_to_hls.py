"""From sound to something that a player may fetch: RTMP in, HLS out, the whole server, beside nginx-rtmp.

`python -m bench.rtmp_to_hls SECONDS` has one ffmpeg encode clicks, each written when it is due, and send the
same RTMP to both. Ours is followed by blocking reload; the fragments of the peer are seen when its playlist
lists them. What comes out is decoded, the clicks are found in it, and each says how long after its part, or
fragment, was over in the source it could be fetched. The figure has ffmpeg's encoder in it, for both. The
peer hands on what it was sent; ours decodes it, bridges what lacks, and encodes every rendition anew, and may
take `TARGET_MS` more for that.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import numpy as np
import numpy.typing as npt

from bench.nginx import rtmp_nginx
from hls.live import LIVE_RATE
from tests.support.live_m3u8 import read_live
from tests.support.live_server import live_server
from tests.support.live_sources import rtmp_url
from tests.support.pcm import decode

SECONDS = 120
TARGET_MS = 60.0
ROOM = "bench"
_BLOCK = LIVE_RATE // 50
_CLICK_EVERY = 2030 * LIVE_RATE // 1000  # no multiple of a part, and more than any of them takes
CLICK = LIVE_RATE // 200
_LOUD = 0.2
_LOOK_S = 0.002
_PAUSE_S = 3.0


@dataclass
class Taken:
    """What was fetched: pieces of sound, how long each is, and when it could be had first."""

    head: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    came: list[float] = field(default_factory=list)

    def add(self, data: bytes, seconds: float, came: float) -> None:
        self.pieces.append(data)
        self.ticks.append(round(seconds * LIVE_RATE))
        self.came.append(came)


async def feed(
    process: subprocess.Popen[bytes], seconds: float, clicks: list[float], connected: asyncio.Event
) -> None:
    """Write silence with clicks, block by block, on time; note when each click went in.

    What piles up while the peers are dialled comes as a burst, which no live source begins with: silence
    goes first, and then nothing until all of it has been played.
    """
    assert process.stdin is not None
    while not connected.is_set():
        process.stdin.write(bytes(_BLOCK * 4))
        await asyncio.sleep(_BLOCK / LIVE_RATE)
    await asyncio.sleep(_PAUSE_S)
    sound = np.zeros((round(seconds * LIVE_RATE), 2), np.int16)
    noise = np.random.default_rng(1).integers(-20_000, 20_000, (CLICK, 2), np.int16)
    starts = range(_CLICK_EVERY, len(sound) - CLICK, _CLICK_EVERY)
    for at in starts:
        sound[at : at + CLICK] = noise
    begun = time.monotonic()
    due = list(starts)
    for at in range(0, len(sound), _BLOCK):
        await asyncio.sleep(max(0.0, begun + at / LIVE_RATE - time.monotonic()))
        process.stdin.write(sound[at : at + _BLOCK].tobytes())
        while due and due[0] < at + _BLOCK:
            clicks.append(time.monotonic() + (due.pop(0) - at) / LIVE_RATE)
    process.stdin.close()


async def follow_ours(url: str, until: float, room: str = ROOM) -> Taken:
    """Ask for each part before it is there."""
    taken = Taken()
    known: set[str] = set()
    base = f"{url}/hls/live/{room}/"
    async with aiohttp.ClientSession(base, raise_for_status=True) as http:

        async def read(address: str) -> bytes:
            async with http.get(address) as answer:
                return await answer.read()

        index = (await read("index.m3u8")).decode().splitlines()
        media = next(line for line in index if line and not line.startswith("#"))
        asked = media
        while time.monotonic() < until:
            playlist = read_live((await read(asked)).decode())
            came = time.monotonic()
            last = playlist.segments[-1]
            for part in last.parts:
                if known and part.uri not in known:
                    taken.add(await read(part.uri), float(part.duration_s), came)
            if not taken.head and last.init is not None:
                taken.head = await read(last.init)
            known.update(part.uri for segment in playlist.segments for part in segment.parts)
            number, count = (last.number + 1, 0) if last.uri else (last.number, len(last.parts))
            asked = f"{media}?_HLS_msn={number}&_HLS_part={count}"
    return taken


async def follow_peer(playlist: Path, until: float) -> Taken:
    """See each fragment when it is listed."""
    taken = Taken()
    known: set[str] | None = None
    while time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)
        if not playlist.exists():
            continue
        lines = playlist.read_text().splitlines()
        came = time.monotonic()
        named = [(lines[place + 1], line) for place, line in enumerate(lines) if line.startswith("#EXTINF:")]
        for name, line in named:
            if known is not None and name not in known:
                seconds = float(line.removeprefix("#EXTINF:").rstrip(","))
                taken.add((playlist.parent / name).read_bytes(), seconds, came)
        known = {name for name, _ in named} | (known or set())
    return taken


def click_places(sound: npt.NDArray[np.floating[Any]], apart: int) -> npt.NDArray[np.intp]:
    """Where clicks begin in sound, samples without sign, that are so far from each other at least."""
    loud = np.flatnonzero(sound > _LOUD)
    return loud[np.flatnonzero(np.diff(loud, prepend=-apart - 1) > apart)]


def judge(name: str, taken: Taken, suffix: str, folder: Path, clicks: list[float]) -> float:
    """Find the clicks in what was fetched; p99 of how long they took beyond their piece, in ms."""
    file = folder / f"{name}{suffix}"
    file.write_bytes(taken.head + b"".join(taken.pieces))
    sound = np.abs(decode(file, rate=LIVE_RATE)[:, 0])
    ends = np.cumsum(taken.ticks)
    found = click_places(sound, _CLICK_EVERY // 2)
    late = []
    for at in found:
        place = int(np.searchsorted(ends, at, side="right"))
        if place == 0 or place >= len(ends):
            continue
        # The newest click that was written before this piece could be had, less what is later in the piece.
        over = taken.came[place] - (ends[place] - at) / LIVE_RATE
        written = max((click for click in clicks if click < over), default=None)
        if written is not None:
            late.append((over - written) * 1000)
    share = quantiles(late, n=100)
    piece_ms = float(np.median(taken.ticks)) / LIVE_RATE * 1000
    print(
        f"{name}: {len(late)} clicks, pieces of {piece_ms:.0f} ms; sound in to piece available, beyond the "
        f"piece: p50 {share[49]:.0f}, p99 {share[98]:.0f} ms; sound in to piece available, at worst: "
        f"{share[98] + piece_ms:.0f} ms"
    )
    return float(share[98])


async def measure(seconds: float, folder: Path) -> bool:
    """One ffmpeg, two servers; whether ours took as little as it may."""
    with (
        rtmp_nginx(folder / "nginx") as peer,
        live_server(folder / "veza", rtmp_port=0) as server,
    ):
        ours = rtmp_url(server, server.key(ROOM))
        theirs = f"rtmp://127.0.0.1:{peer.port}/live/{ROOM}"
        command = ["ffmpeg", "-loglevel", "error", "-f", "s16le", "-ar", str(LIVE_RATE), "-ac", "2"]
        command += ["-i", "pipe:0", "-map", "0:a", "-c:a", "aac", "-b:a", "128k", "-flush_packets", "1"]
        command += ["-f", "tee", f"[f=flv]{ours}|[f=flv]{theirs}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as process:
            clicks: list[float] = []
            connected = asyncio.Event()
            feeding = asyncio.create_task(feed(process, seconds + 10, clicks, connected))
            await asyncio.to_thread(server.wait, ROOM, lambda show: show["state"] == "live")
            connected.set()
            await asyncio.sleep(_PAUSE_S + 5)  # both have whole pieces
            until = time.monotonic() + seconds
            taken = await asyncio.gather(
                follow_ours(server.url, until), follow_peer(folder / "nginx/hls" / f"{ROOM}.m3u8", until)
            )
            await feeding
    late_ms = judge("veza", taken[0], ".mp4", folder, clicks)
    peer_ms = judge("nginx-rtmp", taken[1], ".ts", folder, clicks)
    more_ms = late_ms - peer_ms
    met = more_ms <= TARGET_MS
    print(f"{more_ms:+.0f} ms (aim <= {TARGET_MS:.0f}: {'met' if met else 'MISSED'})")
    return met


def main(seconds: float) -> bool:
    """Measure for so long; whether ours took as little as it may."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the peer's worker is nobody
        return asyncio.run(measure(seconds, folder))


if __name__ == "__main__":
    sys.exit(0 if main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS) else 1)
