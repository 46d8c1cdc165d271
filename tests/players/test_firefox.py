"""The page plays and seeks a track in Debian's Firefox, and an album without a gap."""

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.players.test_page_live import PLAY
from tests.support.api import upload, wait_for_track
from tests.support.audio import make_album
from tests.support.capture import START_SCRIPTED_JS, TAKE_JS, samples_of
from tests.support.clicks import Clicks
from tests.support.firefox import Firefox, running_firefox
from tests.support.live_server import live_server
from tests.support.pcm import decode, place_of
from tests.support.player import CURRENT
from tests.support.server import Server, running_server

TIMEOUT_S = 60
SEEK_TO_S = 30
RATE = 44_100
FIRST_SAMPLES = 88_207
PIECE = 16_384
WITHOUT_DEVICE = {"media.cubeb.force_mock_context": True}  # what Firefox's own tests play to
# Firefox fails an element whose sound has no device to go to; one that is captured needs none.
TO_NOWHERE = "document.querySelectorAll('audio').forEach((audio) => void audio.mozCaptureStream())"


async def until(firefox: Firefox, condition: str) -> None:
    """Wait until an expression is true in the page."""
    deadline = time.monotonic() + TIMEOUT_S
    while not await firefox.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} did not come true within {TIMEOUT_S} s"
        await asyncio.sleep(0.05)


def run(body: Coroutine[None, None, None]) -> None:
    """To its end, on a loop in a thread: this one may have Chromium's."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, body).result()


def test_firefox_plays_a_track_and_seeks_in_it(server: Server, track_id: str, tmp_path: Path) -> None:
    run(play_and_seek(server, track_id, tmp_path))


def test_an_album_in_firefox_is_the_recording_bit_for_bit(tmp_path: Path) -> None:
    run(play_an_album(tmp_path))


async def play_and_seek(server: Server, track_id: str, tmp_path: Path) -> None:
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


async def play_an_album(tmp_path: Path) -> None:
    first, second, path = make_album(tmp_path, rate=RATE, first_samples=FIRST_SAMPLES, seconds=4)
    whole = decode(path, rate=RATE, channels=2)
    with running_server(tmp_path, renditions="aac128,flac") as server:
        for part in (second, first):  # the newest stands first
            wait_for_track(server.url, upload(server.url, part)["id"])
        async with running_firefox(tmp_path / "firefox", WITHOUT_DEVICE) as firefox:
            await firefox.open(f"{server.url}/")
            for key, value in {"even": "false", "lossless": "true"}.items():
                await firefox.evaluate(f"localStorage.setItem('veza.{key}', '{value}')")
            await firefox.open(f"{server.url}/")
            button = "document.querySelector('.card .play-button')"
            await until(firefox, f"{button} !== null")
            await firefox.evaluate(f"({START_SCRIPTED_JS})({RATE})")
            await firefox.evaluate(f"{button}.click()")
            await until(firefox, f"{CURRENT}.currentTime > {(FIRST_SAMPLES + 2 * PIECE) / RATE}")
            heard = samples_of(await firefox.evaluate(TAKE_JS))
    before = place_of(whole[FIRST_SAMPLES - PIECE : FIRST_SAMPLES], heard) + PIECE
    behind = place_of(whole[FIRST_SAMPLES : FIRST_SAMPLES + PIECE], heard)
    assert behind - before == 0, "samples between the two tracks"
    assert (heard[before - PIECE : before + PIECE] == whole[FIRST_SAMPLES - PIECE :][: 2 * PIECE]).all()


def test_firefox_without_webcodecs_hears_a_show_from_the_websocket(tmp_path: Path) -> None:
    run(hear_a_show(tmp_path))


async def hear_a_show(tmp_path: Path) -> None:
    # The element plays to what Firefox's own tests play to; the switch is how old Firefox was made.
    old = {**WITHOUT_DEVICE, "dom.media.webcodecs.enabled": False}
    with live_server(tmp_path) as live, Clicks(live.url, "lobby", live.key("lobby")):
        live.wait("lobby", lambda show: show["state"] == "live" and show["links"]["hls"])
        async with running_firefox(tmp_path / "firefox", old) as firefox:
            await firefox.open(f"{live.url}/library")
            assert await firefox.evaluate("'AudioDecoder' in window") is False
            await firefox.evaluate(f"({PLAY})({{way: 'websocket'}})")
            await until(firefox, "sound.state === 'playing'")
            assert await firefox.evaluate("sound.way") == "websocket"
            await until(firefox, "delays.length > 20")
            said = [await firefox.evaluate(what) for what in ("sound.delay_s", "sound.buffer.ranOut")]
            print("delay, ran out:", said, await firefox.evaluate("sound.buffer.level_s"))
            assert await firefox.evaluate("sound.delay_s < 10 && sound.delay_s > 0")
            await firefox.evaluate("sound.stop()")
            assert await firefox.evaluate("document.querySelector('audio[data-live]') === null")
