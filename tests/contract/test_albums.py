"""Albums follow from the tracks, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from hls.loudness import Histogram, combine
from streamer.album import Album, AlbumWithTracks
from streamer.albums import Albums
from streamer.catalogue import Catalogue
from streamer.discography import MAX_MEASURED, AlbumLevel
from streamer.playlist_rows import PlaylistRows
from streamer.problems import AlbumUnknown, RequestInvalid
from streamer.schema import migration_config
from streamer.search import Search
from streamer.shelf import Shelf
from streamer.showcase import Showcase
from streamer.track import State, TrackRecord


def histogram(lufs: float) -> bytes:
    counted = Histogram()
    for _ in range(50):
        counted.count(lufs, lufs)
    counted.true_peak_dbtp = lufs + 10
    return counted.to_bytes()


def track(number: int, **tags: Any) -> TrackRecord:
    basics = {"filename": f"{number}.wav", "media_type": "audio/wav", "playable": True, "duration_ms": 1000}
    times = {"state": State.READY, "created_at": 1, "updated_at": 1}
    return TrackRecord(id=f"{number:026}", **(basics | times | tags))  # type: ignore[arg-type]


class Shop:
    """The albums on a database."""

    def __init__(self, engine: AsyncEngine, tasks: asyncio.TaskGroup) -> None:
        self.catalogue = Catalogue(engine)
        shelf = Shelf(Path("/nonexistent"), self.catalogue.get, tasks)
        showcase = Showcase(self.catalogue, shelf)
        self.albums = Albums(engine, showcase)
        self.search = Search(engine, showcase, PlaylistRows(engine))
        self.levels: list[AlbumLevel] = []
        self.catalogue.tell = self.levels.extend

    async def put(self, *records: TrackRecord) -> None:
        for record in records:
            await self.catalogue.insert(record)
            await self.catalogue.update(record)

    async def all(self, **asked: Any) -> list[Album]:
        return (await self.albums.page(**({"limit": 200, "cursor": None, "artist": None} | asked))).items

    async def only(self) -> AlbumWithTracks:
        (album,) = await self.all()
        return await self.albums.get(album.id)


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[Shop]:
    async with asyncio.TaskGroup() as tasks:
        yield Shop(engine, tasks)


def numbers(album: AlbumWithTracks) -> list[int]:
    return [int(track.id) for track in album.tracks]


async def test_an_album_is_made_of_its_tracks(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        blue = {"album": "Blue", "album_artist": "Joni"}
        await shop.put(
            track(1, **blue, track_number=2, year=1971, cover_type="image/png"),
            track(2, **blue, track_number=1, artist="Guest"),
            track(3, **(blue | {"album": "BLUE"}), disc_number=2, track_number=1, year=1970),
            track(4, **blue),
            track(5, album="Other"),
            track(6, artist="No album"),
            track(7, **blue, playable=False, state=State.PACKAGING),
        )
        other, album = await shop.all()
        assert (other.title, other.artist, other.track_count) == ("Other", None, 1)
        whole = await shop.albums.get(album.id)
        assert numbers(whole) == [2, 1, 4, 3]
        assert (whole.title, whole.artist, whole.year) == ("Blue", "Joni", 1970)
        assert (whole.track_count, whole.duration_ms, whole.loudness) == (4, 4000, None)
        assert whole.links.cover == f"/api/v1/tracks/{track(1).id}/cover"
        assert whole.links.page == f"/a/{album.id}"
        assert {one.links.album for one in whole.tracks} == {whole.links.self}
        assert (await shop.search.find("blue jo", limit=1, cursor=None)).albums == [album]


async def test_it_follows_what_becomes_of_them(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        one, two = (track(number, album="A", artist="X", track_number=number) for number in (1, 2))
        await shop.put(one, two)
        before = await shop.only()
        two.album = "B"
        await shop.catalogue.update(two)
        assert [(album.title, album.track_count) for album in await shop.all()] == [("A", 1), ("B", 1)]
        two.album = "a"
        await shop.catalogue.update(two)
        assert await shop.only() == before or numbers(await shop.only()) == [1, 2]
        two.playable = False
        await shop.catalogue.update(two)
        assert numbers(await shop.only()) == [1]
        await shop.catalogue.delete(one.id)
        assert await shop.all() == []
        assert (await shop.search.find("a x", limit=1, cursor=None)).albums == []
        with pytest.raises(AlbumUnknown):
            await shop.albums.get(before.id)


async def test_its_loudness_is_known_when_all_of_it_is(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        loud, quiet = (
            track(number, album="A", loudness_histogram=histogram(lufs))
            for number, lufs in ((1, -10.0), (2, -16.0))
        )
        await shop.put(loud)
        alone = combine([histogram(-10.0)])
        assert shop.levels[-1].loudness == alone
        await shop.catalogue.insert(quiet)
        quiet.loudness_histogram, measured = None, quiet.loudness_histogram
        await shop.catalogue.update(quiet)
        assert shop.levels[-1] == AlbumLevel([loud.id, quiet.id], None)
        quiet.loudness_histogram = measured
        await shop.catalogue.update(quiet)
        album = await shop.only()
        assert album.loudness is not None and album.loudness.true_peak_dbtp == 0.0
        assert album.loudness.integrated_lufs == pytest.approx(-12.05, abs=0.06)  # the mean of the energies
        assert [one.album_loudness for one in album.tracks] == [album.loudness] * 2
        found = await shop.catalogue.get(loud.id)
        assert found is not None and found.album_loudness == album.loudness
        assert {one.album_loudness for one in await shop.catalogue.page(limit=9, before=None)} == {
            album.loudness
        }
        shop.levels.clear()
        await shop.catalogue.update(quiet)
        assert shop.levels == [], "nothing changed"
        quiet.album = None
        await shop.catalogue.update(quiet)
        assert sorted(shop.levels, key=str) == sorted(
            [AlbumLevel([loud.id], alone), AlbumLevel([quiet.id], None)], key=str
        )


async def test_an_album_of_very_many_is_not_measured(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_MEASURED >= 100
    monkeypatch.setattr("streamer.discography.MAX_MEASURED", 2)
    async with opened(engine) as shop:
        await shop.put(*(track(n, album="A", loudness_histogram=histogram(-10)) for n in range(3)))
        album = await shop.only()
        assert (album.loudness, {one.album_loudness for one in album.tracks}) == (None, {None})
        assert shop.levels[-1] == AlbumLevel([track(2).id], None)


async def test_pages_by_artist_year_and_title(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        made = [
            ("Aha", None, None),
            ("Zoo", "Ärzte", 1990),
            ("Ape", "Ärzte", 1995),
            ("Bee", "arzte", None),
            ("Cat", "Arztes", 1),
        ]
        for number, (title, artist, year) in enumerate(reversed(made)):
            await shop.put(track(number, album=title, artist=artist, year=year))
        titles: list[str] = []
        cursor = None
        while True:
            page = await shop.albums.page(limit=1, cursor=cursor, artist=None)
            titles += [album.title for album in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert titles == ["Aha", "Zoo", "Ape", "Bee", "Cat"]
        assert [album.title for album in await shop.all(artist="ÄRZTE")] == ["Zoo", "Ape", "Bee"]
        for nobody in ("nobody", "\x00", "\ud800", "\x1f", "%"):
            assert await shop.all(artist=nobody) == []
        for cursor in ("A", "AA", "____", "x" * 101, "4pyT4py"):
            with pytest.raises(RequestInvalid):
                await shop.albums.page(limit=1, cursor=cursor, artist=None)


async def test_many_at_once(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        await asyncio.gather(*(shop.put(track(n, album="AB"[n % 2], track_number=n)) for n in range(30)))
        assert [album.track_count for album in await shop.all()] == [15, 15]
        moves = [shop.catalogue.update(track(n, album="BA"[n % 2], track_number=n + 1)) for n in range(1, 29)]
        await asyncio.gather(*moves, *(shop.catalogue.delete(track(n).id) for n in (0, 29)))
        assert [(album.title, album.track_count) for album in await shop.all()] == [("A", 14), ("B", 14)]
        async with engine.connect() as connection:
            assert (await connection.execute(sa.text("SELECT count(*) FROM album_tracks"))).scalar() == 28


async def test_an_album_that_is_not_there(engine: AsyncEngine) -> None:
    async with opened(engine) as shop:
        for album_id in ("0" * 26, "", "\x00", "../x", "\ud800"):
            with pytest.raises(AlbumUnknown):
                await shop.albums.get(album_id)


async def test_the_migration_makes_albums_of_what_is_there(engine: AsyncEngine) -> None:
    def down_and_up(connection: Connection) -> None:
        command.downgrade(migration_config(connection), "0012")
        command.upgrade(migration_config(connection), "head")

    async with opened(engine) as shop:
        await shop.put(
            *(track(n, album="AB"[n % 2], artist="X", year=2000 - n, cover_type="a/b") for n in range(5))
        )
        before = [await shop.albums.get(album.id) for album in await shop.all()]
        async with engine.begin() as connection:
            await connection.run_sync(down_and_up)
        assert [await shop.albums.get(album.id) for album in await shop.all()] == before
        assert len((await shop.search.find("x", limit=9, cursor=None)).albums) == 2
        await shop.catalogue.update(track(0, album="A", artist="X", loudness_histogram=histogram(-9)))
        assert len(await shop.all()) == 2
