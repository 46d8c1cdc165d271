"""AAC that is passed on from damaged files: in step with what is encoded beside it, and never undecodable."""

import asyncio
from pathlib import Path

import pytest

from hls.report import Finished
from tests.support.audio import make_tone
from tests.support.fuzzing import damaged
from tests.support.pcm import undecodable
from tests.support.worker import package, renditions, worker_pool

MUTATIONS = 40


@pytest.mark.parametrize(
    "options", [(), ("-movflags", "+frag_keyframe+empty_moov")], ids=["index", "fragments"]
)
@pytest.mark.parametrize("channels", [1, 2])
async def test_damaged(tmp_path: Path, options: tuple[str, ...], channels: int) -> None:
    options = ("-b:a", "120k", *options)
    tone = make_tone(tmp_path / "tone.m4a", seconds=5, rate=48_000, channels=channels, options=options)
    data = tone.read_bytes()
    copies = []

    async def run(number: int) -> None:
        source = tmp_path / f"{number}.m4a"
        source.write_bytes(damaged(data, f"copied {number}"))
        reports = await package(pool, source, tmp_path / f"{number}")
        made = renditions(reports)
        if isinstance(reports[-1], Finished) and "aac" in made:
            copies.append(number)
            lengths = {one.duration_ticks for one in made.values()}
            bad = await asyncio.to_thread(undecodable, tmp_path / f"{number}/aac.mp4")
            assert (number, len(lengths), bad) == (number, 1, 0)

    async with worker_pool(("aac64",)) as pool, asyncio.TaskGroup() as tasks:
        for number in range(MUTATIONS):
            tasks.create_task(run(number))
    assert len(copies) > MUTATIONS // 4
