"""Redis dies, forgets, stalls, fills up and changes hands, under load: what was acknowledged stays."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chat.broker import Draft, Entry, NotStored, Stored
from chat.entries import split_entry
from streamer.broker_redis import branch, script
from streamer.broker_redis.kept import Kept
from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import Line
from streamer.broker_redis.link import RedisStats
from streamer.broker_redis.logs import Logs
from streamer.broker_redis.recovery import BARRIER_S, Recovery
from streamer.broker_redis.url import read_url
from streamer.database import open_database
from streamer.lane import Lane
from tests.support.redis import Redis, find_server
from tests.support.severing import severable
from tests.support.talkers import ROOM, Node, Talkers, check, draft, running_node

pytestmark = pytest.mark.skipif(
    find_server() is None and os.environ.get("CI") != "true", reason="redis-server is not installed"
)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'veza.db'}"


@asynccontextmanager
async def two_nodes(redis_url: str, database_url: str) -> AsyncIterator[tuple[Node, Node]]:
    async with running_node(redis_url, database_url) as one, running_node(redis_url, database_url) as other:
        yield one, other


async def test_redis_killed_and_restarted_without_its_data(redis: Redis, database_url: str) -> None:
    async with two_nodes(redis.url, database_url) as nodes:
        talkers = Talkers(nodes)
        talkers.start()
        for _ in range(2):
            await talkers.more(200)
            redis.kill()
            await asyncio.sleep(1)
            redis.start()
            await talkers.more(200)
        await talkers.stop()
        await check(nodes, talkers)
        for node in nodes:
            assert node.link == [False, True] * 2


async def test_redis_killed_and_restarted_with_its_data(tmp_path: Path, database_url: str) -> None:
    redis = Redis(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "everysec")
    redis.start()
    try:
        async with two_nodes(redis.url, database_url) as nodes:
            talkers = Talkers(nodes)
            talkers.start()
            await talkers.more(300)
            redis.kill()
            redis.start()
            await talkers.more(300)
            await talkers.stop()
            await check(nodes, talkers)
    finally:
        redis.kill()


async def test_redis_stands_still_for_a_while(redis: Redis, database_url: str) -> None:
    async with two_nodes(redis.url, database_url) as nodes:
        talkers = Talkers(nodes)
        talkers.start()
        await talkers.more(100)
        redis.pause()
        for node in nodes:
            await node.until(lambda node=node: node.link == [False])
        redis.go_on()
        await talkers.more(100)
        await talkers.stop()
        assert not talkers.not_stored
        await check(nodes, talkers)


async def test_who_waits_too_long_is_told(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch, "GIVE_UP_S", 1.0)
    async with running_node(redis.url, database_url) as node:
        redis.pause()
        outcome = await node.append(draft("a"))
        assert isinstance(outcome, NotStored)
        assert "may turn out to be stored" in outcome.reason
        redis.go_on()
        await node.until(lambda: node.broker.trouble is None)
        assert await node.append(draft("a")) == Stored(1, "id-ann-a")
        assert await node.append(draft("b")) == Stored(2, "id-ann-b")
        await node.until_heard(2)
        breaks = node.broker.stats.breaks_total
        before = breaks["writing"]
        redis.kill()
        await node.until(lambda: breaks["writing"] > before)
        outcome = await node.append(draft("c"))
        assert isinstance(outcome, NotStored)
        assert "can't be reached" in outcome.reason
        redis.start()
        # What Redis forgot is put back first, which takes longer than a draft has here.
        await node.until(lambda: node.broker.trouble is None)
        assert [await node.append(draft(nonce)) for nonce in "bc"] == [
            Stored(2, "id-ann-b"),
            Stored(3, "id-ann-c"),
        ]
        assert await node.archived() == [(1, "a"), (2, "b"), (3, "c")]


async def test_too_many_that_wait_are_refused_at_once(
    redis: Redis, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch, "MAX_DRAFTS", 10)
    async with running_node(redis.url, database_url) as node:
        redis.pause()
        waiting = [asyncio.ensure_future(node.append(draft(str(number)))) for number in range(12)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().reason[:17] for task in done] == ["too many messages"] * len(done)  # type: ignore[union-attr]
        redis.go_on()
        outcomes = await asyncio.gather(*waiting)
        assert [type(outcome) for outcome in outcomes] == [Stored] * 10 + [NotStored] * 2


async def test_lines_are_cut_again_and_again(redis: Redis, database_url: str) -> None:
    async with two_nodes(redis.url, database_url) as nodes:
        talkers = Talkers(nodes)
        talkers.start()
        for _ in range(10):
            await talkers.more(30)
            redis.say("CLIENT", "KILL", "TYPE", "normal")
            await talkers.more(10)
            redis.say("CLIENT", "KILL", "TYPE", "pubsub")
        await talkers.stop()
        assert not talkers.not_stored
        await check(nodes, talkers)


async def test_a_cut_in_the_middle(redis: Redis, database_url: str) -> None:
    with severable(redis.port) as line:
        url = f"redis://{line.url.removeprefix('http://')}"
        async with running_node(url, database_url) as cut, running_node(redis.url, database_url) as whole:
            nodes = (cut, whole)
            talkers = Talkers(nodes)
            talkers.start()
            for _ in range(5):
                await talkers.more(50)
                line.cut()
                await asyncio.sleep(0.2)
                line.mend()
                await cut.until(lambda: cut.broker.trouble is None)
            await talkers.more(50)
            await talkers.stop()
            assert not talkers.not_stored
            await check(nodes, talkers)
            assert whole.link == []


async def test_memory_is_full(redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url) as node:
        assert await node.append(draft("a")) == Stored(1, "id-ann-a")
        redis.say("CONFIG", "SET", "maxmemory", "1")
        outcome = await node.append(draft("b"))
        assert isinstance(outcome, NotStored)
        assert "maxmemory" in outcome.reason
        await node.until(lambda: node.link == [False])
        assert await node.archived() == [(1, "a")]
        redis.say("CONFIG", "SET", "maxmemory", "0")
        await node.until(lambda: node.link == [False, True])
        assert await node.append(draft("b")) == Stored(2, "id-ann-b")
        await node.until_heard(2)


async def test_a_replica_takes_over(tmp_path: Path, redis: Redis, database_url: str) -> None:
    replica = Redis(tmp_path / "replica", "--replicaof", f"127.0.0.1 {redis.port}")
    replica.start()
    try:
        await until_in_step(redis)
        with severable(redis.port) as line:
            url = f"redis://{line.url.removeprefix('http://')}"
            async with two_nodes(url, database_url) as nodes:
                talkers = Talkers(nodes)
                talkers.start()
                await talkers.more(300)
                line.cut()
                redis.kill()
                replica.say("REPLICAOF", "NO", "ONE")
                line.target_port = replica.port
                line.mend()
                await talkers.more(300)
                await talkers.stop()
                assert not talkers.not_stored
                await check(nodes, talkers)
    finally:
        replica.kill()


async def test_a_replica_that_lags_takes_over(tmp_path: Path, redis: Redis, database_url: str) -> None:
    replica = Redis(tmp_path / "replica", "--replicaof", f"127.0.0.1 {redis.port}")
    replica.start()
    try:
        await until_in_step(redis)
        with severable(redis.port) as line:
            url = f"redis://{line.url.removeprefix('http://')}"
            async with two_nodes(url, database_url) as nodes:
                talkers = Talkers(nodes)
                talkers.start()
                await talkers.more(100)
                replica.say("REPLICAOF", "NO", "ONE")
                await talkers.more(200)  # of which the replica has nothing
                line.cut()
                line.target_port = replica.port
                line.mend()
                await talkers.more(100)
                await talkers.stop()
                await check(nodes, talkers)
    finally:
        replica.kill()


async def test_what_was_offered_to_a_log_of_another_name_is_forgotten(redis: Redis) -> None:
    line, keys = Line(read_url(redis.url), "test"), Keys().room(ROOM)

    def offer(epoch: str, seq: int) -> script.Command:
        head, tail = split_entry(draft(f"n{seq}"))
        entry = Entry(seq, b"%b%d%b" % (head, seq, tail))
        return script.offer(keys, line.run, "PUBLISH", epoch, [(entry, keys.nonce("a", f"n{seq}"), "id")])

    try:
        await line.open()
        await line.ask([script.open_room(keys, line.run, "old", False, 0, [])])
        assert await line.ask([offer("old", 2)]) == [[b"done", 0, 0]]  # it waits for the first
        assert await line.ask([offer("new", 1)]) == [[b"done", 1, 1]]
        assert await line.ask([("XRANGE", keys.log, "2", "+")]) == [[]]
    finally:
        await line.close()


async def test_what_each_node_knows_every_second_of_is_put_back_at_once(
    redis: Redis, database_url: str
) -> None:
    engine = await open_database(database_url)
    lane = Lane(engine, "test")
    lines, stats = [Line(read_url(redis.url), f"test-{place}") for place in range(2)], RedisStats()
    logs = Logs(lines[0], Keys(), lane)
    kept = [Kept(1 << 20) for _ in lines]
    for seq in range(1, 101):
        said = draft(f"n{seq}")
        head, tail = split_entry(said)
        kept[seq % 2].add(ROOM, "e", [Entry(seq, b"%b%d%b" % (head, seq, tail))])
    again: list[Draft] = []
    recoveries = [Recovery(logs, one, "PUBLISH", again.append, stats) for one in kept]
    try:
        for line in lines:
            await line.open()
        # By turns, a number each in a tenth of a second, it would take five times as long.
        await asyncio.gather(*(one.run(line, BARRIER_S) for one, line in zip(recoveries, lines, strict=True)))
        assert (again, stats.renewed_total, stats.restored_total) == ([], 0, 100)
        [answer] = await lines[0].ask([("XRANGE", Keys().room(ROOM).log, "-", "+")])
        assert [id for id, _ in answer] == [b"%d-0" % seq for seq in range(1, 101)]
    finally:
        for line in lines:
            await line.close()
        await lane.close()
        await engine.dispose()


async def test_copies_are_waited_for(tmp_path: Path, redis: Redis, database_url: str) -> None:
    async with running_node(redis.url, database_url, replicas=1) as node:
        outcome = await node.append(draft("a"))
        assert isinstance(outcome, NotStored)
        assert "replicas" in outcome.reason
        replica = Redis(tmp_path / "replica", "--replicaof", f"127.0.0.1 {redis.port}")
        replica.start()
        try:
            await until_in_step(redis)
            assert await node.append(draft("a")) == Stored(1, "id-ann-a")
            assert await node.append(draft("b")) == Stored(2, "id-ann-b")
            await node.until_heard(2)
        finally:
            replica.kill()


async def until_in_step(redis: Redis) -> None:
    async with asyncio.timeout(30):
        while "state=online" not in redis.say("INFO", "replication"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
