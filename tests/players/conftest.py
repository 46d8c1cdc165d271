"""One Chromium for each process of tests, and one server with a few tracks for each file of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.api import upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chromium import browsing, running_chromium
from tests.support.clicks import Clicks
from tests.support.live_server import LiveServer, live_server
from tests.support.server import Server, running_server

TONE_S = 40


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Its driver keeps a loop running in this thread: who has one of their own needs another thread."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def tone(folder: Path) -> Path:
    """A recording that takes a moment to send and to package."""
    tags = ("-metadata", "title=Long Wave", "-metadata", "artist=The Sweeps")
    return make_tone(folder / "long wave.flac", seconds=TONE_S, options=tags)


@pytest.fixture(scope="module")
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Nobody has been here yet. It makes one rendition of a track, or what the file's `RENDITIONS` say."""
    with running_server(folder, renditions=getattr(request.module, "RENDITIONS", "aac128")) as running:
        yield running


@pytest.fixture(scope="module")
def track_id(server: Server, tone: Path) -> str:
    """A track that is ready."""
    track = wait_for_track(server.url, upload(server.url, tone)["id"])
    assert track["state"] == "ready", track
    return str(track["id"])


@pytest.fixture
def two(chromium: Browser, server: Server) -> Iterator[tuple[Page, Page]]:
    """Two people's browsers."""
    with browsing(chromium, server.url) as (ann, _), browsing(chromium, server.url) as (bob, _):
        yield ann, bob


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server for shows; nothing is on."""
    with live_server(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="module")
def clicks(live: LiveServer) -> Iterator[Clicks]:
    """A show in the lobby, of clicks whose moments are known."""
    with Clicks(live.url, "lobby", live.key("lobby")) as clicking:
        live.wait("lobby", lambda show: show["state"] == "live" and show["links"]["hls"])
        yield clicking
        assert clicking.error is None
