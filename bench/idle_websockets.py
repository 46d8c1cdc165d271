"""Memory and handshake CPU of idle WebSockets that have joined a room."""

import asyncio
import tempfile
from pathlib import Path

import uvloop

from bench.fanout import HELLO
from bench.measure import allow_open_files, cpu_s, rss_bytes
from bench.subscribers import Audience
from tests.support.server import running_server

SOCKETS = 5000
WARM = 500  # before the first reading, so that what is made once is not counted
TARGET_BYTES = 6 * 1024
IDLE_S = 10


async def measure(pid: int, port: int) -> None:
    for name, hello in (("welcomed", HELLO[:1]), ("in a room", HELLO)):
        warm = Audience(port, "/ws", hello)
        await warm.grow(WARM)
        await asyncio.sleep(1)
        rss, cpu = rss_bytes(pid), cpu_s(pid)
        idle = Audience(port, "/ws", hello)
        await idle.grow(SOCKETS)
        await asyncio.sleep(1)
        each = (rss_bytes(pid) - rss) / SOCKETS
        handshake_ms = (cpu_s(pid) - cpu) / SOCKETS * 1e3
        verdict = "met" if each <= TARGET_BYTES else "MISSED"
        print(
            f"idle WebSocket, {name}: {each:.0f} bytes (aim <= {TARGET_BYTES}: {verdict}), "
            f"{handshake_ms:.3f} ms of server CPU to open",
            flush=True,
        )
        before = cpu_s(pid)
        await asyncio.sleep(IDLE_S)
        share = (cpu_s(pid) - before) / IDLE_S
        print(f"  {SOCKETS + WARM} of them idle: {share:.1%} of a core")
        warm.close()
        idle.close()
        await asyncio.sleep(1)


def main() -> None:
    allow_open_files(2 * SOCKETS + 2048)
    with tempfile.TemporaryDirectory() as temporary, running_server(Path(temporary)) as server:
        uvloop.run(measure(server.pid, server.port))


if __name__ == "__main__":
    main()
