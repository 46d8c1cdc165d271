"""Players that come in the first second of a show, when no segment of the usual length is whole yet."""

import subprocess
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser

from tests.players.test_live_players import _HLS, open_player
from tests.support.chromium import watch
from tests.support.live_m3u8 import read_live
from tests.support.live_server import LiveServer, live_server
from tests.support.sources import ffmpeg, icecast, program
from tests.support.waiting import wait_until

MP3 = ("-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3", "-content_type", "audio/mpeg")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("opening"), live_renditions="aac64,aac128") as server:
        yield server


def on_air(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except HTTPError as error:
        assert error.code in (404, 503)
        return False


def test_ffmpeg_plays_from_the_first_part_on(server: LiveServer) -> None:
    url = f"{server.url}/hls/live/early/index.m3u8"
    with program(ffmpeg(icecast(server.port, "early", server.key("early")), *MP3)):
        wait_until(lambda: on_air(url), "the show")
        play = ["ffmpeg", "-nostdin", "-v", "error", "-i", url, "-t", "6", "-f", "s16le", "-ac", "1", "-"]
        with subprocess.Popen(play, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as player:
            with urllib.request.urlopen(f"{server.url}/hls/live/early/aac64.m3u8", timeout=10) as answer:
                began = read_live(answer.read().decode())
            sound, said = player.communicate(timeout=90)
    print(f"{sum(len(one.parts) for one in began.segments)} parts were there")
    assert began.segments[0].uri is not None and len(began.segments[0].parts) == 1
    assert player.returncode == 0 and b"Empty segment" not in said, said
    assert len(sound) // 2 >= 5 * 44_100


def test_hls_js_is_as_near_to_the_edge_as_ever(server: LiveServer, chromium: Browser) -> None:
    url = f"{server.url}/hls/live/soon/index.m3u8"
    context = chromium.new_context()
    faults = watch(context)
    page = context.new_page()
    with program(ffmpeg(icecast(server.port, "soon", server.key("soon")), *MP3)):
        wait_until(lambda: on_air(url), "the show")
        open_player(page, "hls.js/dist/hls.min.js", _HLS, url)
        page.wait_for_function("seen.from !== null && audio.currentTime > seen.from + 8")
        delay_s = page.evaluate("hls.latency")
        print("latency", delay_s, page.evaluate("seen"))
    assert page.evaluate("seen.errors.filter(each => each.endsWith('true'))") == []
    assert not faults.unexpected
    context.close()
