"""Packaging while the source arrives."""

import asyncio
from pathlib import Path

import pytest

from hls.report import Finished, Refused, RenditionFinished, SegmentCut, Tagged
from tests.support.audio import make_tone
from tests.support.worker import Told, package, worker_pool

CHUNK = 20_000
STREAMABLE = {
    "flac": (),
    "mp3": ("-b:a", "192k"),
    "ogg": (),
    "wav": (),
    "aiff": (),
    "aac": (),
    "m4a": ("-movflags", "+faststart"),
    "mp4": ("-movflags", "+frag_keyframe+empty_moov"),
    "webm": (),
    "opus": (),
    "mka": ("-c:a", "flac"),
}


class Upload:
    """Appends a file to another one, piece by piece, and tells the job."""

    def __init__(self, told: Told, whole: Path, arriving: Path) -> None:
        self._told = told
        self._data = whole.read_bytes()
        self._file = arriving.open("ab", buffering=0)

    async def send(self, part: float = 1.0) -> None:
        """Send so much of what is left, in chunks, with the loop running in between."""
        end = int(len(self._data) * part)
        for start in range(0, end, CHUNK):
            self._file.write(self._data[start : min(start + CHUNK, end)])
            self._told.job.source_grew()
            await asyncio.sleep(0)
        self._data = self._data[end:]

    def complete(self) -> None:
        assert not self._data
        self._file.close()
        self._told.job.source_completed()


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("ending", STREAMABLE)
async def test_segments_come_while_it_arrives(tmp_path, ending):
    whole = make_tone(tmp_path / f"whole.{ending}", seconds=16, options=STREAMABLE[ending])
    arriving = tmp_path / "source"
    arriving.touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(arriving, tmp_path / "out", complete=False))
        end = tasks.create_task(told.follow())
        upload = Upload(told, whole, arriving)
        await upload.send(0.8)
        await told.wait_for(SegmentCut)
        await upload.send()
        upload.complete()
        assert await end == Finished(16_000) or ending in ("aac", "m4a", "mp4")
        reference = await package(pool, whole, tmp_path / "reference")
    assert isinstance(told.reports[-1], Finished)
    assert told.reports[-1] == reference[-1]
    assert files(tmp_path / "out") == files(tmp_path / "reference")


async def test_what_is_passed_on_is_complete_when_its_last_unit_has_come(tmp_path):
    """With the decoder still waiting for what may follow."""
    whole = make_tone(tmp_path / "whole.m4a", seconds=16, options=STREAMABLE["m4a"])
    arriving = tmp_path / "source"
    arriving.touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(arriving, tmp_path / "out", complete=False))
        tasks.create_task(told.follow())
        upload = Upload(told, whole, arriving)
        await upload.send()
        await told.wait_for(RenditionFinished)
        assert sum(cut.duration_ticks for cut in told.of(SegmentCut) if cut.rendition == "aac") == 16 * 44_100
        upload.complete()
    assert told.reports[-1] == Finished(16_000)


async def test_an_index_at_the_end_is_waited_for(tmp_path):
    whole = make_tone(tmp_path / "whole.m4a", seconds=8)
    arriving = tmp_path / "source"
    arriving.touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(arriving, tmp_path / "out", complete=False))
        end = tasks.create_task(told.follow())
        upload = Upload(told, whole, arriving)
        await upload.send()
        assert told.reports == []
        upload.complete()
        assert isinstance(await end, Finished)
        await package(pool, whole, tmp_path / "reference")
    assert files(tmp_path / "out") == files(tmp_path / "reference")


async def test_byte_by_byte_at_the_start(tmp_path):
    whole = make_tone(tmp_path / "whole.flac", seconds=5)
    data = whole.read_bytes()
    arriving = tmp_path / "source"
    arriving.touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(arriving, tmp_path / "out", complete=False))
        end = tasks.create_task(told.follow())
        with arriving.open("ab", buffering=0) as file:
            for place in range(3_000):
                file.write(data[place : place + 1])
                told.job.source_grew()
                await asyncio.sleep(0)
            file.write(data[3_000:])
        told.job.source_completed()
        assert await end == Finished(5_000)


async def test_tags_at_the_end_are_told_when_it_is_complete(tmp_path):
    tone = make_tone(tmp_path / "whole.mp3", seconds=12, options=("-id3v2_version", "0", "-write_id3v1", "0"))
    tag = b"TAG" + b"Late title".ljust(30, b"\0") + b"Late artist".ljust(30, b"\0") + bytes(64) + b"\xff"
    tone.write_bytes(tone.read_bytes() + tag)
    arriving = tmp_path / "source"
    arriving.touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(arriving, tmp_path / "out", complete=False))
        tasks.create_task(told.follow())
        upload = Upload(told, tone, arriving)
        await upload.send(0.8)
        await told.wait_for(SegmentCut)
        await upload.send()
        upload.complete()
    assert told.of(Tagged) == [
        Tagged(None, None, None, None),
        Tagged("Late title", "Late artist", None, None),
    ]
    assert isinstance(told.reports[-1], Finished)


async def test_completed_before_the_worker_is_up(tmp_path):
    whole = make_tone(tmp_path / "whole.wav", seconds=2)
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60):
        told = Told(pool.package(whole, tmp_path / "out", complete=False))
        told.job.source_grew()
        told.job.source_completed()
        told.job.source_completed()
        assert await told.follow() == Finished(2_000)


async def test_nothing_but_an_end(tmp_path):
    (tmp_path / "source").touch()
    (tmp_path / "out").mkdir()
    async with worker_pool() as pool, asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        told = Told(pool.package(tmp_path / "source", tmp_path / "out", complete=False))
        end = tasks.create_task(told.follow())
        told.job.source_completed()
        assert await end == Refused("it is not a recording in a format that is known here")
