"""What `chat/broker.py` promises, asked of every broker there is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chat.broker import (
    NONCE_TTL_S,
    Broker,
    Charge,
    Deliver,
    Draft,
    Entry,
    Hear,
    NotStored,
    Outcome,
    Page,
    Stored,
    TooFast,
)
from chat.fields import Author
from chat.limits import ChatLimits
from streamer.broker_memory import MemoryBroker
from streamer.broker_redis.broker import RedisBroker
from streamer.broker_redis.url import read_url
from streamer.database import make_engine, open_database
from streamer.journal import Journal
from tests.support.redis import Redis
from tests.support.redis_cluster import RedisCluster

ANN, BOB = Author("1", "ann"), Author("2", "bob")
START_S = 1_800_000_000.0

Opener = Callable[[], AbstractAsyncContextManager[Broker]]


@dataclass
class Clock:
    now_s: float = START_S
    servers: Sequence[Redis] = ()  # have a clock of their own, which goes on with this one
    still_s: float | None = None

    def __call__(self) -> float:
        return self.now_s

    def stand_still(self) -> None:
        """Whatever this machine takes for a test, no more than `forward` says goes by in Redis either."""
        self.still_s = time.monotonic()

    def forward(self, seconds: float) -> None:
        self.now_s += seconds
        passed_s = seconds if self.still_s is None else seconds - (time.monotonic() - self.still_s)
        for server in self.servers:
            for key in server.say("KEYS", "*"):
                if ":said:" in key or ":bucket:" in key:
                    left_ms = server.say("PTTL", key) - int(passed_s * 1000)
                    if left_ms <= 0:
                        server.say("DEL", key)
                    elif self.still_s is None:
                        server.say("PEXPIRE", key, left_ms)
                    else:
                        server.say("PERSIST", key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


KINDS = (
    "memory on sqlite",
    "memory on postgresql",
    "redis on sqlite",
    "redis on postgresql",
    "redis_cluster on sqlite",
)


@pytest.fixture(params=KINDS)
async def open_broker(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Opener:
    """Opens the broker on a log that outlives it: opening again is a restart."""
    kind, _, database = request.param.partition(" on ")
    opener = memory_broker if kind == "memory" else redis_broker
    if kind != "memory":
        running: Redis | RedisCluster = request.getfixturevalue(kind)
        clock.servers = [running] if isinstance(running, Redis) else running.nodes
        for server in clock.servers:
            server.say("FLUSHALL")
    if database == "sqlite":
        return partial(opener, f"sqlite:///{tmp_path / 'veza.db'}", clock)
    url: str = request.getfixturevalue("postgres_url")
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return partial(opener, url, clock)


@asynccontextmanager
async def memory_broker(url: str, clock: Clock) -> AsyncIterator[Broker]:
    engine = await open_database(url)
    journal = Journal(engine)
    broker = MemoryBroker(journal, clock=clock)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(journal.run())
            yield broker
            await broker.close()
    finally:
        await engine.dispose()


@asynccontextmanager
async def redis_broker(url: str, clock: Clock) -> AsyncIterator[Broker]:
    engine = await open_database(url)
    broker = RedisBroker(read_url(clock.servers[0].url), engine, ChatLimits(), clock=clock)
    assert await broker.prepare() is None
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(broker.run())
            yield broker
            await broker.close()
    finally:
        await engine.dispose()


@dataclass
class Listener:
    """Takes deliveries, and checks that they are in order."""

    log: list[tuple[str, object]] = field(default_factory=list)  # settled and delivered, as it happened
    entries: list[Entry] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    epoch: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, epoch: str, entries: Sequence[Entry]) -> None:
        assert entries
        for entry in entries:
            assert not self.entries or entry.seq == self.entries[-1].seq + 1
            self.entries.append(entry)
            self.log.append(("delivered", entry.seq))
        self.epoch = epoch
        self.changed.set()

    def hear(self, payload: bytes) -> None:
        self.heard.append(payload)
        self.changed.set()

    @property
    def ears(self) -> tuple[Deliver, Hear]:
        return self.deliver, self.hear

    async def until(self, seq: int) -> None:
        async with asyncio.timeout(10):
            while not self.entries or self.entries[-1].seq < seq:
                self.changed.clear()
                await self.changed.wait()


def draft(number: int, *, room: str = "lobby", author: Author = ANN, nonce: str | None = None) -> Draft:
    at = int(START_S * 1000)
    return Draft(room, nonce or f"n{number}", author, f"id{number:05}", at, body=f"message {number}")


def append(broker: Broker, said: Draft, listener: Listener | None = None) -> asyncio.Future[Outcome]:
    outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def settle(verdict: Outcome) -> None:
        if listener is not None:
            listener.log.append(("settled", verdict))
        outcome.set_result(verdict)

    broker.append(said, settle)
    assert not outcome.done(), "settle is never called from within append"
    return outcome


def bodies(entries: Sequence[Entry]) -> list[str]:
    return [json.loads(entry.payload)["body"] for entry in entries]


async def test_a_log_that_nobody_wrote_to_is_empty(open_broker: Opener) -> None:
    async with open_broker() as broker:
        page = await broker.read("lobby", None, 10)
        assert (page.seq, list(page.entries)) == (0, [])
        assert page.epoch


async def test_an_entry_is_the_message_as_everyone_sees_it(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        assert await append(broker, draft(1)) == Stored(1, "id00001")
        await listener.until(1)
        page = await broker.read("lobby", None, 10)
    expected: dict[str, Any] = {
        "type": "message",
        "room": "lobby",
        "seq": 1,
        "id": "id00001",
        "nonce": "n1",
        "author": {"id": "1", "name": "ann"},
        "body": "message 1",
        "at": int(START_S * 1000),
    }
    assert [json.loads(entry.payload) for entry in (*listener.entries, *page.entries)] == [expected] * 2


async def test_promise_1_one_order_without_a_hole(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        outcomes = []
        for number in range(60):
            author = (ANN, BOB)[number % 2]
            outcomes.append(append(broker, draft(number, author=author)))
            append(broker, draft(number, room="elsewhere"))
            if number % 7 == 0:
                await asyncio.sleep(0)
        stored = await asyncio.gather(*outcomes)
        await listener.until(60)
        page = await broker.read("lobby", None, 100)
    assert stored == [Stored(number + 1, f"id{number:05}") for number in range(60)]
    assert bodies(listener.entries) == bodies(page.entries) == [f"message {number}" for number in range(60)]
    assert listener.entries == list(page.entries)


async def test_promise_2_acknowledged_is_durable(open_broker: Opener) -> None:
    async with open_broker() as broker:
        await append(broker, draft(1))
        before = await broker.read("lobby", None, 10)
    async with open_broker() as broker:
        assert await broker.read("lobby", None, 10) == before
        assert await append(broker, draft(2)) == Stored(2, "id00002")
        assert (await broker.read("lobby", None, 10)).epoch == before.epoch


async def test_promise_3_a_nonce_is_stored_once(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        twins = [append(broker, draft(1)), append(broker, draft(2, nonce="n1"))]
        assert await asyncio.gather(*twins) == [Stored(1, "id00001")] * 2
        assert await append(broker, draft(3, nonce="n1")) == Stored(1, "id00001")
        assert await append(broker, draft(4, nonce="n1", author=BOB)) == Stored(2, "id00004")
        assert await append(broker, draft(5, nonce="n1", room="elsewhere")) == Stored(1, "id00005")
        await listener.until(2)
    assert bodies(listener.entries) == ["message 1", "message 4"]


async def test_promise_3_holds_across_a_restart(open_broker: Opener, clock: Clock) -> None:
    async with open_broker() as broker:
        clock.stand_still()
        await append(broker, draft(1))
    clock.forward(NONCE_TTL_S - 1)
    async with open_broker() as broker:
        assert await append(broker, draft(2, nonce="n1")) == Stored(1, "id00001")


async def test_promise_3_ends_after_its_time(open_broker: Opener, clock: Clock) -> None:
    async with open_broker() as broker:
        broker.subscribe("lobby", *Listener().ears)
        await append(broker, draft(1))
        clock.forward(NONCE_TTL_S + 1)
        assert await append(broker, draft(2, nonce="n1")) == Stored(2, "id00002")


async def test_promise_4_the_acknowledgement_comes_first(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        await asyncio.gather(*(append(broker, draft(number), listener) for number in range(1, 30)))
        await listener.until(29)
    for number in range(1, 30):
        settled = listener.log.index(("settled", Stored(number, f"id{number:05}")))
        assert settled < listener.log.index(("delivered", number))


async def test_promise_5_pages_and_deliveries_touch(open_broker: Opener) -> None:
    async with open_broker() as broker:
        broker.subscribe("lobby", *Listener().ears)
        outcomes = []
        for round in range(20):
            listener = Listener()
            broker.subscribe("lobby", *listener.ears)
            outcomes.append(append(broker, draft(2 * round)))
            reading = asyncio.ensure_future(broker.read("lobby", None, 100))
            await asyncio.sleep(0)
            outcomes.append(append(broker, draft(2 * round + 1)))
            page: Page = await reading
            assert [entry.seq for entry in page.entries] == list(range(1, page.seq + 1))
            if page.seq < 2 * round + 2:  # what a page held need not be delivered as well
                await listener.until(2 * round + 2)
                assert listener.entries[0].seq <= page.seq + 1
        await asyncio.gather(*outcomes)


async def test_the_newest_are_read_up_to_a_limit(open_broker: Opener) -> None:
    async with open_broker() as broker:
        await asyncio.gather(*(append(broker, draft(number)) for number in range(1, 11)))

        async def seqs(after: int | None, limit: int) -> tuple[int, list[int]]:
            page = await broker.read("lobby", after, limit)
            return page.seq, [entry.seq for entry in page.entries]

        assert await seqs(None, 3) == (10, [8, 9, 10])
        assert await seqs(7, 100) == (10, [8, 9, 10])
        assert await seqs(4, 2) == (10, [9, 10])
        assert await seqs(10, 5) == (10, [])
        assert await seqs(15, 5) == (10, [])


async def test_after_unsubscribing_nothing_is_delivered(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        waiting = append(broker, draft(1))
        broker.unsubscribe("lobby")
        assert isinstance(await waiting, Stored)
        broker.unsubscribe("lobby")
    assert listener.entries == []


async def test_closing_settles_everything_and_then_refuses(open_broker: Opener) -> None:
    async with open_broker() as broker:
        outcomes = [append(broker, draft(number)) for number in range(5)]
        await broker.close()
        assert [outcome.result() for outcome in outcomes] == [
            Stored(number + 1, f"id{number:05}") for number in range(5)
        ]
        refused = await append(broker, draft(9))
        assert isinstance(refused, NotStored)
        assert refused.reason


async def test_a_bucket_that_is_empty_keeps_a_message_out(open_broker: Opener, clock: Clock) -> None:
    slow = (Charge("a:1", 60_000, 1),)
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        assert await append(broker, replace(draft(1), charges=slow)) == Stored(1, "id00001")
        refused = await append(broker, replace(draft(2), charges=slow))
        assert isinstance(refused, TooFast)
        assert 0 < refused.retry_ms <= 60_000
        again = await append(broker, replace(draft(3, nonce="n1"), charges=slow))
        assert again == Stored(1, "id00001"), "what was said before costs nothing"
        clock.forward(60)
        assert await append(broker, replace(draft(4), charges=slow)) == Stored(2, "id00004")
        await listener.until(2)
    assert bodies(listener.entries) == ["message 1", "message 4"]


async def test_what_is_done_to_a_message_is_in_the_log(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        await append(broker, draft(1))
        edit = Draft("lobby", "e", ANN, "id00001", int(START_S * 1000) + 5, "edited", "better")
        assert await append(broker, edit) == Stored(2, "id00001")
        thumb = Draft("lobby", "r", BOB, "id00001", int(START_S * 1000), "reacted", more={"emoji": "+1"})
        assert await append(broker, thumb) == Stored(3, "id00001")
        await listener.until(3)
        await broker.caught_up("lobby")
        page = await broker.read("lobby", None, 10)
    shown = [json.loads(entry.payload) for entry in listener.entries]
    assert [(event["type"], event["seq"], event["id"]) for event in shown] == [
        ("message", 1, "id00001"),
        ("edited", 2, "id00001"),
        ("reacted", 3, "id00001"),
    ]
    assert (shown[1]["body"], shown[2]["emoji"], "body" in shown[2]) == ("better", "+1", False)
    assert [entry.seq for entry in page.entries] == [1, 2, 3]


async def test_whispers_are_heard_in_order_and_kept_nowhere(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.subscribe("lobby", *listener.ears)
        await broker.read("lobby", None, 1)
        for number in range(5):
            broker.whisper("lobby", b"%d" % number)
        broker.whisper("elsewhere", b"not here")
        async with asyncio.timeout(10):
            while len(listener.heard) < 5:
                listener.changed.clear()
                await listener.changed.wait()
        assert (await broker.read("lobby", None, 10)).seq == 0
    assert listener.heard == [b"0", b"1", b"2", b"3", b"4"]


async def test_a_topic_is_heard_by_who_listens(open_broker: Opener) -> None:
    listener = Listener()
    async with open_broker() as broker:
        broker.listen("bans", listener.hear)
        broker.tell("else", b"not this")
        broker.tell("bans", b"bob")
        async with asyncio.timeout(10):
            await listener.changed.wait()
    assert listener.heard == [b"bob"]
