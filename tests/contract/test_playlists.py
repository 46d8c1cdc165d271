"""Playlists, on SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.catalogue import Catalogue
from streamer.ids import spell
from streamer.playlist import NewEntry, NewPlaylist, Order, PlaylistEdit
from streamer.playlist_rows import PlaylistRows
from streamer.playlists import Playlists
from streamer.problems import (
    EntryUnknown,
    PlaylistFull,
    PlaylistUnknown,
    RequestInvalid,
    RevisionWrong,
    TrackUnknown,
)
from streamer.search import Search
from streamer.shelf import Shelf
from streamer.showcase import Showcase
from streamer.track import State, TrackRecord


def track_id(number: int) -> str:
    return f"{number:026}"


class Desk:
    """Playlists on a database, and some tracks."""

    def __init__(self, engine: AsyncEngine, tasks: asyncio.TaskGroup) -> None:
        self.catalogue = Catalogue(engine)
        showcase = Showcase(self.catalogue, Shelf(Path("/nonexistent"), self.catalogue.get, tasks))
        rows, numbers, clock = PlaylistRows(engine), count(1), count(1000)
        self.search = Search(engine, showcase, rows)
        self.playlists = Playlists(rows, showcase, lambda: next(clock), lambda: spell(next(numbers)))

    async def tracks(self, *numbers: int) -> None:
        for number in numbers:
            known: dict[str, Any] = {"filename": "f", "media_type": "a/b", "state": State.READY}
            known |= {"created_at": 1, "updated_at": 1, "duration_ms": 1000}
            await self.catalogue.insert(TrackRecord(id=track_id(number), **known))

    async def made(self, *numbers: int, title: str = "P") -> str:
        playlist = await self.playlists.create(NewPlaylist(title))
        for number in numbers:
            await self.playlists.add(playlist.id, NewEntry(track_id(number)), None)
        return playlist.id

    async def inside(self, playlist: str) -> list[int]:
        return [int(item.track.id) for item in (await self.playlists.get(playlist)).items]


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[Desk]:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(engine, tasks)
        await desk.tracks(*range(1, 6))
        yield desk


async def test_a_playlist_is_made_changed_and_deleted(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        made = await desk.playlists.create(NewPlaylist("  Für Elise ", "one\r\n two\t3 "))
        assert (made.title, made.description, made.revision) == ("Für Elise", "one\ntwo 3", 1)
        assert (made.track_count, made.duration_ms, made.links.page) == (0, 0, f"/p/{made.id}")
        await desk.playlists.add(made.id, NewEntry(track_id(1)), None)
        await desk.playlists.add(made.id, NewEntry(track_id(1)), None)
        edited = await desk.playlists.edit(made.id, PlaylistEdit(description=None), None)
        assert (edited.title, edited.description, edited.revision) == ("Für Elise", None, 4)
        assert (edited.track_count, edited.duration_ms) == (2, 2000)
        assert edited.created_at == made.created_at and edited.updated_at > made.updated_at
        assert (await desk.search.find("fur el", limit=1, cursor=None)).playlists == [edited]
        await desk.playlists.edit(made.id, PlaylistEdit(title="Other"), None)
        assert (await desk.search.find("fur el", limit=1, cursor=None)).playlists == []
        await desk.playlists.delete(made.id, None)
        assert (await desk.search.find("other", limit=1, cursor=None)).playlists == []
        with pytest.raises(PlaylistUnknown):
            await desk.playlists.get(made.id)
        assert await desk.catalogue.get(track_id(1)) is not None


async def test_entries_go_where_they_are_put(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist = await desk.made(1, 2)
        for number, at in ((3, 0), (4, 1), (5, 99), (1, 5)):
            await desk.playlists.add(playlist, NewEntry(track_id(number), at), None)
        assert await desk.inside(playlist) == [3, 4, 1, 2, 5, 1]
        items = (await desk.playlists.get(playlist)).items
        backwards = [item.id for item in reversed(items)]
        assert (await desk.playlists.order(playlist, Order(backwards), None)).revision == 8
        assert await desk.inside(playlist) == [1, 5, 2, 1, 4, 3]
        assert await desk.playlists.remove(playlist, items[0].id, None) == 9
        assert await desk.inside(playlist) == [1, 5, 2, 1, 4]


async def test_a_place_never_runs_out_of_numbers(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist = await desk.made(1, 2)
        expected = [1, 2]
        for turn in range(80):
            number = 3 + turn % 3
            await desk.playlists.add(playlist, NewEntry(track_id(number), 1), None)
            expected.insert(1, number)
        for _ in range(40):
            await desk.playlists.add(playlist, NewEntry(track_id(5), 0), None)
            expected.insert(0, 5)
        assert await desk.inside(playlist) == expected


async def test_an_order_has_every_entry_once(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist, other = await desk.made(1, 2), await desk.made(3)
        one, two = (item.id for item in (await desk.playlists.get(playlist)).items)
        (strange,) = (item.id for item in (await desk.playlists.get(other)).items)
        for wrong in ([], [one], [one, one], [one, two, strange], [one, strange], [one, two, "\x00"]):
            with pytest.raises(RequestInvalid):
                await desk.playlists.order(playlist, Order(wrong), None)
        with pytest.raises(EntryUnknown):
            await desk.playlists.remove(playlist, strange, None)
        assert (await desk.playlists.get(playlist)).revision == 3
        empty = await desk.made()
        assert (await desk.playlists.order(empty, Order([]), None)).revision == 2


async def test_who_is_late_changes_nothing(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist = await desk.made(1, 2)
        before = await desk.playlists.get(playlist)
        late = before.revision - 1
        ids = [item.id for item in before.items]
        changes = (
            desk.playlists.edit(playlist, PlaylistEdit(title="x"), late),
            desk.playlists.add(playlist, NewEntry(track_id(3)), late),
            desk.playlists.order(playlist, Order(ids[::-1]), late),
            desk.playlists.remove(playlist, ids[0], late),
            desk.playlists.delete(playlist, late),
        )
        for change in changes:
            with pytest.raises(RevisionWrong, match=f"revision {before.revision}, not at {late}"):
                await change
        assert await desk.playlists.get(playlist) == before


async def test_of_two_at_once_with_the_same_revision_one_is_told(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist = await desk.made()
        adding = (desk.playlists.add(playlist, NewEntry(track_id(n)), 1) for n in (1, 2, 3))
        done = await asyncio.gather(*adding, return_exceptions=True)
        assert sorted(type(one).__name__ for one in done) == ["RevisionWrong", "RevisionWrong", "tuple"]
        many = (desk.playlists.add(playlist, NewEntry(track_id(1 + n % 5), n), None) for n in range(20))
        await asyncio.gather(*many)
        found = await desk.playlists.get(playlist)
        assert (found.track_count, len(found.items), found.revision) == (21, 21, 22)


async def test_a_deleted_track_leaves_its_playlists(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        playlist, other = await desk.made(1, 2, 1, 3), await desk.made(2)
        await desk.catalogue.delete(track_id(1))
        found = await desk.playlists.get(playlist)
        assert ([int(item.track.id) for item in found.items], found.revision) == ([2, 3], 6)
        assert (await desk.playlists.get(other)).revision == 2
        async with engine.begin() as connection:  # whoever deletes the row
            await connection.execute(sa.text("DELETE FROM tracks"))
        assert (await desk.playlists.get(playlist)).track_count == 0


async def test_bounds(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamer.playlist_rows.MAX_ENTRIES", 2)
    monkeypatch.setattr("streamer.playlist_rows.MAX_PLAYLISTS", 2)
    async with opened(engine) as desk:
        playlist = await desk.made(1, 2)
        with pytest.raises(PlaylistFull):
            await desk.playlists.add(playlist, NewEntry(track_id(3)), None)
        await desk.made()
        with pytest.raises(PlaylistFull):
            await desk.made()
        assert len((await desk.playlists.page(limit=9, cursor=None)).items) == 2


async def test_pages_go_from_new_to_old(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        made = [await desk.made(title=str(number)) for number in range(5)]
        first = await desk.playlists.page(limit=3, cursor=None)
        rest = await desk.playlists.page(limit=3, cursor=first.next)
        assert [one.id for one in (*first.items, *rest.items)] == made[::-1]
        assert rest.next is None


async def test_what_is_not_there(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        there = await desk.made()
        for playlist in ("0" * 26, "", "\x00", "../x", "\ud800"):
            unknown = (
                desk.playlists.get(playlist),
                desk.playlists.edit(playlist, PlaylistEdit(title="x"), 1),
                desk.playlists.add(playlist, NewEntry(track_id(1)), None),
                desk.playlists.order(playlist, Order([]), None),
                desk.playlists.remove(playlist, track_id(1), None),
                desk.playlists.delete(playlist, None),
            )
            for asked in unknown:
                with pytest.raises(PlaylistUnknown):
                    await asked
            with pytest.raises(TrackUnknown):
                await desk.playlists.add(there, NewEntry(playlist), None)
            with pytest.raises(EntryUnknown):
                await desk.playlists.remove(there, playlist, None)


async def test_texts_that_are_none(engine: AsyncEngine) -> None:
    async with opened(engine) as desk:
        for title, description in ((" ", None), ("a\nb", None), ("a", "\x00"), ("a", "x\u202ey")):
            with pytest.raises(RequestInvalid):
                await desk.playlists.create(NewPlaylist(title, description))
        assert (await desk.playlists.page(limit=9, cursor=None)).items == []
