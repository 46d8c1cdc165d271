"""Playlists over HTTP, on a real server: headers, statuses, bodies that are wrong, and a restart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.wire import Reply, Wire

PLAYLISTS = "/api/v1/playlists"
NOBODY = "0" * 26


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("playlists"), renditions="aac128") as server:
        yield server


@pytest.fixture(scope="module")
def track(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    tone = make_tone(tmp_path_factory.mktemp("tone") / "tone.flac", seconds=1)
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def send(server: Server, method: str, path: str = "", body: Any = None, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    with Wire(server.url) as wire:
        return wire.request(method, PLAYLISTS + path, fields, data)


def made(server: Server) -> str:
    return str(send(server, "POST", "", {"title": "P"}).json["id"])


def test_a_playlist_from_beginning_to_end(server: Server, track: dict[str, Any]) -> None:
    reply = send(server, "POST", "", {"title": "Morning", "description": "slow"})
    playlist = reply.json
    assert (reply.status, reply.headers["location"]) == (201, playlist["links"]["self"])
    assert reply.headers["etag"] == '"1"'
    path = "/" + playlist["id"]
    first = send(server, "POST", f"{path}/items", {"track": track["id"]}, If_Match='"1"')
    assert (first.status, first.headers["etag"], first.json["track"]) == (201, '"2"', track)
    second = send(server, "POST", f"{path}/items", {"track": track["id"], "at": 0})
    late = send(server, "DELETE", f"{path}/items/{first.json['id']}", None, If_Match='"1"')
    assert (late.status, late.headers["content-type"]) == (412, "application/problem+json")
    order = {"items": [first.json["id"], second.json["id"]]}
    ordered = send(server, "PUT", f"{path}/items", order, If_Match="3")
    assert (ordered.status, ordered.json["track_count"], ordered.json["duration_ms"]) == (200, 2, 2000)
    whole = send(server, "GET", path)
    assert whole.headers["etag"] == '"4"'
    assert [item["id"] for item in whole.json["items"]] == order["items"]
    assert get_json(f"{server.url}{PLAYLISTS}")["items"][0] == ordered.json
    assert get_json(f"{server.url}/api/v1/search?q=morn")["playlists"] == [ordered.json]
    removed = send(server, "DELETE", f"{path}/items/{first.json['id']}", None, If_Match="*")
    assert (removed.status, removed.headers["etag"]) == (204, '"5"')
    patched = send(server, "PATCH", path, {"title": "Evening"}, Content_Type="application/merge-patch+json")
    assert (patched.status, patched.json["title"], patched.json["description"]) == (200, "Evening", "slow")
    assert send(server, "DELETE", path).status == 204
    assert send(server, "GET", path).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {}, 400),
        ("POST", "", {"title": ""}, 400),
        ("POST", "", {"title": "\n"}, 400),
        ("POST", "", {"title": None}, 400),
        ("POST", "", {"title": "x" * 501}, 400),
        ("POST", "", {"title": "x", "description": "y" * 2001}, 400),
        ("POST", "", {"title": "x", "items": []}, 400),
        ("POST", "", b"[" * 60_000, 400),
        ("POST", "", b'{"title":"\xff"}', 400),
        ("POST", "", b'{"title":"' + b"x" * 70_000, 413),
        ("PATCH", "/{id}", {"title": None}, 400),
        ("PATCH", "/{id}", {"revision": 1}, 400),
        ("POST", "/{id}/items", {"track": NOBODY}, 404),
        ("POST", "/{id}/items", {"track": 1}, 400),
        ("POST", "/{id}/items", {"track": "x" * 65}, 400),
        ("POST", "/{id}/items", {"track": "../../etc"}, 404),
        ("POST", "/{id}/items", {"track": NOBODY, "at": -1}, 400),
        ("POST", "/{id}/items", {"track": NOBODY, "at": 1 << 70}, 400),
        ("PUT", "/{id}/items", {"items": [NOBODY]}, 400),
        ("PUT", "/{id}/items", {"items": ["x"] * 10_001}, 400),
        ("PUT", "/{id}/items", {"items": {"a": 1}}, 400),
        ("PUT", "/{id}/items", {"items": [None]}, 400),
        ("PUT", "/{id}/items", b" " * (1 << 20) + b"{}", 413),
        ("PUT", "/{id}/items", {"items": []}, 200),
        ("DELETE", f"/{{id}}/items/{NOBODY}", None, 404),
        ("DELETE", "/{id}/items/%00", None, 404),
        ("GET", "/%00", None, 404),
        ("GET", "?limit=0", None, 400),
        ("GET", "?cursor=x", None, 400),
        ("PUT", "", {}, 405),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_asked_wrongly(server: Server, method: str, path: str, body: Any, status: int) -> None:
    if "{id}" in path:
        path = path.replace("{id}", made(server))
    reply = send(server, method, path, body)
    assert reply.status == status, reply.body
    if status >= 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert len(reply.body) < 2000


@pytest.mark.parametrize("asked", ["x", '"', '"1', "-1", '"1", "2"', 'W/"1"', "9" * 30])
def test_revisions_that_are_none(server: Server, asked: str) -> None:
    assert send(server, "DELETE", "/" + made(server), None, If_Match=asked).status == 400


def test_only_writers_write(tmp_path: Path) -> None:
    with running_server(tmp_path, uploads="token") as server:
        for method, path in (("POST", ""), ("PATCH", "/x"), ("DELETE", "/x"), ("PUT", "/x/items")):
            assert send(server, method, path, {"title": "x"}).status == 401
        assert send(server, "GET").json == {"items": [], "next": None}
        assert send(server, "POST", "", {"title": "x"}, Origin="http://evil.test").status == 403


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        playlist = send(server, "POST", "", {"title": "Kept"}).json
        server.stop()
        server = start_server(tmp_path / "data")
        assert send(server, "GET", "/" + playlist["id"]).json == playlist | {"items": []}
    finally:
        server.stop()
