"""Edits of tags and the work on a track, in the same row, on SQLite and PostgreSQL."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.editor import Editor
from streamer.problems import TrackUnknown
from streamer.shelf import Shelf
from streamer.track import State, TrackRecord, view


def track(number: int = 1) -> TrackRecord:
    return TrackRecord(
        id=f"{number:026}", filename="f.flac", media_type="audio/flac", created_at=1, updated_at=1
    )


class Desk:
    """An editor on a database, and what it announced."""

    def __init__(self, engine: AsyncEngine, tasks: asyncio.TaskGroup) -> None:
        self.told: list[bytes] = []
        self.catalogue = Catalogue(engine)
        self.shelf = Shelf(Path("/nonexistent"), self.catalogue.get, tasks)
        announcer = Announcer(lambda _, news: self.told.append(news), asyncio.get_running_loop())
        self.editor = Editor(self.catalogue, self.shelf, announcer)


async def test_work_and_edits_do_not_undo_each_other(engine: AsyncEngine) -> None:
    async with asyncio.TaskGroup() as tasks:
        desk, record = Desk(engine, tasks), track()
        desk.shelf.hold(record)
        await desk.catalogue.insert(record)
        await desk.editor.edit(record.id, {"title": "Mine"})
        assert b'"title":"Mine"' in desk.told[-1]
        stale = track()  # as the work knew it before the edit
        stale.title, stale.artist, stale.state = "File's", "A", State.PACKAGING
        await desk.catalogue.update(stale)
        found = await desk.catalogue.get(record.id)
        assert found is not None and found.edits == {"title": "Mine"}
        assert (found.title, found.artist, found.state) == ("File's", "A", State.PACKAGING)
        await desk.editor.edit(record.id, {"title": None, "artist": None})
        found = await desk.catalogue.get(record.id)
        assert found is not None
        assert (view(found).title, view(found).artist) == ("File's", None)


async def test_edits_at_once_are_all_kept(engine: AsyncEngine) -> None:
    async with asyncio.TaskGroup() as tasks:
        desks = [Desk(engine, tasks) for _ in range(2)]  # two servers on one database
        await desks[0].catalogue.insert(track())
        names = ("title", "artist", "album", "album_artist", "genre")
        edits = [desks[place % 2].editor.edit(track().id, {name: name}) for place, name in enumerate(names)]
        await asyncio.gather(*edits)
        found = await desks[0].catalogue.get(track().id)
        assert found is not None and found.edits == {name: name for name in names}


async def test_a_record_at_hand_shows_the_last_edit(engine: AsyncEngine) -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = Desk(engine, tasks)
        await desk.catalogue.insert(track())
        loading = tasks.create_task(desk.shelf.get(track().id))
        await asyncio.gather(*(desk.editor.edit(track().id, {"year": year}) for year in range(1, 21)))
        await loading
        (record, found) = (await desk.shelf.get(track().id), await desk.catalogue.get(track().id))
        assert record is not None and found is not None and record.edits == found.edits


async def test_a_track_that_is_not_there(engine: AsyncEngine) -> None:
    async with asyncio.TaskGroup() as tasks:
        for track_id in ("0" * 26, "../etc", "", "\x00"):
            with pytest.raises(TrackUnknown):
                await Desk(engine, tasks).editor.edit(track_id, {"title": "x"})
