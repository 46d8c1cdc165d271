"""One body of tests on SQLite and on a real PostgreSQL."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from hls.model import Rendition, Segment
from streamer.catalogue import Catalogue, Forgotten, Standing
from streamer.database import answers, open_database
from streamer.tables import renditions
from streamer.track import State, TrackRecord


def record(number: int, **known: Any) -> TrackRecord:
    basics: dict[str, Any] = {
        "id": f"{number:026}",
        "filename": "ünï 🎵.flac",
        "media_type": "audio/flac",
        "created_at": 1_795_227_189_778,
        "updated_at": number,
    }
    return TrackRecord(**(basics | known))


def rendition(name: str = "aac128") -> Rendition:
    segments = [Segment(700, 9, 176_128), Segment(709, 1 << 33, 5)]
    return Rendition(name, "mp4a.40.2", 44100, 2, 700, segments, complete=True)


async def test_opening_again_changes_nothing(engine: AsyncEngine, url: str) -> None:
    await Catalogue(engine).insert(record(1))
    again = await open_database(url)
    assert await Catalogue(again).get(record(1).id) is not None
    assert await answers(again)
    await again.dispose()


async def test_a_rendition_needs_its_track(engine: AsyncEngine) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with engine.begin() as connection:
            orphan = {"track_id": "nobody", "name": "a", "codecs": "b", "timescale": 1, "channels": 1}
            rest = {"init_size_bytes": 1, "bitrate": 1, "segments": b""}
            await connection.execute(sa.insert(renditions).values(**orphan, **rest))


async def test_a_track_goes_in_and_comes_out(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    track = record(7, ref="r")
    await catalogue.insert(track)
    track.state, track.playable, track.duration_ms = State.READY, True, 1 << 40
    track.received_bytes = track.size_bytes = 1 << 41
    track.title, track.cover_type = "Ünï", "image/png"
    track.renditions = {"aac128": rendition()}
    await catalogue.finish(track)
    await catalogue.finish(track)  # packaged again after a restart
    found = await catalogue.get(track.id)
    assert found is not None
    assert found.packaged_ticks == 176_133
    found.packaged_ticks, found.size_bytes = track.packaged_ticks, track.size_bytes
    assert found == track
    assert await catalogue.standings() == {track.id: Standing(State.READY, track.id, ["aac128"])}


async def test_pages_go_from_new_to_old(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    for number in range(1, 6):
        await catalogue.insert(record(number, state=State.READY, playable=True))
    await catalogue.insert(record(6, ref="mine"))
    await catalogue.insert(record(7, state=State.FAILED))
    await catalogue.insert(record(8, state=State.RECEIVING, playable=True))

    async def ids(**asked: Any) -> list[int]:
        return [int(found.id) for found in await catalogue.page(**({"before": None, "ref": None} | asked))]

    assert await ids(limit=9) == [8, 7, 5, 4, 3, 2, 1], "what can't be played yet is not listed"
    assert await ids(limit=2) == [8, 7]
    assert await ids(limit=2, before=record(7).id) == [5, 4]
    assert await ids(limit=9, ref="mine") == [6]
    assert await ids(limit=9, ref="other") == []


async def test_a_deleted_track_takes_its_renditions_along(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    track = record(1, state=State.READY, renditions={"aac128": rendition()})
    await catalogue.insert(track)
    await catalogue.finish(track)
    assert await catalogue.delete(track.id)
    assert not await catalogue.delete(track.id)
    assert await catalogue.get(track.id) is None
    await catalogue.update(track)
    await catalogue.finish(track)
    assert await catalogue.get(track.id) is None, "work that ends late does not bring it back"
    assert await catalogue.standings() == {}


async def test_bytes_are_let_go_by_the_last_who_uses_them(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    first = record(1, state=State.READY)
    copies = [record(number, state=State.READY, media_id=first.id) for number in (2, 3, 4)]
    for track in (first, *copies):
        await catalogue.insert(track)
    assert await catalogue.delete(first.id) == Forgotten(first.id, shared=True)
    copy = await catalogue.get(copies[0].id)
    assert copy is not None and copy.media_id == first.id
    assert await catalogue.delete(copies[0].id) == Forgotten(first.id, shared=True)
    gone = await asyncio.gather(*(catalogue.delete(track.id) for track in copies[1:]))
    assert sorted(one.shared for one in gone if one is not None) == [False, True], "one of them is the last"


async def test_what_a_restart_asks_for(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    was_ready = record(5, state=State.FAILED, renditions={"aac128": rendition()})
    for track in (
        record(1),
        record(2, state=State.PACKAGING),
        record(3, state=State.READY),
        record(4, state=State.FAILED),
        was_ready,
    ):
        await catalogue.insert(track)
    await catalogue.finish(was_ready)
    assert [int(track.id) for track in await catalogue.unfinished()] == [1, 2]
    assert [int(found) for found in await catalogue.failed_before(4)] == []
    assert [int(found) for found in await catalogue.failed_before(99)] == [4], (
        "one that was ready may come back"
    )


async def test_what_an_account_keeps(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    known: list[dict[str, Any]] = [
        {"state": State.READY, "received_bytes": 1 << 40, "owner_id": "u1", "owner_name": "Änn"},
        {"state": State.PACKAGING, "received_bytes": 2, "owner_id": "u1", "owner_name": "ann"},
        {"state": State.RECEIVING, "received_bytes": 4, "owner_id": "u1", "owner_name": "ann"},
        {"state": State.FAILED, "received_bytes": 8, "owner_id": "u1", "owner_name": "ann"},
        {"state": State.READY, "received_bytes": 16},
    ]
    tracks = [record(number, **one) for number, one in enumerate(known, 1)]
    for track in tracks:
        await catalogue.insert(track)
    assert await catalogue.stored_bytes("u1", []) == (1 << 40) + 2
    assert await catalogue.stored_bytes("u1", [tracks[0].id, "nobody"]) == 2
    assert await catalogue.stored_bytes(None, []) == 16
    assert await catalogue.stored_bytes("u2", []) == 0
    assert [await catalogue.count(owner) for owner in ("u1", None, "u2")] == [3, 1, 0]
    found = await catalogue.get(tracks[0].id)
    assert found is not None
    assert (found.owner_id, found.owner_name) == ("u1", "Änn")


async def test_writers_wait_for_each_other(engine: AsyncEngine) -> None:
    catalogue = Catalogue(engine)
    await asyncio.gather(*(catalogue.insert(record(number)) for number in range(50)))
    assert len(await catalogue.standings()) == 50
