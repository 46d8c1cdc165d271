"""How many messages a second one node brings into Redis, what each costs, and how late they are heard.

The node is the broker alone, with a real Redis and SQLite as its archive, in a process of its own: what comes
before it, the socket of who speaks, is measured by `fanout` and `storm`. A message is late by the time from
`append` to its delivery on the same node, which has been to Redis and back.
"""

import asyncio
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench.measure import cpu_s
from chat.broker import Draft, Entry, Outcome, Stored
from chat.fields import Author
from chat.limits import ChatLimits
from streamer.broker_redis.broker import RedisBroker
from streamer.broker_redis.url import read_url
from streamer.database import open_database
from streamer.launch import SWITCH_S
from tests.support.redis import running_redis

TARGET_PER_S = 8000
TARGET_P99_MS = 25.0
ROOMS = 50
WAITING = 1000  # appends that are not settled, at most
LONG_S = 8.0
ROUNDS = 3
TURN_S = 0.001
WORDS = "what a song listen to bass drums again tonight louder please who plays".split()
AUTHOR = Author("ann", "Ann")


class Load:
    """Appends to many rooms, and hears them all."""

    def __init__(self, broker: RedisBroker) -> None:
        self.broker = broker
        self.begun: dict[str, float] = {}
        self.late_ms: list[float] = []
        self.settled = 0
        self.failed: list[Outcome] = []
        self.number = 0
        for room in range(ROOMS):
            broker.subscribe(f"room-{room}", partial(self.hear, f"room-{room}"), lambda _: None)

    def say(self) -> None:
        self.number += 1
        room, nonce = f"room-{self.number % ROOMS}", f"n{self.number}"
        draft = Draft(
            room, nonce, AUTHOR, f"id{self.number:012}", time.time_ns() // 1_000_000, body=self.body()
        )
        self.begun[draft.id] = time.perf_counter()
        self.broker.append(draft, self.settle)

    def body(self) -> str:
        said = (WORDS[self.number * step % len(WORDS)] for step in (1, 3, 5, 7, 11, 17))
        return f"{' '.join(said)} {self.number}"

    def settle(self, outcome: Outcome) -> None:
        self.settled += 1
        if not isinstance(outcome, Stored):
            self.failed.append(outcome)

    def hear(self, room: str, epoch: str, entries: Sequence[Entry]) -> None:
        now_s = time.perf_counter()
        for entry in entries:
            at = entry.payload.index(b'"id":"') + 6
            id = entry.payload[at : entry.payload.index(b'"', at)].decode()
            self.late_ms.append((now_s - self.begun.pop(id)) * 1000)

    async def as_fast_as_it_goes(self, for_s: float) -> float:
        """Appends a second."""
        begun_s, settled = time.perf_counter(), self.settled
        while (passed_s := time.perf_counter() - begun_s) < for_s:
            while self.number - self.settled < WAITING:
                self.say()
            await asyncio.sleep(0)
        return (self.settled - settled) / passed_s

    async def steadily(self, for_s: float, per_s: float) -> None:
        begun_s, said = time.perf_counter(), 0
        while (passed_s := time.perf_counter() - begun_s) < for_s:
            while said < passed_s * per_s:
                self.say()
                said += 1
            await asyncio.sleep(TURN_S)

    async def rest(self) -> None:
        while self.begun:  # noqa: ASYNC110  # which has no event of its own
            await asyncio.sleep(0.01)


async def measure(url: str, redis_pid: int, folder: str, results: "multiprocessing.Queue[Any]") -> None:
    sys.setswitchinterval(SWITCH_S)
    engine = await open_database(f"sqlite:///{folder}/veza.db")
    broker = RedisBroker(read_url(url), engine, ChatLimits())
    assert await broker.prepare() is None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(broker.run())
        load = Load(broker)
        for room in range(ROOMS):
            await broker.read(f"room-{room}", None, 1)
        await load.as_fast_as_it_goes(1.0)
        node_s, redis_s, settled = own_cpu_s(), cpu_s(redis_pid), load.settled
        rate = await load.as_fast_as_it_goes(LONG_S)
        done = load.settled - settled
        results.put((rate, (own_cpu_s() - node_s) / done * 1e6, (cpu_s(redis_pid) - redis_s) / done * 1e6))
        await load.rest()
        behind, begun_s = broker.kept, time.perf_counter()
        while broker.kept:  # noqa: ASYNC110  # the archive has no event for this
            await asyncio.sleep(0.1)
        results.put(behind / (time.perf_counter() - begun_s))
        load.late_ms.clear()
        await load.steadily(LONG_S, TARGET_PER_S / 2)
        await load.rest()
        late = sorted(load.late_ms)
        results.put((late[len(late) // 2], late[len(late) * 99 // 100], late[-1], len(load.failed)))
        await broker.close()
    await engine.dispose()


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_node(url: str, redis_pid: int, folder: str, results: "multiprocessing.Queue[Any]") -> None:
    uvloop.run(measure(url, redis_pid, folder, results))


def main() -> None:
    fresh = multiprocessing.get_context("spawn")
    rates, p99s = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            with running_redis(folder / "redis", "--appendonly", "yes") as redis:
                results: multiprocessing.Queue[Any] = fresh.Queue()
                node = fresh.Process(target=run_node, args=(redis.url, redis.pid, temporary, results))
                node.start()
                rate, node_us, redis_us = results.get()
                archived_per_s = results.get()
                middle_ms, p99_ms, worst_ms, failed = results.get()
                node.join()
        rates.append(rate)
        p99s.append(p99_ms)
        print(
            f"{rate:.0f} appends/s; CPU per append: node {node_us:.0f} us, Redis {redis_us:.0f} us; "
            f"archived {archived_per_s:.0f}/s; at "
            f"{TARGET_PER_S // 2}/s heard after {middle_ms:.1f} ms, p99 {p99_ms:.1f} ms, worst {worst_ms:.1f}"
            f" ms, {failed} not stored",
            flush=True,
        )
    told = (("appends/s", median(rates), median(rates) >= TARGET_PER_S, f">= {TARGET_PER_S}"),)
    late = (("p99 ms", median(p99s), median(p99s) < TARGET_P99_MS, f"< {TARGET_P99_MS}"),)
    for name, value, met, aim in told + late:
        print(f"{name}: {value:.1f} (aim {aim}: {'met' if met else 'MISSED'})", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", os.getcwd())
    main()
