"""Server CPU per message delivered to a room of 1,000: Veza beside nchan, ws and Socket.IO, in turn.

And of 200 messages a second, which are written several at a time: how long a message waits for others, from
its `ack` until the first member has it.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import msgspec
import uvloop

from bench.measure import Figure, allow_open_files, cpu_s
from bench.nginx import nchan
from bench.node import NODE_PEERS, Node, node
from bench.subscribers import MARK, Audience, Subscriber, masked_text_frame
from tests.support.server import running_server

MEMBERS = 1000
MESSAGE = MARK.ljust(160, b".").decode()
ROUNDS = 5
MESSAGES = 100  # a round
BURST = 20  # messages at once, for the coalesced case
TARGET = 0.9
PACED_PER_S = 200
PACED_S = 5
PACED_TARGET_US = 2.5
DELAY_TARGET_MS = 20
#: Peers are not asked how many they greet in a second.
OPEN_DOOR = {"accepts_per_s": 100_000, "accepts_burst": 100_000}
HELLO = [b'{"type":"hello","name":"bench","token":null}', b'{"type":"join","room":"bench"}']

Publish = Callable[[int], Awaitable[None]]


async def us_per_delivery(audience: Audience, pid: int, publish: Publish, *, at_once: int) -> float:
    """Publish a round, `at_once` messages at a time, each batch when the one before has reached everyone."""
    start, before = audience.received, cpu_s(pid)
    for sent in range(at_once, MESSAGES + 1, at_once):
        await publish(at_once)
        await audience.until(start + sent * MEMBERS)
    return (cpu_s(pid) - before) / (MESSAGES * MEMBERS) * 1e6


class Speaker(Subscriber):
    """Notes when its messages are acknowledged, and when they come back to it."""

    __slots__ = ("acked_s", "shown_s")

    def __init__(self, port: int, opened: asyncio.Future[None]) -> None:
        super().__init__(port, "/ws", HELLO, opened, lambda _: None)
        self.acked_s: list[float] = []
        self.shown_s: list[float] = []

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        self.acked_s += [now_s] * data.count(b'"type":"ack"')
        self.shown_s += [now_s] * data.count(MARK)
        super().data_received(data)


async def veza_speaker(port: int) -> Speaker:
    """One more member; what it receives itself is not counted, which favours the peer."""
    loop = asyncio.get_running_loop()
    sender = Speaker(port, loop.create_future())
    await loop.create_connection(lambda: sender, "127.0.0.1", port)
    await sender.opened
    return sender


def veza_publisher(sender: Speaker) -> Publish:
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


async def node_publisher(node: Node) -> Publish:
    """One more member, as with ours."""
    loop, talk = asyncio.get_running_loop(), node.peer
    sender = Subscriber(node.port, talk.path, list(talk.hello), loop.create_future(), lambda _: None)
    await loop.create_connection(lambda: sender, "127.0.0.1", node.port)
    await sender.opened
    before, behind = talk.speech
    frame = masked_text_frame(f"{before}{MESSAGE}{behind}".encode())

    async def publish(count: int) -> None:
        sender.transport.write(frame * count)

    return publish


async def paced(audience: Audience, pid: int, sender: Speaker, publish: Publish) -> tuple[float, float]:
    """So many messages a second: us of CPU per delivery, and ms that the 99th of 100 waited for others."""
    del sender.acked_s[:], sender.shown_s[:]
    start, before, total = audience.received, cpu_s(pid), PACED_PER_S * PACED_S
    begun_s = time.perf_counter()
    for sent in range(total):
        await asyncio.sleep(begun_s + sent / PACED_PER_S - time.perf_counter())
        await publish(1)
    await audience.until(start + total * MEMBERS)
    waited_s = [shown_s - acked_s for shown_s, acked_s in zip(sender.shown_s, sender.acked_s, strict=False)]
    return (cpu_s(pid) - before) / (total * MEMBERS) * 1e6, quantiles(waited_s, n=100)[98] * 1000


async def compare(
    veza_pid: int, veza_port: int, nchan_pid: int, nchan_port: int, others: Sequence[Node]
) -> None:
    ours = Audience(veza_port, "/ws", HELLO)
    theirs = Audience(nchan_port, "/sub", [])
    speaker = await veza_speaker(veza_port)  # first, so that it is the first to be written to
    await ours.grow(MEMBERS)
    await theirs.grow(MEMBERS)
    to_us, to_them = veza_publisher(speaker), await nchan_publisher(nchan_port)
    crowds = [Audience(one.port, one.peer.path, list(one.peer.hello)) for one in others]
    for crowd in crowds:
        await crowd.grow(MEMBERS)
    to_others = [await node_publisher(one) for one in others]
    figures: list[list[float]] = [[] for _ in others]
    every = list(zip(others, crowds, to_others, figures, strict=True))
    for one, crowd, publish, _ in every:
        await us_per_delivery(crowd, one.pid, publish, at_once=1)
    await us_per_delivery(ours, veza_pid, to_us, at_once=1)
    await us_per_delivery(theirs, nchan_pid, to_them, at_once=1)
    single, peer, joined = [], [], []
    for _ in range(ROUNDS):
        single.append(await us_per_delivery(ours, veza_pid, to_us, at_once=1))
        peer.append(await us_per_delivery(theirs, nchan_pid, to_them, at_once=1))
        joined.append(await us_per_delivery(ours, veza_pid, to_us, at_once=BURST))
        for one, crowd, publish, costs in every:
            costs.append(await us_per_delivery(crowd, one.pid, publish, at_once=1))
    unit = "us of server CPU per delivered message"
    print(Figure(f"one message at a time to {MEMBERS} members", unit, single, "nchan", peer, TARGET))
    for one, _, _, costs in every:
        print(Figure("the same", unit, single, one.peer.name, costs, TARGET))
    print(Figure(f"{BURST} messages at once", unit, joined, "nchan one at a time", peer, TARGET))
    ours_us, waits = zip(*[await paced(ours, veza_pid, speaker, to_us) for _ in range(ROUNDS)], strict=True)
    cost_us, wait_ms = median(ours_us), median(waits)
    verdict = "met" if cost_us <= PACED_TARGET_US else "MISSED"
    in_time = "met" if wait_ms <= DELAY_TARGET_MS else "MISSED"
    print(
        f"{PACED_PER_S} messages/s to {MEMBERS} members: {cost_us:.2f} {unit} "
        f"(aim <= {PACED_TARGET_US}: {verdict}), which waits for others for {wait_ms:.1f} ms at p99 "
        f"(aim <= {DELAY_TARGET_MS}: {in_time})"
    )
    for crowd in (ours, theirs, *crowds):
        crowd.close()


def main() -> None:
    allow_open_files(8192)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = {"messages_per_s": 10000, "messages_burst": 100000, **OPEN_DOOR}
        with ExitStack() as stack:
            server = stack.enter_context(running_server(folder, **settings))
            nginx = stack.enter_context(nchan(folder / "nginx"))
            others = [stack.enter_context(node(peer)) for peer in NODE_PEERS]
            uvloop.run(compare(server.pid, server.port, nginx.pid, nginx.port, others))


if __name__ == "__main__":
    main()
