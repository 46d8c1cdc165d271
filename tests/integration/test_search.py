"""The search of a real server: what has been uploaded is found, and any text is a legal question."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server
from tests.support.wire import Wire

SEARCH = "/api/v1/search"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("search"), renditions="aac128") as server:
        yield server


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path: Path = tmp_path_factory.mktemp("tone") / "Füße_01.flac"
    tags = ("-metadata", "title=Jóga", "-metadata", "artist=Björk")
    return wait_for_track(server.url, upload(server.url, make_tone(path, seconds=1, options=tags))["id"])


def ask(server: Server, text: str) -> Any:
    return get_json(f"{server.url}{SEARCH}?q={quote(text)}")


@pytest.mark.parametrize("text", ["joga", "BJORK jo", "Jóga Björk", "fusse 01"])
def test_an_upload_is_found(server: Server, track: dict[str, Any], text: str) -> None:
    assert ask(server, text) == {"items": [track], "next": None, "albums": [], "playlists": []}


@pytest.mark.parametrize(
    "text", ['"', "*", "a OR b", "🎵", "\x00", "' --", "NEAR(", "x" * 200, " ", "%", "東京"]
)
def test_any_text_is_legal(server: Server, track: dict[str, Any], text: str) -> None:
    assert ask(server, text)["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=",
        "q=" + "x" * 201,
        "q=a&limit=0",
        "q=a&limit=201",
        "q=a&limit=x",
        "q=a&cursor=9-1",
        "q=a&cursor=0-99999999999999999999",
        "q=a&cursor=%00",
    ],
)
def test_what_is_not(server: Server, query: str) -> None:
    with pytest.raises(HTTPError) as refused:
        get_json(f"{server.url}{SEARCH}?{query}")
    with refused.value as answer:
        assert answer.status == 400
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query", ["q=%ff%fe", "q=%ed%a0%80", "q=%", "q=a&q=b", "q=a&cursor=3-999999999999999999"]
)
def test_bytes_that_are_no_text(server: Server, query: str) -> None:
    with Wire(server.url) as wire:
        assert wire.request("GET", f"{SEARCH}?{query}").status == 200
