"""Stored media through the front door: ranges, one fetch for all, the cap, slow clients, a failing store."""

import asyncio
import contextlib
import itertools
import random
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streamer.resource import Resource, StoredBody
from streamer.store import MAX_KEYS, StoredObject, StoreFailed, StoreMissing
from streamer.store_blocks import BLOCK_BYTES, BlockId, Blocks
from streamer.store_cache import StoreCache
from tests.support.door import Client, Door, Shelf, front_door, until

KEY = "tracks/one/flac.mp4"
PATH = "/hls/flac.mp4"
SIZE = 5 * BLOCK_BYTES + 12_345
DATA = random.Random(4).randbytes(SIZE)


class Objects:
    """A store whose answers a test holds back or spoils."""

    name = "test:"
    folder: Path | None = None

    def __init__(self) -> None:
        self.objects = {KEY: DATA}
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None
        self.failing_from = 0  # bytes before it are given
        self.gets: list[tuple[str, int, int]] = []
        self.cancelled = 0

    async def get_range(self, key: str, offset_bytes: int, size_bytes: int) -> bytes:
        self.gets.append((key, offset_bytes, size_bytes))
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None and offset_bytes >= self.failing_from:
            raise self.failure
        return self.objects[key][offset_bytes : offset_bytes + size_bytes]

    async def put(self, key: str, source: Path) -> None:
        raise NotImplementedError

    async def stat(self, key: str) -> StoredObject:
        raise NotImplementedError

    async def list(
        self, prefix: str, *, after: str | None = None, limit: int = MAX_KEYS
    ) -> list[StoredObject]:
        raise NotImplementedError

    async def delete(self, keys: Sequence[str]) -> None:
        raise NotImplementedError


class Scene:
    """A front door over a cache over a store."""

    def __init__(self, door: Door, store: Objects, cache: StoreCache, folder: Path) -> None:
        self.door, self.store, self.cache, self.folder = door, store, cache, folder

    def on_disk(self) -> int:
        size = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # evicted in this moment
                size += path.stat().st_size
        return size


def stored(key: str = KEY, size: int = SIZE) -> Resource:
    return Resource("audio/mp4", StoredBody(key, size), '"v1"', 1_700_000_000, "immutable")


@asynccontextmanager
async def scene(blocks: int = 16) -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory() as name:
        async with asyncio.TaskGroup() as tasks:
            store, on_disk = Objects(), Blocks(Path(name) / "cache", blocks * BLOCK_BYTES)
            await on_disk.clear()
            cache = StoreCache(store, on_disk, tasks)
            async with front_door(Shelf({PATH: stored()}), cache=cache) as door:
                yield Scene(door, store, cache, Path(name) / "cache")
            on_disk.close()


async def ask(client: Client, span: str | None = None) -> bytes:
    answer = await client.ask(PATH, *([f"Range: bytes={span}"] if span else []))
    assert answer.status == (206 if span else 200)
    return answer.body


async def test_ranges() -> None:
    async with scene() as it:
        client = await it.door.connect()
        edge = BLOCK_BYTES
        for first, last in [(0, 0), (0, 65535), (edge - 10, edge + 9), (edge, 2 * edge - 1), (7, SIZE - 8)]:
            for _ in range(3):  # the third is sent by the kernel
                assert await ask(client, f"{first}-{last}") == DATA[first : last + 1]
        assert await ask(client, "-100") == DATA[-100:]
        assert await ask(client) == DATA
        answer = await client.ask(PATH, f"Range: bytes=0-9,{2 * edge - 5}-{2 * edge + 4}")
        assert answer.status == 206 and DATA[:10] in answer.body
        assert DATA[2 * edge - 5 : 2 * edge + 5] in answer.body
        assert it.cache.stats.misses >= 1 and it.cache.stats.hits >= 10
        assert len(it.store.gets) == 6, "each block once"
        await client.close()


def only_for_aiohttp(it: Scene) -> None:
    """The front door finds nothing; the application that is asked then does."""

    async def find() -> Resource | None:
        return next(found)

    found = itertools.cycle([None, stored()])
    it.door.shelf.resources[PATH] = find


async def test_ranges_through_aiohttp() -> None:
    async with scene() as it:
        only_for_aiohttp(it)
        client = await it.door.connect()
        assert await ask(client) == DATA
        assert await ask(client, f"{BLOCK_BYTES - 10}-{BLOCK_BYTES + 9}") == DATA[BLOCK_BYTES - 10 :][:20]
        assert len(it.store.gets) == 6
        assert (await client.ask(PATH, method="HEAD")).headers["content-length"] == str(SIZE)
        await client.close()


