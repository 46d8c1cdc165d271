"""Tracks that follow one another in the page do so without a sample lost or repeated."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.api import download, upload, wait_for_track
from tests.support.audio import AUDIO_DIR, make_album, make_tone
from tests.support.capture import captured, own_rate, start_capture
from tests.support.chromium import browsing
from tests.support.pcm import Samples, decode, honoured, place_of
from tests.support.player import CURRENT, wait_until_past
from tests.support.server import Server, running_server

FIRST_SAMPLES = 132_301  # three seconds, and no whole number of frames of any codec
PIECE = 16_384
FRAME = 1024
CLICK = 64  # samples: 1.5 ms
# One step of 16 bits: browsers scale to 32,768 or to 32,767.
ONE_STEP = 1.1 / 32768


@dataclass(frozen=True)
class Album:
    """Two tracks, and the recording that they were cut from; `cut` is where.

    `encoded` is what the tracks' files in AAC decode to, one behind the other.
    """

    server: Server
    rate: int
    whole: Samples
    encoded: Samples
    cut: int


@pytest.fixture(scope="module")
def rate(chromium: Browser) -> int:
    page = chromium.new_page()
    try:
        return own_rate(page)
    finally:
        page.close()


def serve(folder: Path, tracks: tuple[Path, Path], rate: int, whole: Samples) -> Iterator[Album]:
    """The list on the home screen has the newest first: what is to be played first is uploaded last."""
    with running_server(folder, renditions="aac128,flac") as server:
        encoded = []
        for path in reversed(tracks):
            track = wait_for_track(server.url, upload(server.url, path)["id"])
            assert track["state"] == "ready", track
            file = server.url + track["links"]["hls"].replace("index.m3u8", "aac128.mp4")
            encoded.append(honoured(download(file, folder / f"{path.stem}.aac128.mp4")))
        yield Album(server, rate, whole, np.concatenate(encoded[::-1]), len(decode(tracks[0], rate=rate)))


@pytest.fixture(scope="module")
def album(folder: Path, rate: int) -> Iterator[Album]:
    first, second, whole = make_album(folder, rate=rate, first_samples=FIRST_SAMPLES)
    yield from serve(folder, (first, second), rate, decode(whole, rate=rate, channels=2))


def play_through(page: Page, album: Album, *, lossless: bool, even: bool = False) -> Samples:
    """Press play on the first track and let the sound run into the second."""
    settings = {"veza.lossless": lossless, "veza.even": even}
    for key, value in settings.items():
        page.add_init_script(f"localStorage.setItem('{key}', '{str(value).lower()}')")
    page.goto("/")
    start_capture(page, album.rate)
    page.locator(".card .play-button").first.click()
    wait_until_past(page, 0.1)
    wait_until_past(page, album.cut / album.rate + 2 * PIECE / album.rate)
    return captured(page)


def assert_continuous(heard: Samples, album: Album) -> int:
    """The sound before and behind the cut is as far from the recording's start; returns how far."""
    before = album.whole[album.cut - PIECE : album.cut]
    behind = album.whole[album.cut : album.cut + PIECE]
    late = place_of(before, heard) - (album.cut - PIECE)
    lost_or_repeated = place_of(behind, heard) - album.cut - late
    assert lost_or_repeated == 0, f"{lost_or_repeated} samples"
    return late


def test_an_album_in_flac_is_the_recording_bit_for_bit(chromium: Browser, album: Album) -> None:
    with browsing(chromium, album.server.url, bypass_csp=True) as (page, _):
        heard = play_through(page, album, lossless=True)
        late = assert_continuous(heard, album)
        around = slice(album.cut - PIECE, album.cut + PIECE)
        played = heard[around.start + late : around.stop + late]
        assert np.abs(played - album.whole[around]).max() <= ONE_STEP
        expect(page.get_by_role("region", name="Player")).to_contain_text("Second")


