"""The page plays and seeks a track in Debian's Firefox."""

import asyncio
import time
from pathlib import Path

from tests.support.firefox import Firefox, running_firefox
from tests.support.player import CURRENT
from tests.support.server import Server

TIMEOUT_S = 60
SEEK_TO_S = 30
# Firefox fails an element whose sound has no device to go to; one that is captured needs none.
TO_NOWHERE = "document.querySelectorAll('audio').forEach((audio) => void audio.mozCaptureStream())"


async def until(firefox: Firefox, condition: str) -> None:
    """Wait until an expression is true in the page."""
    deadline = time.monotonic() + TIMEOUT_S
    while not await firefox.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} did not come true within {TIMEOUT_S} s"
        await asyncio.sleep(0.05)


async def test_firefox_plays_a_track_and_seeks_in_it(server: Server, track_id: str, tmp_path: Path) -> None:
    async with running_firefox(tmp_path / "firefox") as firefox:
        await firefox.open(f"{server.url}/t/{track_id}")
        button = "document.querySelector('button[aria-label=\"Play Long Wave\"]')"
        await until(firefox, f"{button} !== null")
        await firefox.evaluate(TO_NOWHERE)
        await firefox.evaluate(f"{button}.click()")
        await until(firefox, f"{CURRENT}.currentTime > 2")
        await firefox.evaluate(f"{CURRENT}.currentTime = {SEEK_TO_S}")
        await until(firefox, f"{CURRENT}.currentTime > {SEEK_TO_S + 1}")
        assert abs(await firefox.evaluate(f"{CURRENT}.duration") - 40) < 0.05
