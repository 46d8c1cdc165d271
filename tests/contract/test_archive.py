"""What goes to the store, in which order, and what the database says of it meanwhile. On both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hls.model import Rendition, Segment
from streamer import archive as archive_module
from streamer.archive import Archive
from streamer.catalogue import Catalogue
from streamer.store import StoreFailed
from streamer.store_ledger import Place, StoreLedger
from streamer.store_obstore import ObstoreStore, memory_store
from streamer.track import State, TrackRecord

FILES = {"aac128.mp4": 700, "source": 5_000}


class Desk:
    """A catalogue, a ledger, a folder of tracks, and a store that a test may spoil."""

    def __init__(self, engine: AsyncEngine, root: Path) -> None:
        self.catalogue, self.ledger, self.root = Catalogue(engine), StoreLedger(engine), root
        self.store: ObstoreStore = memory_store()
        self.moved: list[str] = []
        self.forgotten: list[str] = []
        self.archive = Archive(
            self.store, self.ledger, root, lambda it, _: self.moved.append(it), self.forgotten.append
        )
        self.catalogue.became_ready, self.catalogue.let_go = self.archive.wake, self.archive.forget

    async def add(self, number: int, media_id: str = "", room: str | None = None) -> str:
        """A ready track with its files; one that was recorded in a room has no source."""
        basics = {"filename": "a", "media_type": "audio/flac", "created_at": 1, "updated_at": 1}
        track = msgspec.convert({"id": f"{number:026}", "media_id": media_id} | basics, TrackRecord)
        if track.media_id == track.id:
            (self.root / track.id).mkdir(parents=True)
            files = {"aac128.mp4": 700, "peaks": 50} if room else FILES
            for name, size in files.items():
                (self.root / track.id / name).write_bytes(bytes(size))
        track.room = room
        await self.catalogue.insert(track)
        track.state, track.playable = State.READY, True
        track.renditions = {"aac128": Rendition("aac128", "mp4a.40.2", 44100, 2, 9, [Segment(9, 9, 9)])}
        await self.catalogue.finish(track)
        return track.id

    async def keys(self) -> list[str]:
        return [found.key for found in await self.store.list("")]


@pytest.fixture
def desk(engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name, value in (("_FIRST_PAUSE_S", 0.01), ("_LONGEST_PAUSE_S", 0.05), ("_LINGER_S", 0.0)):
        monkeypatch.setattr(archive_module, name, value)
    root = tmp_path / "tracks"
    root.mkdir()
    return Desk(engine, root)


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(desk.archive.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_recorded_show_goes_without_a_source(desk: Desk) -> None:
    id = await desk.add(1, room="radio")
    async with running(desk):
        await until(lambda: desk.moved == [id])
    assert len(await desk.keys()) == 2 and not desk.archive.stats.broken


async def test_a_ready_track_goes_and_its_folder_with_it(desk: Desk) -> None:
    early = await desk.add(1)
    async with running(desk):
        late = await desk.add(2)
        await until(lambda: not any(desk.root.iterdir()))
    assert sorted(desk.moved) == [early, late]
    assert await desk.keys() == [f"tracks/{it}/{name}" for it in (early, late) for name in FILES]
    assert await desk.ledger.files(early) == FILES
    found = await desk.catalogue.get(late)
    assert found is not None and found.stored == FILES
    assert (await desk.catalogue.standings())[early].stored
    assert await desk.ledger.count_waiting() == 0


async def test_a_deleted_track_leaves_the_store_with_the_last_that_shares_it(desk: Desk) -> None:
    first = await desk.add(1)
    async with running(desk):
        await until(lambda: desk.moved == [first])
        second = await desk.add(2, media_id=first)
        await desk.catalogue.delete(first)
        assert desk.forgotten == []
        found = await desk.catalogue.get(second)
        assert found is not None and found.stored == FILES
        await desk.catalogue.delete(second)
        assert desk.forgotten == [f"tracks/{first}"], "at once, before the store has heard of it"
        await until(lambda: desk.archive.stats.removed == 1)
    assert await desk.keys() == []
    assert await desk.ledger.all(Place.REMOVING) == []


async def test_what_is_deleted_while_it_is_copied_does_not_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    track, put = await desk.add(1), desk.store.put

    async def put_and_delete(key: str, source: Path) -> None:
        await put(key, source)
        if key.endswith("source"):
            await desk.catalogue.delete(track)

    monkeypatch.setattr(desk.store, "put", put_and_delete)
    async with running(desk):
        await until(lambda: desk.archive.stats.removed == 1)
    assert (desk.moved, await desk.keys()) == ([], [])


async def test_one_that_fails_holds_up_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks, put, bad = [await desk.add(number) for number in range(6)], desk.store.put, True

    async def fail_some(key: str, source: Path) -> None:
        if bad and any(it in key for it in tracks[:3]):
            raise StoreFailed("no", retryable=False)
        await put(key, source)

    monkeypatch.setattr(desk.store, "put", fail_some)
    async with running(desk):
        await until(lambda: len(desk.moved) == 3)
        assert sorted(desk.moved) == tracks[3:]
        assert all((desk.root / it / "source").is_file() for it in tracks[:3])
        bad = False
        await until(lambda: len(desk.moved) == 6)
    assert desk.archive.stats.failures > 0


async def test_a_put_that_did_not_take_is_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    track, put, short = await desk.add(1), desk.store.put, True

    async def put_less(key: str, source: Path) -> None:
        if short and key.endswith("mp4"):
            source = desk.root / "less"
            source.write_bytes(b"less")
        await put(key, source)

    monkeypatch.setattr(desk.store, "put", put_less)
    async with running(desk):
        await until(lambda: desk.archive.stats.failures > 1)
        assert (desk.moved, (desk.root / track / "aac128.mp4").stat().st_size) == ([], 700)
        short = False
        await until(lambda: desk.moved == [track])


async def test_a_track_whose_source_is_gone_stays_and_is_counted(desk: Desk) -> None:
    track = await desk.add(1)
    (desk.root / track / "source").unlink()
    async with running(desk):
        other = await desk.add(2)
        await until(lambda: desk.moved == [other] and desk.archive.stats.broken == 1)
    assert (desk.root / track / "aac128.mp4").is_file()


async def test_copies_that_a_killed_process_left_go_and_what_came_later_stays(desk: Desk) -> None:
    track = await desk.add(1)
    assert await desk.ledger.begin(track)
    assert await desk.ledger.finish(track, FILES)
    (desk.root / track / "later").write_bytes(b"x")
    async with running(desk):
        await until(lambda: [it.name for it in (desk.root / track).iterdir()] == ["later"])