def test_an_album_in_aac_keeps_every_sample_in_its_place(chromium: Browser, album: Album) -> None:
    with browsing(chromium, album.server.url, bypass_csp=True) as (page, _):
        heard = play_through(page, album, lossless=False)
        late = assert_continuous(heard, album)
        # No click: what is heard differs from what the files hold by the noise that each decoder makes up for
        # itself, and around the cut no more than elsewhere. (That the files go on where the other ends is a
        # promise of theirs: tests/conformance/test_gapless.py.)
        length = album.cut + PIECE
        error = heard[late : late + length] - album.encoded[:length]
        loudest = [np.sqrt((error[at : at + CLICK] ** 2).mean()) for at in range(0, length - CLICK, CLICK)]
        cut = slice((album.cut - FRAME) // CLICK, (album.cut + FRAME) // CLICK)
        around, elsewhere = max(loudest[cut]), max(loudest[: cut.start] + loudest[cut.stop :])
        assert around < 1.2 * elsewhere


def test_the_clock_is_the_tracks_own(chromium: Browser, album: Album) -> None:
    with browsing(chromium, album.server.url) as (page, _):
        page.goto("/")
        page.locator(".card .play-button").first.click()
        player = page.get_by_role("region", name="Player")
        expect(player).to_contain_text("First")
        wait_until_past(page, album.cut / album.rate + 0.5)
        expect(player).to_contain_text("Second")
        expect(player.locator(".player-clock")).to_have_text("0:00 / 0:03")
        assert page.evaluate("navigator.mediaSession.metadata.title") == "Second"
        position = page.evaluate("JSON.parse(localStorage['veza.player'])")
        assert position["index"] == 1 and position["position"] < 1
        assert page.evaluate("document.querySelectorAll('audio')[0].currentTime") >= 0
        page.wait_for_function(f"() => {CURRENT}.ended")
        expect(player.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_who_wants_flac_gets_it_without_a_break(chromium: Browser, album: Album) -> None:
    with browsing(chromium, album.server.url, bypass_csp=True) as (page, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
        page.add_init_script("localStorage.setItem('veza.even', 'false')")
        page.goto("/")
        start_capture(page, album.rate)
        page.locator(".card .play-button").first.click()
        wait_until_past(page, 0.1)
        assert "flac.mp4" not in asked
        page.get_by_role("button", name="Lossless sound").click()
        wait_until_past(page, album.cut / album.rate + 2 * PIECE / album.rate)
        assert "flac.mp4" in asked
        assert_continuous(captured(page), album)


def test_a_louder_track_is_turned_down_before_it_begins(chromium: Browser, rate: int, tmp_path: Path) -> None:
    for name, gain in (("loud", 0), ("quiet", -20)):
        tone = ("-af", f"volume={gain}dB")
        make_tone(tmp_path / f"{name}.flac", seconds=2, rate=rate, options=tone)
    with running_server(tmp_path, renditions="aac128,flac") as server:
        for name in ("loud", "quiet"):  # the newest stands first
            wait_for_track(server.url, upload(server.url, tmp_path / f"{name}.flac")["id"])
        with browsing(chromium, server.url, bypass_csp=True) as (page, _):
            for key, value in {"volume": "0.4", "lossless": "true"}.items():
                page.add_init_script(f"localStorage.setItem('veza.{key}', '{value}')")
            page.goto("/")
            start_capture(page, rate)
            page.locator(".card .play-button").first.click()
            wait_until_past(page, 3)
            peaks = np.abs(captured(page)).max(axis=1)
    begun = int(np.argmax(peaks > 0.001))
    steady = peaks[begun + rate // 2 : begun + rate].max()
    assert peaks.max() < 1.1 * steady, "a loud beginning was heard before the volume was changed"
    assert peaks[begun + 5 * rate // 2 :].max() > 0.7 * steady, "both are as loud"


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
def test_a_real_album_runs_on(chromium: Browser, rate: int, tmp_path: Path) -> None:
    assert AUDIO_DIR is not None
    if rate != 44_100:
        pytest.skip("this machine's sound is resampled")
    tracks = (AUDIO_DIR / "album-1.flac", AUDIO_DIR / "album-2.flac")
    whole = np.concatenate([decode(path, rate=rate, channels=2) for path in tracks])
    for album in serve(tmp_path, tracks, rate, whole):
        with browsing(chromium, album.server.url, bypass_csp=True) as (page, _):
            heard = play_through(page, album, lossless=False)
            assert_continuous(heard, album)
