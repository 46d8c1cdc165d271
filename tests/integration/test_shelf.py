"""Tracks at hand: asked of the database once, and never after they are gone."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from hls.model import Rendition, Segment
from hls.report import RenditionFinished, RenditionStarted, SegmentCut
from streamer.notes import note
from streamer.resource import FileBody, Resource
from streamer.shelf import Shelf
from streamer.track import State, TrackRecord

ID = "01hf0000000000000000000000"
OTHER = "01hf0000000000000000000001"


def record(track_id: str = ID, *, complete: bool = True) -> TrackRecord:
    rendition = Rendition("aac128", "mp4a.40.2", 44100, 2, 700, [Segment(700, 9000, 176_128)], complete)
    return TrackRecord(
        id=track_id,
        filename="a.flac",
        media_type="audio/flac",
        created_at=1000,
        updated_at=2000,
        state=State.READY if complete else State.PACKAGING,
        playable=True,
        received_bytes=5,
        renditions={"aac128": rendition},
    )


class Database:
    """Answers when it is told to."""

    def __init__(self, *records: TrackRecord) -> None:
        self.records = {record.id: record for record in records}
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()

    async def load(self, track_id: str) -> TrackRecord | None:
        self.asked.append(track_id)
        await self.may_answer.wait()
        return self.records.get(track_id)


async def found(answer: Resource | Awaitable[Resource | None] | None) -> Resource | None:
    return await answer if isinstance(answer, Awaitable) else answer


async def test_all_who_wait_share_one_question(tmp_path: Path) -> None:
    database = Database(record())
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, database.load, tasks)
        waiting = [asyncio.create_task(found(shelf.find(f"/hls/{ID}/index.m3u8"))) for _ in range(20)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        database.may_answer.set()
        answers = await asyncio.gather(*waiting[1:])
    assert database.asked == [ID]
    assert answers[0] is not None and all(answer is answers[0] for answer in answers)
    assert shelf.find(f"/hls/{ID}/index.m3u8") is answers[0], "from memory now"


async def test_a_track_removed_while_it_is_loaded_does_not_come_back(tmp_path: Path) -> None:
    database = Database(record())
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, database.load, tasks)
        waiting = asyncio.create_task(found(shelf.find(f"/hls/{ID}/index.m3u8")))
        await asyncio.sleep(0)
        shelf.remove(ID)
        database.may_answer.set()
        assert await waiting is None
    assert len(shelf) == 0


async def test_a_database_that_fails_fails_the_request_alone(tmp_path: Path) -> None:
    async def load(track_id: str) -> TrackRecord | None:
        raise OSError("gone")

    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, load, tasks)
        for _ in range(2):
            with pytest.raises(OSError, match="gone"):
                await shelf.get(ID)


async def test_the_tracks_used_last_are_kept(tmp_path: Path) -> None:
    database = Database(record(ID), record(OTHER))
    database.may_answer.set()
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, database.load, tasks, max_kept=1)
        working = record("01hf0000000000000000000002", complete=False)
        shelf.hold(working)
        for track_id in (ID, ID, OTHER, ID):
            assert await shelf.get(track_id)
        assert await shelf.get(working.id) is working
    assert database.asked == [ID, OTHER, ID]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/hls/",
        f"/hls/{ID}",
        f"/hls/{ID}/",
        f"/hls/{ID}x/index.m3u8",
        f"/hls/{ID}/other.m3u8",
        f"/hls/{ID}/aac128.ts",
        f"/hls/{ID}/../{ID}/aac128.mp4",
        f"/hls/{ID}/source",
        "/hls/../../etc/passwd",
        f"/api/v1/tracks/{ID}",
        f"/api/v1/tracks/{ID}/x/source",
        "/api/v1/tracks//source",
    ],
)
async def test_what_is_no_media_is_not_found(tmp_path: Path, path: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, Database().load, tasks)
        shelf.hold(record(complete=False))
        assert shelf.find(path) is None


async def test_a_growing_rendition_and_a_complete_one(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, Database().load, tasks)
        growing = record(complete=False)
        shelf.hold(growing)
        path = f"/hls/{ID}/aac128.mp4"
        first = await found(shelf.find(path))
        assert first == Resource(
            media_type="audio/mp4",
            body=FileBody(tmp_path / ID / "aac128.mp4", 9700),
            etag=f'"{ID}-aac128-25e4-making"',
            last_modified=2,
            cache_control="no-store",
        )
        rendition = growing.renditions["aac128"]
        rendition.append(Segment(9700, 300, 176_128))
        assert shelf.find(path) is first, "until the change is told"
        shelf.changed(ID)
        second = await found(shelf.find(path))
        assert second is not None and second.etag != first.etag and second.size_bytes == 10_000
        rendition.complete = True
        shelf.changed(ID)
        alone = await found(shelf.find(path))
        assert alone is not None and alone.cache_control == "no-store", "its track is not ready"
        growing.state = State.READY
        growing.file_bytes = {"aac128": 10_400}
        shelf.changed(ID)
        third = await found(shelf.find(path))
        assert third is not None and third.size_bytes == 10_400
        assert third.cache_control == "public, max-age=31536000, immutable"
        playlist = await found(shelf.find(f"/hls/{ID}/aac128.m3u8"))
        assert playlist is not None and playlist.cache_control == "max-age=60"


async def test_a_rendition_that_is_complete_before_its_track(tmp_path: Path) -> None:
    """It has an end, and is alone in the multivariant playlist; nobody keeps either for long."""
    async with asyncio.TaskGroup() as tasks:
        shelf = Shelf(tmp_path, Database().load, tasks)
        growing = record(complete=False)
        for report in (
            RenditionStarted("aac64", "mp4a.40.2", 44100, 2, 700),
            SegmentCut("aac64", 700, 4000, 176_128, 5000),
            RenditionFinished("aac128"),
        ):
            note(growing, report)
        shelf.hold(growing)
        variants, copied, other = [
            await found(shelf.find(f"/hls/{ID}/{name}.m3u8")) for name in ("index", "aac128", "aac64")
        ]
        assert variants is not None and copied is not None and other is not None
        texts = [
            str(each.body, "ascii") for each in (variants, copied, other) if isinstance(each.body, bytes)
        ]
        assert ["aac128.mp4" in text for text in texts] == [False, True, False]
        assert ["aac64.m3u8" in text for text in texts] == [False, False, False]
        assert ["#EXT-X-ENDLIST" in text for text in texts] == [False, True, False]
        assert {each.cache_control for each in (variants, copied, other)} == {"max-age=1"}
