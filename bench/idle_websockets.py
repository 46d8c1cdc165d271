"""Memory of idle WebSockets, and the CPU to open and keep them."""

import asyncio
import tempfile
from pathlib import Path

import uvloop

from bench.fanout import HELLO, OPEN_DOOR
from bench.measure import allow_open_files, cpu_s, rss_bytes
from bench.subscribers import Audience
from tests.support.server import running_server

SOCKETS = 10_000
WARM = 500  # before the first reading, so that what is made once is not counted
TARGET_BYTES = 6 * 1024
IDLE_S = 50  # two rounds of pings
TARGET_CPU = 0.01
SETTLE_S = 1


async def measure(pid: int, port: int, name: str, hello: list[bytes]) -> None:
    warm = Audience(port, "/ws", [frame.replace(b'"bench"}', b'"warm"}') for frame in hello])
    await warm.grow(WARM)
    await asyncio.sleep(SETTLE_S)
    rss, cpu = rss_bytes(pid), cpu_s(pid)
    idle = Audience(port, "/ws", hello)
    await idle.grow(SOCKETS)
    await asyncio.sleep(SETTLE_S)
    each = (rss_bytes(pid) - rss) / SOCKETS
    opening_ms = (cpu_s(pid) - cpu) / SOCKETS * 1e3
    verdict = "met" if each <= TARGET_BYTES else "MISSED"
    print(
        f"idle WebSocket, {name}: {each:.0f} bytes (aim <= {TARGET_BYTES}: {verdict}), "
        f"{opening_ms:.3f} ms of server CPU to open",
        flush=True,
    )
    before = cpu_s(pid)
    await asyncio.sleep(IDLE_S)
    busy = (cpu_s(pid) - before) / IDLE_S
    verdict = "met" if busy < TARGET_CPU else "MISSED"
    print(f"  {SOCKETS + WARM} of them, pinged: {busy:.2%} of a core (aim < {TARGET_CPU:.0%}: {verdict})")
    warm.close()
    idle.close()


def main() -> None:
    allow_open_files(SOCKETS + WARM + 2048)  # for each process
    # A server for each: what one kind of connection frees, the other would fill.
    for name, hello in (("welcomed", HELLO[:1]), ("in a room of all", HELLO)):
        with (
            tempfile.TemporaryDirectory() as temporary,
            running_server(Path(temporary), **OPEN_DOOR) as server,
        ):
            uvloop.run(measure(server.pid, server.port, name, hello))


if __name__ == "__main__":
    main()
