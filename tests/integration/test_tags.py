"""Edits of tags on a real server: while it packages, over a restart, and with bodies that are wrong."""

import asyncio
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.waiting import wait_until
from tests.support.wire import Reply, Wire

TRACKS = "/api/v1/tracks"
TAGS = {"title": "T", "artist": "Ä", "album": "AL", "album_artist": "AA", "genre": "Rock"}
OPTIONS = tuple(
    option
    for name, value in {**TAGS, "track": "3/12", "disc": "1/2", "date": "1999-05-06"}.items()
    for option in ("-metadata", f"{name}={value}")
)
ALL_TAGS: dict[str, Any] = TAGS | {"track_number": 3, "disc_number": 1, "year": 1999}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("tags"), renditions="aac128") as server:
        yield server


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    tone = make_tone(tmp_path_factory.mktemp("tone") / "tone.flac", seconds=1, options=OPTIONS)
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def patch(server: Server, track_id: str, body: bytes | dict[str, Any], **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    with Wire(server.url) as wire:
        return wire.request("PATCH", f"{TRACKS}/{track_id}", fields, data)


def tags_of(track: dict[str, Any]) -> dict[str, Any]:
    return {name: track[name] for name in ALL_TAGS}


@pytest.mark.parametrize("ending", ["mp3", "ogg", "m4a", "wav", "mka"])
def test_each_format_tells_its_tags(server: Server, tmp_path: Path, ending: str) -> None:
    tone = make_tone(tmp_path / f"tone.{ending}", seconds=1, options=OPTIONS)
    known = dict(ALL_TAGS)
    if ending == "wav":  # RIFF INFO has no place for these
        known |= {"album_artist": None, "disc_number": None}
    assert tags_of(wait_for_track(server.url, upload(server.url, tone)["id"])) == known


def test_an_edit_changes_what_it_names_and_can_be_taken_back(server: Server, track: dict[str, Any]) -> None:
    assert tags_of(track) == ALL_TAGS
    reply = patch(server, track["id"], {"title": " Mine 🎵 ", "year": 2001, "genre": None})
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    edited = ALL_TAGS | {"title": "Mine 🎵", "year": 2001, "genre": None}
    assert tags_of(reply.json) == edited
    assert reply.json == get_json(f"{server.url}{TRACKS}/{track['id']}")
    listed = next(it for it in get_json(f"{server.url}{TRACKS}")["items"] if it["id"] == track["id"])
    assert tags_of(listed) == edited
    back = {"title": None, "year": 1999, "genre": "Rock"}
    assert tags_of(patch(server, track["id"], back).json) == ALL_TAGS
    merged = patch(server, track["id"], {}, Content_Type="application/merge-patch+json; charset=UTF-8")
    assert merged.json == track


def test_who_watches_is_told(server: Server, track: dict[str, Any]) -> None:
    async def watch() -> dict[str, Any]:
        async with asyncio.timeout(20), connect(f"{server.url.replace('http', 'ws')}/ws") as socket:
            for command in ({"type": "hello", "name": "ann"}, {"type": "watch", "track": track["id"]}):
                await socket.send(json.dumps(command))
                await socket.recv()
            await asyncio.to_thread(patch, server, track["id"], {"disc_number": 2})
            told: dict[str, Any] = json.loads(await socket.recv())
            return told

    told = asyncio.run(watch())
    assert (told["type"], told["track"]["disc_number"]) == ("track", 2)
    patch(server, track["id"], {"disc_number": 1})


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b'{"title":"\xff"}', 400, "not JSON"),
        (b'{"title":"\\ud800"}', 400, "not JSON"),
        (b"[" * 60_000, 400, "object"),
        (b'{"title":' + b"[" * 60_000, 400, "title"),
        (b'{"x":' * 10_000, 400, "`x`"),
        (b"null", 400, "object"),
        (b'{"title":{}}', 400, "title: Expected `str | null`"),
        (b'{"title":"' + b"x" * 501 + b'"}', 400, "length <= 500"),
        (b'{"title":"a\\u0000b"}', 400, "title has the character U+0000"),
        (b'{"id":"x"}', 400, "`id`"),
        (b'{"year":1e3}', 400, "year"),
        (b'{"year":99999999999999999999999}', 400, "year"),
        (b'{"track_number":0}', 400, "track_number: Expected `int` >= 1"),
        (b'{"title":"' + b"x" * 70_000 + b'"}', 413, "65536"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_is_wrong(
    server: Server, track: dict[str, Any], body: bytes, status: int, detail: str
) -> None:
    reply = patch(server, track["id"], body)
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/problem+json"
    assert detail in reply.json["detail"]
    assert tags_of(get_json(f"{server.url}{TRACKS}/{track['id']}")) == ALL_TAGS


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "application/json; charset=utf-16"},
        {"Content_Type": ""},
        {"Content_Encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind(server: Server, track: dict[str, Any], headers: dict[str, str]) -> None:
    assert patch(server, track["id"], {"title": "x"}, **headers).status == 415


def test_a_chunked_body_is_bounded_too(server: Server, track: dict[str, Any]) -> None:
    head = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    with Wire(server.url) as wire:
        wire.begin("PATCH", f"{TRACKS}/{track['id']}", head)
        for _ in range(5):
            wire.chunk(b" " * 16_384)
        assert wire.reply().status == 413


def test_nobody_edits_what_is_not_there_or_from_elsewhere(server: Server, track: dict[str, Any]) -> None:
    assert patch(server, "0" * 26, {"title": "x"}).status == 404
    assert patch(server, "..%2f", {"title": "x"}).status == 404
    assert patch(server, track["id"], {"title": "x"}, Origin="http://evil.test").status == 403


def test_an_edit_outlives_packaging_and_restarts(tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.wav", seconds=20, options=("-metadata", "title=File's"))
    data, ref = tone.read_bytes(), secrets.token_hex(4)
    server = start_server(tmp_path / "data", renditions="aac128")
    try:
        with Wire(server.url) as wire:
            wire.begin("POST", f"{TRACKS}?filename=a.wav&ref={ref}", {"Content-Length": str(len(data))})
            wire.socket.sendall(data[: len(data) // 2])
            found = wait_until(
                lambda: next(
                    (t for t in get_json(f"{server.url}{TRACKS}?ref={ref}")["items"] if t["playable"]), None
                ),
                "playable",
            )
            # FFmpeg writes RIFF INFO first, so that the file's title is known already.
            assert patch(server, found["id"], {"title": "Mine", "artist": "Me"}).json["title"] == "Mine"
            wire.socket.sendall(data[len(data) // 2 :])
            assert wire.reply().json["title"] == "Mine"
        assert wait_for_track(server.url, found["id"])["title"] == "Mine"
        server.stop()
        server = start_server(tmp_path / "data", renditions="aac128")
        ready = get_json(f"{server.url}{TRACKS}/{found['id']}")
        assert (ready["state"], ready["title"], ready["artist"]) == ("ready", "Mine", "Me")
        assert patch(server, found["id"], {"title": ""}).json["title"] == "File's"
    finally:
        server.stop()


def test_a_token_is_needed_where_uploads_need_one(tmp_path: Path) -> None:
    with running_server(tmp_path, uploads="token") as server:
        assert patch(server, "0" * 26, {"title": "x"}).status == 401
