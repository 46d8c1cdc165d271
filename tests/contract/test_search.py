"""What is found, and in which order, is the same on SQLite and on PostgreSQL."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer.announcer import Announcer
from streamer.catalogue import Catalogue
from streamer.editor import Editor
from streamer.playlist_rows import PlaylistRows
from streamer.schema import migration_config
from streamer.search import Search
from streamer.shelf import Shelf
from streamer.showcase import Showcase
from streamer.track import State, TrackRecord

Tagged = dict[str, Any]
LIBRARY: list[Tagged] = [
    {"title": "Yesterday", "artist": "The Beatles", "album": "Help!", "genre": "Pop"},
    {"title": "Love Me Do", "artist": "The Beatles", "album": "Please Please Me"},
    {"title": "Jóga", "artist": "Björk", "album": "Homogenic", "genre": "Electronic"},
    {"title": "Beatles Medley", "artist": "Stars on 45"},
    {"title": "夜の東京タワー", "artist": "ミラー", "album": "都市"},
    {"title": "Heart 🎵", "artist": "!!!", "album": "÷"},
    {"title": "Highway to Hell", "artist": "AC/DC", "album_artist": "Various Artists"},
    {"filename": "beatles_bootleg-07.flac"},
    {"title": "DROP TABLE tracks; -- \"'", "artist": "Bobby \\ % _ *"},
]


def track(number: int, **tags: Any) -> TrackRecord:
    basics: Tagged = {"filename": f"{number}.wav", "media_type": "audio/wav", "playable": True}
    times = {"state": State.READY, "created_at": 1, "updated_at": 1}
    return TrackRecord(id=f"{number:026}", **(basics | times | tags))


async def put(catalogue: Catalogue, record: TrackRecord) -> None:
    await catalogue.insert(record)
    await catalogue.update(record)


def search_on(engine: AsyncEngine, catalogue: Catalogue, tasks: asyncio.TaskGroup) -> Search:
    shelf = Shelf(Path("/nonexistent"), catalogue.get, tasks)
    return Search(engine, Showcase(catalogue, shelf), PlaylistRows(engine))


async def ask(engine: AsyncEngine, text: str, limit: int = 50, cursor: str | None = None) -> list[int]:
    async with asyncio.TaskGroup() as tasks:
        catalogue = Catalogue(engine)
        search = search_on(engine, catalogue, tasks)
        found = await search.find(text, limit=limit, cursor=cursor)
    return [int(track.id) for track in found.items]


@pytest.fixture
async def library(engine: AsyncEngine) -> AsyncEngine:
    for number, tags in enumerate(LIBRARY):
        await put(Catalogue(engine), track(number, **tags))
    return engine


QUESTIONS: list[tuple[str, list[int]]] = [
    ("yesterday", [0]),
    ("YESTER", [0]),
    ("beatles", [3, 1, 0, 7]),  # in the title, then the artist (newest first), then the file's name
    ("beatles love", [1]),
    ("love beatles", [1]),
    ("b", [3, 8, 2, 1, 0, 7]),
    ("joga bjork", [2]),
    ("JÓGA homogenic", [2]),
    ("electronic", [2]),
    ("東京", [4]),
    ("タワー", [4]),
    ("東", [4]),
    ("ー", [4]),
    ("京東", []),
    ("都市 ミラ", [4]),
    ("🎵", [5]),
    ("!!!", [5]),
    ("!", [5]),
    ("÷", [5]),
    ("acdc", [6]),
    ("ac/dc hell", [6]),
    ("various", [6]),
    ("bootleg 07", [7]),
    ("help!", [0]),
    ("drop table", [8]),
    ("nothing of the sort", []),
]


async def test_what_is_found_and_in_which_order(library: AsyncEngine) -> None:
    answers = [(text, await ask(library, text)) for text, _ in QUESTIONS]
    assert answers == QUESTIONS


HOSTILE = ['"', "*", '"" OR 1', "a AND", "NEAR(a b)", "terms:a", "^a", "a' & !b", "\\", ":*", "(", "%", "-a"]
HOSTILE += [
    "{a b}: c",
    "\x00",
    "\ud800",
    "\u202e",
    "🏳️‍🌈" * 50,
    "東" * 200,
    "a " * 100,
    "x" * 200,
    "'" * 200,
    " ",
]
HOSTILE += [
    "".join(chr(0x4E00 + place) for place in range(200)),
    "ﷺ" * 200,
    "".join(f"{n} " for n in range(66)),
]


async def test_any_text_is_a_question(library: AsyncEngine) -> None:
    for text in HOSTILE:
        await ask(library, text)
    assert await ask(library, '"yesterday" OR') == []
    assert await ask(library, "yesterday*") == [0]


async def test_the_index_follows_edits_states_and_deletion(library: AsyncEngine) -> None:
    catalogue = Catalogue(library)
    async with asyncio.TaskGroup() as tasks:
        announcer = Announcer(lambda *_: None, asyncio.get_running_loop())
        editor = Editor(catalogue, Shelf(Path("/nonexistent"), catalogue.get, tasks), announcer)
        await editor.edit(track(0).id, {"title": "Tomorrow"})
        assert (await ask(library, "tomorrow"), await ask(library, "yesterday")) == ([0], [])
        await editor.edit(track(0).id, {"title": None})
        assert (await ask(library, "tomorrow"), await ask(library, "yesterday")) == ([], [0])
    lost = track(0, playable=False, **LIBRARY[0])
    await catalogue.update(lost)
    assert await ask(library, "yesterday") == []
    lost.playable = True
    await catalogue.update(lost)
    assert await ask(library, "yesterday") == [0]
    await catalogue.delete(lost.id)
    assert await ask(library, "yesterday") == []
    async with library.begin() as connection:  # whoever deletes the row
        await connection.execute(sa.text("DELETE FROM tracks"))
        assert (await connection.execute(sa.text("SELECT count(track_id) FROM search_words"))).scalar() == 0
    assert await ask(library, "beatles") == []


async def test_what_is_not_playable_yet_is_not_found(engine: AsyncEngine) -> None:
    await put(Catalogue(engine), track(1, title="Soon", playable=False, state=State.PACKAGING))
    assert await ask(engine, "soon") == []


async def test_pages_are_stable(library: AsyncEngine) -> None:
    async with asyncio.TaskGroup() as tasks:
        catalogue = Catalogue(library)
        search = search_on(library, catalogue, tasks)
        seen: list[int] = []
        cursor = None
        for more in range(100, 110):
            found = await search.find("b", limit=1, cursor=cursor)
            seen += [int(track.id) for track in found.items]
            cursor = found.next
            if cursor is None:
                break
            await put(catalogue, track(more, title="B", genre="b"))  # a better match comes, and is new
    assert seen == [3, 8, 2, 1, 0, 7]


async def test_the_longest_tags_there_are(engine: AsyncEngine) -> None:
    long = dict.fromkeys(("title", "artist", "album", "album_artist", "genre"), "ﷺ " * 256)
    await put(Catalogue(engine), track(1, **long))
    many = {name: "".join(chr(0x4E00 + place) for place in range(512)) for name in long}
    await put(Catalogue(engine), track(2, **many))
    assert await ask(engine, "\u4e01\u4e02") == [2]


async def test_the_migration_indexes_what_is_there(library: AsyncEngine) -> None:
    def down_and_up(connection: Connection) -> None:
        command.downgrade(migration_config(connection), "0007")
        command.upgrade(migration_config(connection), "head")

    async with library.begin() as connection:
        await connection.run_sync(down_and_up)
    assert [(text, await ask(library, text)) for text, _ in QUESTIONS] == QUESTIONS
