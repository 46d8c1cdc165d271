"""A server that holds one show made of noise, at real time: what `bench.live` listens to.

Its front door, shelf and sessions are the real ones; its encoder is a clock. Each part begins with the moment
at which it was handed to the shelf.
"""

import asyncio
import os
import signal
import struct
import sys
import time

import uvloop
from aiohttp import web

from hls.live import GRID, LiveRendition, OnAir, PartCut
from streamer.live.audience import Audience
from streamer.live.passes import Passes
from streamer.live.sessions import Sessions
from streamer.live.shelf import LiveShelf
from streamer.resource import Resource
from streamer.server import DoorLimits, FrontDoor
from streamer.wheel import TimerWheel

ROOM = "bench"
PART_S = GRID.part_ticks / GRID.timescale
STAMP = struct.Struct("<q")
_INIT = b"init"
RENDITIONS = (
    LiveRendition("aac128", "mp4a.40.2", 128_000, 1024, 1024, _INIT, b""),
    LiveRendition("aac64", "mp4a.40.2", 64_000, 1024, 1024, _INIT, b""),
)
_OVERHEAD_BYTES = 220  # `moof` of 15 frames, and the header of `mdat`
_MAX_CONNECTIONS = 40_000
_BEFORE = 400  # parts


class Open:
    """All rooms are."""

    def is_open(self, room: str) -> bool:
        return True

    async def learn(self, room: str) -> None: ...


class NoTracks:
    def find(self, path: str) -> Resource | None:
        return None


async def encode(shelf: LiveShelf, show: OnAir) -> None:
    """Gives a part of every rendition each 320 ms, when it has given all that the shelf keeps."""
    begun_s = time.monotonic() - _BEFORE * PART_S
    number = 0
    while True:
        await asyncio.sleep(begun_s + (number + 1) * PART_S - time.monotonic())
        for rendition in show.renditions:
            size = rendition.bitrate * GRID.part_ticks // GRID.timescale // 8 + _OVERHEAD_BYTES
            data = STAMP.pack(time.monotonic_ns()) + os.urandom(size - STAMP.size)
            at = number * GRID.part_ticks
            shelf.part(show, PartCut(rendition.name, number, at, GRID.part_ticks, data))
        number += 1


async def serve() -> None:
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop)
    wheel.start()
    audience = Audience()
    sessions = Sessions(audience, wheel, lambda peer, _: peer)
    shelf = LiveShelf(wheel, sessions, Open(), Passes(b"bench"), time.time)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    assert runner.server is not None
    door = FrontDoor(
        loop=loop,
        shelf=NoTracks(),
        live=shelf,
        http=runner.server,
        websocket=None,
        limits=DoorLimits(max_connections=_MAX_CONNECTIONS),
        wheel=wheel,
    )
    now_us = time.time_ns() // 1000 - round(_BEFORE * PART_S * 1e6)
    show = OnAir(ROOM, "bench-show", now_us, now_us, 0, GRID, RENDITIONS)
    shelf.started(show)
    port = await door.listen("127.0.0.1", 0)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    async with asyncio.TaskGroup() as tasks:
        encoding = tasks.create_task(encode(shelf, show))
        print(port, flush=True)
        await stopped.wait()
        encoding.cancel()
    print(f"{sum(audience.sessions_total.values())} sessions", file=sys.stderr)


if __name__ == "__main__":
    uvloop.run(serve())
