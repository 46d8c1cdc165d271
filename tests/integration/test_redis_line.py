"""A connection to Redis is given up at whatever moment it is not wanted any more: none is left open."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from streamer.broker_redis.keys import Keys
from streamer.broker_redis.line import Line, LineBroken
from streamer.broker_redis.logs import Logs
from streamer.broker_redis.url import read_url
from streamer.database import open_database
from streamer.lane import Lane
from tests.support.redis import Redis, running_redis
from tests.support.waiting import wait_until

MOMENTS_S = [number * 0.0001 for number in range(20)]  # opening it takes one to two milliseconds
moments = pytest.mark.parametrize("moment_s", MOMENTS_S)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis


@pytest.fixture
def line(redis: Redis) -> Iterator[Line]:
    before = connections(redis)
    yield Line(read_url(redis.url), "veza-test")
    wait_until(lambda: connections(redis) == before, "no connection is left open")


def connections(redis: Redis) -> int:
    """With the one that asks."""
    return len(redis.say("CLIENT", "LIST").splitlines())


@moments
async def test_it_is_closed_while_it_is_opened(line: Line, moment_s: float) -> None:
    opening = asyncio.create_task(line.open())
    await asyncio.sleep(moment_s)
    await line.close()
    with suppress(LineBroken):
        await opening
    assert not line.is_open


@moments
async def test_opening_it_is_cancelled(line: Line, moment_s: float) -> None:
    opening = asyncio.create_task(line.open())
    await asyncio.sleep(moment_s)
    opening.cancel()
    with suppress(asyncio.CancelledError):
        await opening
        await line.close()  # it was quicker


async def test_who_asks_when_all_is_over_opens_nothing(redis: Redis, line: Line, tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path / 'veza.db'}")
    lane = Lane(engine, "test")
    logs = Logs(line, Keys(), lane)
    try:
        assert await logs.ask([("PING",)]) == [b"PONG"]
        await logs.close()
        with pytest.raises(LineBroken, match="let go"):
            await logs.ask([("PING",)])
    finally:
        await lane.close()
        await engine.dispose()
