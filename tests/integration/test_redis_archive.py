"""The archive behind the logs in Redis, and what several nodes have in common."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from chat.broker import Charge, Stored, TooFast
from chat.limits import ChatLimits
from streamer import chronicle
from streamer.broker_redis import leases
from streamer.broker_redis.archivist import Archivist
from streamer.broker_redis.keys import SHARDS, Keys, shard_of
from streamer.tables import messages
from tests.support.redis import Redis, find_server
from tests.support.severing import severable
from tests.support.talkers import ROOM, Node, Talkers, check, draft, running_node

pytestmark = pytest.mark.skipif(
    find_server() is None and os.environ.get("CI") != "true", reason="redis-server is not installed"
)
KEYS = Keys().room(ROOM)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'veza.db'}"


async def append_all(node: Node, *nonces: str) -> list[Stored]:
    outcomes = await asyncio.gather(*(node.append(draft(nonce)) for nonce in nonces))
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, Stored)]


async def test_the_log_is_trimmed_behind_the_archive(redis: Redis, database_url: str) -> None:
    limits = ChatLimits(resume_messages=50)
    async with running_node(redis.url, database_url, limits=limits) as node:
        await append_all(node, *(f"n{number}" for number in range(1000)))
        await node.broker.caught_up(ROOM)
        await node.until(lambda: redis.say("XLEN", KEYS.queue) == 0)
        assert redis.say("XLEN", KEYS.log) < 250  # whole blocks of a hundred are let go
        assert redis.say("XPENDING", KEYS.queue, "archive")[0] == 0
        page = await node.broker.read(ROOM, 0, 1000)
        assert [entry.seq for entry in page.entries] == list(range(1, 1001))
        await node.until(lambda: node.broker.kept == 0)


async def test_a_room_at_rest_leaves_redis_and_comes_back(redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url) as node:
        await append_all(node, "a", "b")
        epoch = (await node.broker.read(ROOM, None, 10)).epoch
        await node.broker.caught_up(ROOM)
        await node.until(lambda: redis.say("PTTL", KEYS.log) > 0)
        await node.until(lambda: node.broker.kept == 0)
        redis.say("DEL", KEYS.meta, KEYS.log)
        page = await node.broker.read(ROOM, None, 10)
        assert (page.epoch, page.seq, [entry.seq for entry in page.entries]) == (epoch, 2, [1, 2])
        assert await append_all(node, "b", "c") == [Stored(2, "id-ann-b"), Stored(3, "id-ann-c")]
        assert redis.say("PTTL", KEYS.meta) == -1
        await node.until_heard(3)


async def test_what_a_dead_node_had_taken_is_archived_by_another(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_MS", 500)
    monkeypatch.setattr(leases, "RENEW_S", 0.2)

    async def hang(self: Archivist, names: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Archivist, "_archive", hang)
        patch.setattr(Archivist, "release", lambda self: asyncio.sleep(0))
        async with running_node(redis.url, database_url) as dead:
            await append_all(dead, "a", "b", "c")
            await dead.until(lambda: redis.say("XPENDING", KEYS.queue, "archive")[0] > 0)
    async with running_node(redis.url, database_url) as heir:
        assert [nonce for _, nonce in await heir.archived()] == ["a", "b", "c"]
        await heir.until(lambda: redis.say("XLEN", KEYS.queue) == 0)


async def test_sql_is_away_for_a_while(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError("the disk is on fire")

    async with running_node(redis.url, database_url) as node:
        with monkeypatch.context() as patch:
            patch.setattr(chronicle, "write_once", fail)
            await append_all(node, "a", "b")
            await node.until(lambda: node.broker.stats.archive_failures_total >= 2)
            await append_all(node, "c")
            assert node.broker.stats.archive_lag_s > 0
            assert node.broker.kept == 3
        assert await node.archived() == [(1, "a"), (2, "b"), (3, "c")]


async def test_nonces_and_buckets_are_shared_by_all_nodes(redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url) as one, running_node(redis.url, database_url) as other:
        assert await one.append(draft("a")) == Stored(1, "id-ann-a")
        assert await other.append(replace(draft("a"), id="another")) == Stored(1, "id-ann-a")
        slow = (Charge("account:ann", 60_000, 2),)
        assert isinstance(await one.append(replace(draft("b"), charges=slow)), Stored)
        assert isinstance(await other.append(replace(draft("c", room="else"), charges=slow)), Stored)
        refused = await one.append(replace(draft("d"), charges=slow))
        assert isinstance(refused, TooFast)
        assert 0 < refused.retry_ms <= 60_000


async def test_a_node_that_comes_back_late_loses_nothing(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have taken its numbers meanwhile: what it knows is appended again, and the epoch changes."""

    async def hang(self: Archivist, names: object) -> None:
        await asyncio.Event().wait()

    with severable(redis.port) as line:
        url = f"redis://{line.url.removeprefix('http://')}"
        async with running_node(url, database_url) as late, running_node(redis.url, database_url) as early:
            await append_all(late, "a", "b")
            await late.archived()
            await late.until(lambda: late.broker.kept == early.broker.kept == 0)
            with monkeypatch.context() as patch:
                patch.setattr(Archivist, "_archive", hang)
                early.broker.unsubscribe(ROOM)
                assert [stored.seq for stored in await append_all(late, "c", "d")] == [3, 4]
                await late.until_heard(4)
                line.cut()
                redis.kill()
                redis.start()
                assert await append_all(early, "x") == [Stored(3, "id-ann-x")]
                line.mend()
                await late.until(lambda: len(late.epochs) == 2)
                await late.until_heard(6)
            assert [entry.seq for entry in late.heard] == [1, 2, 3, 4, 4, 5]
            page = await late.broker.read(ROOM, None, 10)
            assert (page.seq, page.epoch) == (5, late.epochs[1])
            assert late.broker.stats.renewed_total == 1


