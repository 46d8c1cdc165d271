"""How long a message takes until it is on disk and acknowledged, with everything in one process."""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import msgspec
import uvloop

from bench.subscribers import Subscriber, masked_text_frame
from tests.support.server import running_server

CLIENTS = 10
ROOMS = 3
PER_S = 100  # of all clients
SECONDS = 20
BODY = "x" * 160
TARGET_MS = 20
PATIENCE_S = 10


class Talker(Subscriber):
    """Says something now and then, and notes how long each `ack` takes. They come in order."""

    __slots__ = ("acked_s", "room", "sent_s")

    def __init__(self, port: int, room: str, opened: asyncio.Future[None]) -> None:
        join = msgspec.json.encode({"type": "join", "room": room})
        super().__init__(port, "/ws", [b'{"type":"hello","name":"talker"}', join], opened, lambda _: None)
        self.room = room
        self.sent_s: list[float] = []
        self.acked_s: list[float] = []

    def say(self, nonce: str) -> None:
        send = {"type": "send", "room": self.room, "nonce": nonce, "body": BODY}
        self.sent_s.append(time.perf_counter())
        self.transport.write(masked_text_frame(msgspec.json.encode(send)))

    def data_received(self, data: bytes) -> None:
        self.acked_s += [time.perf_counter()] * data.count(b'"type":"ack"')
        super().data_received(data)


async def measure(port: int) -> list[float]:
    """Milliseconds from the write of each message to its `ack`."""
    loop = asyncio.get_running_loop()
    talkers = [Talker(port, f"acks-{number % ROOMS}", loop.create_future()) for number in range(CLIENTS)]
    for talker in talkers:
        # A default binds this talker, not the last one; the stubs want a factory without arguments.
        await loop.create_connection(lambda made=talker: made, "127.0.0.1", port)  # type: ignore[misc]
        await talker.opened
    await asyncio.sleep(1)
    begun_s = time.perf_counter()
    for count in range(PER_S * SECONDS):
        await asyncio.sleep(begun_s + count / PER_S - time.perf_counter())
        talkers[count % CLIENTS].say(str(count))
    deadline_s = time.perf_counter() + PATIENCE_S
    while any(len(talker.acked_s) < len(talker.sent_s) for talker in talkers):
        if time.perf_counter() > deadline_s:
            raise SystemExit("some messages were never acknowledged")
        await asyncio.sleep(0.01)
    for talker in talkers:
        talker.transport.abort()
    return [
        (acked_s - sent_s) * 1000
        for talker in talkers
        for acked_s, sent_s in zip(talker.acked_s, talker.sent_s, strict=True)
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, running_server(Path(temporary)) as server:
        waits = uvloop.run(measure(server.port))
    p99 = quantiles(waits, n=100)[98]
    print(
        f"{PER_S} messages/s of {CLIENTS} clients, on disk and acknowledged: median {median(waits):.1f} ms, "
        f"p99 {p99:.1f} ms (aim < {TARGET_MS}: {'met' if p99 < TARGET_MS else 'MISSED'})"
    )


if __name__ == "__main__":
    main()
