"""Everybody is dropped at once: how long until all are back, and until messages are as quick as before.

A real server is stopped (SIGTERM) or killed (SIGKILL) under 5,000 clients, and started again on its port. The
clients are processes of their own, which cost about as much as the server does: on two cores, all is busy.
"""

import asyncio
import multiprocessing
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import uvloop

from bench.crowd import Crowd
from bench.measure import allow_open_files
from bench.peer import free_port
from tests.support.server import start_server

CLIENTS = 5000
PROCESSES = 2
OPENING_PER_S = 400
CALM_S = 5
PATIENCE_S = 90
BACK_TARGET_S = 30
DELAY_TARGET_MS = 100
MESSAGE_CHARS = 160
# (rooms, messages a second in all of them together)
SHAPES = ((1, 2), (100, 100))


@dataclass
class Account:
    """What the crowd of one process has seen."""

    delays_s: list[tuple[float, float]]
    answers: Counter[str]
    wrong: Counter[str]
    ends: dict[str, set[int]]  # room -> seqs at which its clients are


def crowd_process(pipe: Connection, port: int, clients: int, first: int, rooms: int, per_s: float) -> None:
    """Have so many clients; tell the pipe how many are in whenever it asks, and all when it says stop."""
    allow_open_files(clients + 1024)
    uvloop.run(_attend(pipe, port, clients, first, rooms, per_s))


async def _attend(pipe: Connection, port: int, clients: int, first: int, rooms: int, per_s: float) -> None:
    crowd = Crowd(port, clients, rooms, first)
    crowd.open_over(clients * PROCESSES / OPENING_PER_S)
    talking = asyncio.create_task(_talk(crowd, rooms, per_s)) if per_s else None
    while await asyncio.to_thread(pipe.recv) != "stop":
        pipe.send(crowd.joined)
    if talking is not None:
        talking.cancel()
    await asyncio.sleep(1)  # for what is under way
    ends: dict[str, set[int]] = {}
    for client in crowd.clients:
        ends.setdefault(client.room, set()).add(client.seq)
    pipe.send(Account(crowd.delays_s, crowd.answers, crowd.wrong, ends))
    crowd.close()


async def _talk(crowd: Crowd, rooms: int, per_s: float) -> None:
    """The first client of each room in turn, evenly."""
    next_s = time.monotonic()
    while True:
        for speaker in crowd.clients[:rooms]:
            next_s += 1 / per_s
            await asyncio.sleep(next_s - time.monotonic())
            # What is said without a line is not measured: it waits for the line.
            time_said = f"t={time.monotonic_ns()} " if speaker.joined else ""
            speaker.say(time_said.ljust(MESSAGE_CHARS, ".").encode())


class Audience:
    """The processes that the clients are in."""

    def __init__(self, port: int, rooms: int, per_s: float) -> None:
        fresh = multiprocessing.get_context("spawn")
        each = CLIENTS // PROCESSES
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(PROCESSES):
            ours, theirs = fresh.Pipe()
            # Only the first one speaks, so that its clients are in all rooms.
            args = (theirs, port, each, number * each, rooms, per_s if number == 0 else 0)
            process = fresh.Process(target=crowd_process, args=args, daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def joined(self) -> int:
        for pipe in self._pipes:
            pipe.send("how many")
        return sum(pipe.recv() for pipe in self._pipes)

    def until(self, count: int) -> float:
        """Return the monotonic time at which at least, or with 0 exactly, `count` were in."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (joined := self.joined()) < count or (joined and not count):
            if time.monotonic() > deadline_s:
                raise SystemExit(f"after {PATIENCE_S} s {joined} of {count} are in")
            time.sleep(0.05)
        return time.monotonic()

    def stop(self) -> list[Account]:
        for pipe in self._pipes:
            pipe.send("stop")
        accounts = [pipe.recv() for pipe in self._pipes]
        for process in self._processes:
            process.join()
        return accounts


def p99_ms(delays_s: list[float]) -> float:
    return quantiles(delays_s, n=100)[98] * 1000 if len(delays_s) > 1 else float("inf")


@dataclass
class Drop:
    """When things happened, in monotonic seconds."""

    opened_s: float
    dropped_s: float
    ended_s: float
    started_s: float
    back_s: float


def storm(folder: Path, rooms: int, per_s: float, by: signal.Signals) -> tuple[Drop, list[Account]]:
    """Drop everyone once."""
    port = free_port()
    server = start_server(folder, port=port)
    try:
        audience = Audience(port, rooms, per_s)
        opened_s = audience.until(CLIENTS)
        time.sleep(CALM_S)
        dropped_s = time.monotonic()
        server.stop(by)
        ended_s = time.monotonic()
        server = start_server(folder, port=port)
        started_s = time.monotonic()
        back_s = audience.until(CLIENTS)
        time.sleep(CALM_S)
        return Drop(opened_s, dropped_s, ended_s, started_s, back_s), audience.stop()
    finally:
        server.stop()


def report(name: str, drop: Drop, accounts: list[Account], rooms: int) -> None:
    delays = [delay for account in accounts for delay in account.delays_s]

    def p99_between(start_s: float, end_s: float) -> float:
        return p99_ms([delay_s for at_s, delay_s in delays if start_s <= at_s < end_s])

    end_s = drop.back_s + CALM_S
    calm_s = drop.back_s
    while calm_s < end_s - 1 and p99_between(calm_s, end_s) > DELAY_TARGET_MS:
        calm_s += 0.1
    after_ms = p99_between(calm_s, end_s)
    met = calm_s - drop.dropped_s <= BACK_TARGET_S and after_ms <= DELAY_TARGET_MS
    print(
        f"{name}: all back after {drop.back_s - drop.dropped_s:.1f} s, p99 of delivery {after_ms:.0f} ms "
        f"from {calm_s - drop.dropped_s:.1f} s on (aim < {DELAY_TARGET_MS} ms within {BACK_TARGET_S} s: "
        f"{'met' if met else 'MISSED'}); before {p99_between(drop.opened_s, drop.dropped_s):.0f} ms, "
        f"while they came back {p99_between(drop.started_s, drop.back_s):.0f} ms"
    )
    wrong = sum((account.wrong for account in accounts), Counter[str]())
    answers = sum((account.answers for account in accounts), Counter[str]())
    ends = [
        set().union(*(account.ends.get(f"storm-{room}", set()) for account in accounts))
        for room in range(rooms)
    ]
    print(
        f"  the server took {drop.ended_s - drop.dropped_s:.1f} s to end and "
        f"{drop.started_s - drop.ended_s:.1f} s to start; handshakes {dict(answers)}; "
        f"wrong: {dict(wrong) or 'nothing'}; "
        f"rooms whose members ended at different messages: {sum(len(seqs) > 1 for seqs in ends)}",
        flush=True,
    )


def main() -> None:
    for rooms, per_s in SHAPES:
        for by in (signal.SIGTERM, signal.SIGKILL):
            with tempfile.TemporaryDirectory() as temporary:
                name = f"{CLIENTS} clients in {rooms} rooms, {per_s} messages/s, {by.name}"
                report(name, *storm(Path(temporary), rooms, per_s, by), rooms)


if __name__ == "__main__":
    main()