async def test_everything_is_whole_with_nodes_that_come_and_go(redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url) as steady:
        talkers = Talkers([steady])
        talkers.start()
        for _ in range(3):
            async with running_node(redis.url, database_url) as guest:
                others = Talkers([guest])
                others.start()
                await talkers.more(50)
                await others.stop()
        await talkers.stop()
        await check([steady], talkers)


async def test_what_is_deleted_has_no_words_left_in_redis(redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url) as node:
        await append_all(node, "a", "b")
        edit = replace(draft("e"), id="id-ann-a", kind="edited", body="ann says nothing", more={"of": 1})
        gone = replace(draft("d"), id="id-ann-a", kind="deleted", body=None, more={"of": 1})
        await node.append(edit)
        await node.append(gone)
        page = await node.broker.read(ROOM, None, 10)
        assert b"says a" not in b"".join(entry.payload for entry in page.entries)
        await node.broker.caught_up(ROOM)
        assert [id for id, _ in redis.say("XRANGE", KEYS.log, "-", "+")] == ["2-0", "4-0"]
        page = await node.broker.read(ROOM, None, 10)
        said = b"".join(entry.payload for entry in page.entries)
        assert (b"says a" in said, b"nothing" in said, b"says b" in said) == (False, False, True)
        assert [entry.seq for entry in page.entries] == [1, 2, 3, 4]


async def until_shared(nodes: list[Node]) -> None:
    """Wait until each has its share of the shards."""
    shares = {SHARDS // len(nodes), -(-SHARDS // len(nodes))}

    def fair() -> bool:
        held = [sum(node.broker.stats.archive_shards.values()) for node in nodes]
        return sum(held) == SHARDS and set(held) <= shares

    await nodes[0].until(fair)


async def in_sql(node: Node) -> dict[str, list[tuple[int, str]]]:
    async with node.engine.connect() as connection:
        found: dict[str, list[tuple[int, str]]] = {}
        for row in await connection.execute(select(messages).order_by(messages.c.room, messages.c.seq)):
            found.setdefault(row.room, []).append((row.seq, row.nonce))
        return found


async def test_shards_are_shared_by_nodes_that_come_and_go(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_S", 0.5)
    rooms = list({shard_of(f"room-{number}"): f"room-{number}" for number in range(200)}.values())
    assert len(rooms) == SHARDS
    said: dict[str, list[tuple[int, str]]] = {room: [] for room in rooms}
    over = asyncio.Event()

    async def talk(node: Node, room: str) -> None:
        while not over.is_set():
            nonce = str(len(said[room]))
            stored = await node.append(draft(nonce, room=room))
            assert isinstance(stored, Stored)
            said[room].append((stored.seq, nonce))
            await asyncio.sleep(0.02)

    async with running_node(redis.url, database_url) as first, asyncio.TaskGroup() as talking:
        await until_shared([first])
        for room in rooms:
            talking.create_task(talk(first, room))
        async with running_node(redis.url, database_url) as second:
            await until_shared([first, second])
            for node in (first, second):
                before = node.broker.stats.archived_total
                await node.until(lambda node=node, before=before: node.broker.stats.archived_total > before)
            async with running_node(redis.url, database_url) as third:
                await until_shared([first, second, third])
            await until_shared([first, second])
        await until_shared([first])
        over.set()
    async with running_node(redis.url, database_url) as reader:
        for room in rooms:
            await reader.broker.caught_up(room)
        assert await in_sql(reader) == said
        assert reader.broker.stats.archive_failures_total == 0


async def test_the_shards_of_a_dead_node_are_shared_by_the_others(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_MS", 1000)
    monkeypatch.setattr(leases, "RENEW_S", 0.2)
    async with running_node(redis.url, database_url) as one, running_node(redis.url, database_url) as other:
        with monkeypatch.context() as patch:
            patch.setattr(Archivist, "release", lambda self: asyncio.sleep(0))
            async with running_node(redis.url, database_url) as dead:
                await until_shared([one, other, dead])
        await until_shared([one, other])
