"""Server CPU per message delivered to a room of 1,000: Veza beside nginx with nchan, in turn."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import uvloop

from bench.measure import Figure, allow_open_files, cpu_s
from bench.nginx import nchan
from bench.subscribers import MARK, Audience, Subscriber, masked_text_frame
from tests.support.server import running_server

MEMBERS = 1000
MESSAGE = MARK.ljust(160, b".").decode()
ROUNDS = 5
MESSAGES = 100  # a round
BURST = 20  # messages at once, for the coalesced case
TARGET = 0.9
HELLO = [b'{"type":"hello","name":"bench","token":null}', b'{"type":"join","room":"bench"}']

Publish = Callable[[int], Awaitable[None]]


async def us_per_delivery(audience: Audience, pid: int, publish: Publish, *, at_once: int) -> float:
    """Publish a round, `at_once` messages at a time, each batch when the one before has reached everyone."""
    start, before = audience.received, cpu_s(pid)
    for sent in range(at_once, MESSAGES + 1, at_once):
        await publish(at_once)
        await audience.until(start + sent * MEMBERS)
    return (cpu_s(pid) - before) / (MESSAGES * MEMBERS) * 1e6


async def veza_publisher(port: int) -> Publish:
    """One more member; what it receives itself is not counted, which favours the peer."""
    loop = asyncio.get_running_loop()
    sender = Subscriber(port, "/ws", HELLO, loop.create_future(), lambda _: None)
    await loop.create_connection(lambda: sender, "127.0.0.1", port)
    await sender.opened
    sent = 0

    async def publish(count: int) -> None:
        nonlocal sent
        frames = []
        for _ in range(count):
            sent += 1
            send = {"type": "send", "room": "bench", "nonce": str(sent), "body": MESSAGE}
            frames.append(masked_text_frame(msgspec.json.encode(send)))
        sender.transport.write(b"".join(frames))

    return publish


async def nchan_publisher(port: int) -> Publish:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: {len(MESSAGE)}\r\n\r\n{MESSAGE}".encode()

    async def publish(count: int) -> None:
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)

    return publish


async def compare(veza_pid: int, veza_port: int, nchan_pid: int, nchan_port: int) -> None:
    ours = Audience(veza_port, "/ws", HELLO)
    theirs = Audience(nchan_port, "/sub", [])
    await ours.grow(MEMBERS)
    await theirs.grow(MEMBERS)
    to_us, to_them = await veza_publisher(veza_port), await nchan_publisher(nchan_port)
    await us_per_delivery(ours, veza_pid, to_us, at_once=1)
    await us_per_delivery(theirs, nchan_pid, to_them, at_once=1)
    single, peer, joined = [], [], []
    for _ in range(ROUNDS):
        single.append(await us_per_delivery(ours, veza_pid, to_us, at_once=1))
        peer.append(await us_per_delivery(theirs, nchan_pid, to_them, at_once=1))
        joined.append(await us_per_delivery(ours, veza_pid, to_us, at_once=BURST))
    unit = "us of server CPU per delivered message"
    print(Figure(f"one message at a time to {MEMBERS} members", unit, single, "nchan", peer, TARGET))
    print(Figure(f"{BURST} messages at once", unit, joined, "nchan one at a time", peer, TARGET))
    ours.close()
    theirs.close()


def main() -> None:
    allow_open_files(8192)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = {"messages_per_s": 10000, "messages_burst": 100000}
        with running_server(folder, **settings) as server, nchan(folder / "nginx") as nginx:
            uvloop.run(compare(server.pid, server.port, nginx.pid, nginx.port))


if __name__ == "__main__":
    main()