async def test_what_needs_no_bytes_asks_nobody() -> None:
    async with scene() as it:
        client = await it.door.connect()
        head = await client.ask(PATH, method="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, str(SIZE))
        assert (await client.ask(PATH, 'If-None-Match: "v1"')).status == 304
        assert (await client.ask(PATH, 'If-Match: "v2"')).status == 412
        assert (await client.ask(PATH, f"Range: bytes={SIZE}-")).status == 416
        assert it.store.gets == []
        await client.close()


async def test_a_crowd_is_one_fetch() -> None:
    async with scene() as it:
        it.store.open.clear()
        clients = [await it.door.connect() for _ in range(200)]
        asking = [asyncio.create_task(ask(client, "65536-131071")) for client in clients]
        await until(lambda: it.store.gets != [] and it.cache.stats.misses == 200)
        it.store.open.set()
        assert set(await asyncio.gather(*asking)) == {DATA[65536:131072]}
        assert it.store.gets == [(KEY, 0, BLOCK_BYTES)]
        for client in clients:
            await client.close()


def reset(client: Client) -> None:
    """As a browser does that goes elsewhere: nothing more is read, and the other side hears it."""
    client.writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    client.writer.transport.abort()


async def test_who_leaves_cancels_what_nobody_else_waits_for() -> None:
    async with scene() as it:
        it.store.open.clear()
        one, other = await it.door.connect(), await it.door.connect()
        for client in (one, other):
            client.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n".encode())
        await until(lambda: it.cache.stats.misses == 2)
        reset(one)
        await until(lambda: it.door.door.stats.connections_open == 1)
        assert it.store.cancelled == 0, "somebody still waits"
        reset(other)
        await until(lambda: it.store.cancelled == 1)
        it.store.open.set()
        client = await it.door.connect()
        assert await ask(client, "0-9") == DATA[:10]
        await client.close()


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (StoreFailed("s3://secret-name is down", retryable=True), 503),
        (StoreFailed("s3://secret-name refuses", retryable=False), 502),
        (StoreMissing("s3://secret-name has no such key"), 502),
    ],
)
async def test_a_store_that_fails_before_the_head_is_an_error(failure: Exception, status: int) -> None:
    async with scene() as it:
        it.store.failure = failure
        client = await it.door.connect()
        answer = await client.ask(PATH, "Range: bytes=0-9")
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert b"secret-name" not in answer.body
        assert it.cache.stats.failures == 1
        it.store.failure = None
        await client.close()
        client = await it.door.connect()
        assert await ask(client, "0-9") == DATA[:10], "it is asked again when it is well again"
        await client.close()


async def test_a_store_that_fails_in_the_middle_cuts_the_answer() -> None:
    async with scene() as it:
        it.store.failure, it.store.failing_from = StoreFailed("down", retryable=True), 2 * BLOCK_BYTES
        client = await it.door.connect()
        client.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % SIZE in head
        try:
            body = await client.reader.read(-1)
        except ConnectionError:
            body = b""
        assert len(body) <= 2 * BLOCK_BYTES and DATA.startswith(body), "never wrong bytes, never all"
        await client.close()


async def test_the_cap_holds_and_the_bytes_are_right_under_load() -> None:
    async with scene(blocks=2) as it:
        others = {f"tracks/{name}/flac.mp4": random.Random(name).randbytes(SIZE) for name in ("two", "six")}
        it.store.objects |= others
        for key in others:
            it.door.shelf.resources[f"/hls/{key[7:10]}.mp4"] = stored(key)
        whole = {PATH: DATA} | {f"/hls/{key[7:10]}.mp4": data for key, data in others.items()}
        worst = 0

        async def listen(seed: int) -> None:
            nonlocal worst
            chance, client = random.Random(seed), await it.door.connect()
            for _ in range(25):
                path = chance.choice(list(whole))
                first = chance.randrange(SIZE)
                last = min(SIZE - 1, first + chance.choice([10, 100_000, BLOCK_BYTES]))
                answer = await client.ask(path, f"Range: bytes={first}-{last}")
                assert answer.body == whole[path][first : last + 1]
                worst = max(worst, it.on_disk())
            await client.close()

        await asyncio.gather(*(listen(seed) for seed in range(8)))
        assert 0 < worst <= 2 * BLOCK_BYTES
        assert it.cache.blocks.size_bytes <= 2 * BLOCK_BYTES
        assert len(it.store.gets) > 10, "the cap was in the way"


async def test_a_slow_client_holds_little_and_fetches_no_further_than_it_reads() -> None:
    async with scene(blocks=2) as it:
        # Larger than what the kernel keeps for a connection.
        size = 40 * BLOCK_BYTES
        it.store.objects["tracks/two/flac.mp4"] = data = DATA[:BLOCK_BYTES] * 40
        it.door.shelf.resources[PATH] = stored("tracks/two/flac.mp4", size)
        client = await it.door.connect()
        reading: Any = client.writer.transport
        reading.pause_reading()
        client.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: len(it.store.gets) >= 2)

        def held() -> bool:
            return any(file.users for file in it.cache.blocks.files._files.values())

        fetched = -1
        async with asyncio.timeout(20):  # what is evicted leaves the disk, however slowly somebody reads
            while fetched != len(it.store.gets) or held():  # until nothing moves any more
                fetched = len(it.store.gets)
                await asyncio.sleep(0.1)
        assert fetched < 30
        reading.resume_reading()
        await client.reader.readuntil(b"\r\n\r\n")
        assert await client.reader.readexactly(size) == data
        await client.close()


async def test_a_deleted_object_leaves_the_cache_and_its_listeners() -> None:
    async with scene() as it:
        client = await it.door.connect()
        assert await ask(client, "0-9") == DATA[:10]
        it.store.open.clear()
        client.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nRange: bytes={BLOCK_BYTES}-\r\n\r\n".encode())
        await until(lambda: it.cache.stats.misses == 2)
        it.cache.forget("tracks/one")
        assert (await client.receive()).status == 502
        await until(lambda: it.on_disk() == 0)
        assert it.cache.blocks.size_bytes == 0 and BlockId(KEY, 0) not in it.cache.blocks
        await client.close()


async def test_a_full_disk_makes_the_cache_smaller_not_the_listeners_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with scene() as it:
        client = await it.door.connect()
        await ask(client)
        assert it.cache.blocks.size_bytes > 5 * BLOCK_BYTES
        monkeypatch.setattr(it.cache.blocks, "_min_free_bytes", 1 << 60)
        it.store.objects["tracks/two/flac.mp4"] = DATA
        it.door.shelf.resources[PATH] = stored("tracks/two/flac.mp4")
        assert await ask(client) == DATA
        assert it.cache.blocks.size_bytes <= 2 * BLOCK_BYTES
        await client.close()
