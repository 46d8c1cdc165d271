"""Albums of a real server: made of what is uploaded, changed by edits, gone with their tracks."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server
from tests.support.wire import Wire

ALBUMS = "/api/v1/albums"
TRACKS = "/api/v1/tracks"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("albums"), renditions="aac128") as server:
        yield server


def add(server: Server, path: Path, number: int, volume: str) -> dict[str, Any]:
    tags = ("-metadata", "album=Sweeps", "-metadata", "artist=Ann", "-metadata", f"track={number}/2")
    tone = make_tone(path / f"{number}.flac", seconds=2, options=(*tags, "-af", f"volume={volume}"))
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def patch(server: Server, track_id: str, body: bytes) -> Any:
    with Wire(server.url) as wire:
        return wire.request("PATCH", f"{TRACKS}/{track_id}", {"Content-Type": "application/json"}, body).json


def test_two_tracks_are_an_album(server: Server, tmp_path: Path) -> None:
    second, first = add(server, tmp_path, 2, "-12dB"), add(server, tmp_path, 1, "0dB")
    (listed,) = get_json(f"{server.url}{ALBUMS}?artist=ann")["items"]
    album = get_json(f"{server.url}{listed['links']['self']}")
    tracks = album.pop("tracks")
    assert album == listed
    assert [track["id"] for track in tracks] == [first["id"], second["id"]]
    assert (album["title"], album["track_count"], album["duration_ms"]) == ("Sweeps", 2, 4000)
    quiet, loud = second["loudness"]["integrated_lufs"], first["loudness"]["integrated_lufs"]
    assert quiet < album["loudness"]["integrated_lufs"] < loud
    assert album["loudness"]["true_peak_dbtp"] == first["loudness"]["true_peak_dbtp"]
    for track in (*tracks, *(get_json(f"{server.url}{TRACKS}/{track['id']}") for track in tracks)):
        assert track["album_loudness"] == album["loudness"], "the first one has learnt it, too"
        assert track["links"]["album"] == album["links"]["self"]
    assert get_json(f"{server.url}/api/v1/search?q=sweeps")["albums"] == [album]

    moved = patch(server, first["id"], b'{"album":"Another"}')
    assert moved["links"]["album"] != album["links"]["self"]
    assert moved["album_loudness"]["integrated_lufs"] == pytest.approx(loud, abs=0.1)
    left = get_json(f"{server.url}{TRACKS}/{second['id']}")["album_loudness"]
    assert left["integrated_lufs"] == pytest.approx(quiet, abs=0.1)
    deletion = urllib.request.Request(f"{server.url}{TRACKS}/{second['id']}", method="DELETE")
    urllib.request.urlopen(deletion).close()
    with pytest.raises(HTTPError) as gone:
        get_json(f"{server.url}{album['links']['self']}")
    with gone.value as answer:
        assert answer.status == 404
    assert patch(server, first["id"], b'{"album":null}')["links"]["album"] is None
    assert get_json(f"{server.url}{ALBUMS}") == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "cursor=", "cursor=%00", "cursor=AA", "cursor=%ff", "artist=", "cursor=a%20b"],
)
def test_questions_that_are_wrong(server: Server, query: str) -> None:
    with pytest.raises(HTTPError) as refused:
        get_json(f"{server.url}{ALBUMS}?{query}")
    with refused.value as answer:
        assert answer.status == 400


@pytest.mark.parametrize("query", ["artist=%ff", "artist=%00", "artist=%ed%a0%80", "artist=%1f"])
def test_names_that_nobody_has(server: Server, query: str) -> None:
    assert get_json(f"{server.url}{ALBUMS}?{query}")["items"] == []


@pytest.mark.parametrize("album", ["0" * 26, "x", "%00", "..%2f.."])
def test_an_album_that_is_not_there(server: Server, album: str) -> None:
    with Wire(server.url) as wire:
        assert wire.request("GET", f"{ALBUMS}/{album}").status == 404
