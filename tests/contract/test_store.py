"""One body of tests on memory, a local folder and a real S3 server; then what a bad S3 does to its client."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer import store_obstore
from streamer.store import MAX_KEYS, Store, StoreFailed, StoreMissing, is_key
from streamer.store_obstore import ObstoreStore, memory_store, open_store
from tests.support.s3 import BUCKET, CREDENTIALS, Gate

LARGE = 20 << 20  # three parts


@pytest.fixture
def gate(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(s3_url)
    for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": gate.url}).items():
        monkeypatch.setenv(name, value)
    yield gate
    gate.close()


@pytest.fixture
def s3(gate: Gate, tmp_path: Path) -> ObstoreStore:
    store = open_store(f"s3://{BUCKET}/{tmp_path.name}", os.environ)
    assert store is not None
    return store


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        return memory_store()
    if request.param == "folder":
        found = open_store(f"file://{tmp_path}/a%20store", {})
        assert found is not None and (tmp_path / "a store").is_dir()
        return found
    asked: Store = request.getfixturevalue("s3")
    return asked


async def put(store: Store, key: str, data: bytes, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    await store.put(key, source)
    source.unlink()


async def keys(store: Store, prefix: str, after: str | None = None, limit: int = MAX_KEYS) -> list[str]:
    return [found.key for found in await store.list(prefix, after=after, limit=limit)]


async def test_what_goes_in_comes_out(store: Store, tmp_path: Path) -> None:
    data = os.urandom(100_000)
    await put(store, "tracks/one/source", data, tmp_path)
    assert await store.get_range("tracks/one/source", 0, len(data)) == data
    assert await store.get_range("tracks/one/source", 99_999, 1) == data[-1:]
    assert await store.get_range("tracks/one/source", 7, 50_000) == data[7:50_007]
    seen = await store.stat("tracks/one/source")
    assert (seen.key, seen.size_bytes) == ("tracks/one/source", len(data))
    assert [seen] == await store.list("tracks")


async def test_a_large_file_goes_in_whole(store: Store, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * (LARGE >> 20) + b"tail"
    await put(store, "tracks/large/flac.mp4", data, tmp_path)
    assert (await store.stat("tracks/large/flac.mp4")).size_bytes == len(data)
    assert await store.get_range("tracks/large/flac.mp4", (16 << 20) - 3, 6) == data[(16 << 20) - 3 :][:6]
    assert await store.get_range("tracks/large/flac.mp4", LARGE, 4) == b"tail"


async def test_an_empty_file_is_an_object_too(store: Store, tmp_path: Path) -> None:
    await put(store, "tracks/one/empty", b"", tmp_path)
    assert (await store.stat("tracks/one/empty")).size_bytes == 0


async def test_a_second_put_replaces_the_first(store: Store, tmp_path: Path) -> None:
    await put(store, "tracks/one/cover", b"first and longer", tmp_path)
    before = await store.stat("tracks/one/cover")
    await put(store, "tracks/one/cover", b"second", tmp_path)
    assert await store.get_range("tracks/one/cover", 0, 6) == b"second"
    assert (await store.stat("tracks/one/cover")).etag != before.etag


async def test_what_is_not_there_is_missing(store: Store) -> None:
    with pytest.raises(StoreMissing, match="tracks/nobody/source"):
        await store.get_range("tracks/nobody/source", 0, 1)
    with pytest.raises(StoreMissing, match="tracks/nobody/source"):
        await store.stat("tracks/nobody/source")
    assert await store.list("tracks/nobody") == []


@pytest.mark.parametrize("offset", [9, 10, 99])
async def test_bytes_that_do_not_exist_are_a_failure_and_never_fewer(
    store: Store, tmp_path: Path, offset: int
) -> None:
    await put(store, "tracks/one/source", b"0123456789", tmp_path)
    with pytest.raises(StoreFailed):
        await store.get_range("tracks/one/source", offset, 2)


async def test_a_file_that_can_not_be_read_is_not_the_stores_fault(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await store.put("tracks/one/source", tmp_path / "nothing")
    assert await store.list("") == []


async def test_lists_come_in_order_and_in_pages(store: Store, tmp_path: Path) -> None:
    names = [f"tracks/{number:02}/{name}" for number in range(5) for name in ("flac.mp4", "source")]
    for name in reversed(names):
        await put(store, name, b"x", tmp_path)
    assert await keys(store, "tracks") == names
    assert await keys(store, "") == names
    paged: list[str] = []
    while page := await keys(store, "tracks", paged[-1] if paged else None, limit=3):
        assert len(page) <= 3
        paged += page
    assert paged == names
    assert await keys(store, "tracks/01") == names[2:4]
    assert await keys(store, "tracks/0") == [], "a prefix is whole segments"


async def test_deleting_is_idempotent(store: Store, tmp_path: Path) -> None:
    for name in ("a/source", "a/cover", "b/source"):
        await put(store, f"tracks/{name}", b"x", tmp_path)
    for _ in range(2):
        await store.delete(["tracks/a/source", "tracks/a/cover", "tracks/none/source"])
        assert await keys(store, "") == ["tracks/b/source"]
    await store.delete([])
    with pytest.raises(StoreMissing):
        await store.stat("tracks/a/source")


async def test_a_put_that_is_cancelled_is_whole_or_nothing(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(LARGE))
    putting = asyncio.create_task(store.put("tracks/one/source", source))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.gather(putting, return_exceptions=True)
    assert [found.size_bytes for found in await store.list("tracks/one")] in ([], [LARGE])


async def test_many_at_once_do_not_disturb_each_other(store: Store, tmp_path: Path) -> None:
    sources = []
    for number in range(20):
        sources.append(tmp_path / f"{number}")
        sources[-1].write_bytes(b"%d" % number * 1000)
    await asyncio.gather(*(store.put(f"tracks/{it.name}/source", it) for it in sources))
    found = await asyncio.gather(*(store.get_range(f"tracks/{it.name}/source", 0, 1000) for it in sources))
    assert found == [it.read_bytes()[:1000] for it in sources]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "A", "a b", "a\n", "ü", "a" * 600]
)
def test_a_key_is_none_of_somebody_elses_words(key: str) -> None:
    assert not is_key(key)


def test_keys_of_ours_are_keys() -> None:
    assert is_key("tracks/01kaj2vqk4d8a1n6v5h2m7x9c3/aac128.mp4")
    assert is_key("tracks/01kaj2vqk4d8a1n6v5h2m7x9c3/cover-512.webp")
    assert MAX_KEYS == 1000


# ---- a bad S3 -----------------------------------------------------------------


async def failure(store: Store, tmp_path: Path, what: str) -> StoreFailed:
    source = tmp_path / "some"
    source.write_bytes(b"x" * 1000)
    asked = {
        "put": lambda: store.put("tracks/one/source", source),
        "get": lambda: store.get_range("tracks/one/source", 0, 1000),
        "stat": lambda: store.stat("tracks/one/source"),
        "list": lambda: store.list("tracks"),
        "delete": lambda: store.delete(["tracks/one/source"]),
    }[what]
    with pytest.raises(StoreFailed) as failed:
        await asked()
    text = str(failed.value)
    assert "\n" not in text and not any(
        secret in text for secret in CREDENTIALS.values() if "-east-" not in secret
    )
    return failed.value


@pytest.mark.parametrize("what", ["put", "get", "stat", "list", "delete"])
@pytest.mark.parametrize(("fault", "retryable"), [("503", True), ("drop", True), ("403", False)])
async def test_a_bad_answer_is_a_typed_failure(
    s3: ObstoreStore, gate: Gate, tmp_path: Path, what: str, fault: str, retryable: bool
) -> None:
    gate.shut(fault)
    failed = await failure(s3, tmp_path, what)
    assert failed.retryable is retryable
    assert len(gate.seen) <= 4, "it is asked again, but not for ever"
    gate.open()
    await put(s3, "tracks/one/source", b"well again", tmp_path)


async def test_an_answer_that_is_cut_never_counts(s3: ObstoreStore, gate: Gate, tmp_path: Path) -> None:
    await put(s3, "tracks/one/source", bytes(1000), tmp_path)
    gate.shut("cut")
    assert (await failure(s3, tmp_path, "get")).retryable
    gate.open()
    assert await s3.get_range("tracks/one/source", 0, 1000) == bytes(1000)


async def test_one_hiccup_is_nobodys_business(s3: ObstoreStore, gate: Gate, tmp_path: Path) -> None:
    await put(s3, "tracks/one/source", b"0123456789", tmp_path)
    hiccups = iter(["503", "drop"])
    gate.judge = lambda method, path: next(hiccups, None)
    assert await s3.get_range("tracks/one/source", 2, 3) == b"234"


async def test_a_store_that_is_silent_costs_a_bounded_wait(
    s3: ObstoreStore, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_obstore, "_WAIT_S", 0.2)
    gate.shut("stall")
    assert (await failure(s3, tmp_path, "get")).retryable
    gate.open()


async def test_a_bucket_that_does_not_exist(gate: Gate, tmp_path: Path) -> None:
    store = open_store("s3://nobody-made-this", os.environ)
    assert store is not None
    assert not (await failure(store, tmp_path, "put")).retryable
    assert "404" in str(await failure(store, tmp_path, "list"))


def test_the_data_folder_itself_is_no_store_of_its_own() -> None:
    assert open_store("file:", {}) is None


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreFailed, match="store_url = "):
        open_store(f"file://{tmp_path}/file/folder", {})
