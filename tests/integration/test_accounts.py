"""Whose a track is, who may delete it, and how much an account may keep."""

import secrets
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import tus
from tests.support.account import ask, token_of
from tests.support.api import get_json, wait_for_track
from tests.support.audio import make_tone
from tests.support.chat import client
from tests.support.server import Server, running_server, start_server
from tests.support.wire import Reply, Wire

TRACKS = "/api/v1/tracks"
UPLOADS = "/api/v1/uploads"
TYPE = "application/offset+octet-stream"
KIB = 1 << 10
QUOTA = 600 * KIB
SETTINGS: dict[str, Any] = {"renditions": "aac128", "quota_bytes": QUOTA}


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """About 86 KiB."""
    folder = tmp_path_factory.mktemp("tones")
    return make_tone(folder / "tone.wav", seconds=1, channels=1).read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("accounts"), uploads="token", **SETTINGS) as server:
        yield server


@pytest.fixture
def ann(server: Server) -> str:
    """Somebody who has nothing here yet."""
    return token_of(server, f"ann-{secrets.token_hex(4)}")


def account(server: Server, token: str) -> dict[str, Any]:
    found: dict[str, Any] = ask(server, "GET", "/api/v1/account", token).json
    return found


def upload(server: Server, token: str, data: bytes) -> Reply:
    return ask(server, "POST", f"{TRACKS}?filename=a.wav", token, data)


def create(server: Server, token: str, length: int | None, **headers: str) -> Reply:
    size = {"Upload_Length": length} if length is not None else {"Upload_Defer_Length": 1}
    fields = {name.replace("-", "_"): value for name, value in tus.fields(**size).items()}
    return ask(server, "POST", UPLOADS, token, **(fields | headers))


def add(server: Server, token: str, path: str, at: int, data: bytes, **headers: Any) -> Reply:
    named = tus.fields(Upload_Offset=at, **headers) | {"Content-Type": TYPE}
    fields = {name.replace("-", "_"): value for name, value in named.items()}
    return ask(server, "PATCH", path, token, data, **fields)


def test_a_track_belongs_to_who_uploaded_it(server: Server, ann: str, tone: bytes) -> None:
    me = account(server, ann)
    assert me == {"id": me["id"], "name": me["name"], "used_bytes": 0, "quota_bytes": QUOTA, "tracks": 0}
    plain = upload(server, ann, tone).json
    path = create(server, ann, len(tone)).headers["location"]
    assert account(server, ann)["used_bytes"] == 2 * len(tone), "what is announced counts"
    assert add(server, ann, path, 0, tone).status == 204
    for track_id in (plain["id"], path.rpartition("/")[2]):
        track = wait_for_track(server.url, track_id)
        assert track["owner"] == {"id": me["id"], "name": me["name"]}
    assert account(server, ann) == me | {"used_bytes": 2 * len(tone), "tracks": 2}
    assert ask(server, "DELETE", plain["links"]["self"], ann).status == 204
    assert account(server, ann) == me | {"used_bytes": len(tone), "tracks": 1}


async def test_who_may_delete_a_track(server: Server, ann: str, tone: bytes) -> None:
    bob, operator = token_of(server, "bob"), token_of(server, "root", operator=True)
    async with client(server.url.replace("http", "ws") + "/ws", "eve") as eve:
        guest = eve.seen[0]["token"]
    first, second = (upload(server, ann, tone).json["links"]["self"] for _ in range(2))
    for token, status in (("", 401), (guest, 401), (bob, 403)):
        assert ask(server, "DELETE", first, token).status == status
        assert ask(server, "PATCH", first, token, {"title": "mine"}).status == status
    assert ask(server, "PATCH", first, ann, {"title": "mine"}).json["title"] == "mine"
    assert ask(server, "DELETE", first, ann).status == 204
    assert ask(server, "DELETE", second, operator).status == 204


def test_an_upload_goes_on_under_its_account_only(server: Server, ann: str, tone: bytes) -> None:
    bob = token_of(server, "bob")
    path = create(server, ann, len(tone)).headers["location"]
    version = {"Tus_Resumable": "1.0.0"}
    assert add(server, bob, path, 0, tone).status == 403
    assert ask(server, "HEAD", path, bob, **version).status == 403
    assert ask(server, "DELETE", path, bob, **version).status == 403
    assert ask(server, "HEAD", path, ann, **version).headers["upload-offset"] == "0"
    assert ask(server, "DELETE", path, ann, **version).status == 204
    assert account(server, ann)["used_bytes"] == 0


def test_what_is_too_much_is_refused_before_it_is_sent(server: Server, ann: str, tone: bytes) -> None:
    assert upload(server, ann, tone).status == 201
    room = QUOTA - len(tone)
    with Wire(server.url) as wire:
        headers = {
            "Authorization": f"Bearer {ann}",
            "Content-Length": str(room + 1),
            "Expect": "100-continue",
        }
        wire.begin("POST", TRACKS, headers)
        reply = wire.reply()
    assert reply.status == 413
    assert reply.json["type"] == "/api/docs#quota-exceeded"
    for number in (len(tone), QUOTA, room + 1):
        assert str(number) in reply.json["detail"]
    refused = create(server, ann, room + 1)
    assert (refused.status, refused.json["type"]) == (413, "/api/docs#quota-exceeded")
    exact = create(server, ann, room)
    assert exact.status == 201
    assert create(server, ann, 1).status == 413
    assert account(server, ann)["used_bytes"] == QUOTA
    gone = ask(server, "DELETE", exact.headers["location"], ann, Tus_Resumable="1.0.0")
    assert gone.status == 204
    assert create(server, ann, 1).status == 201


def test_uploads_that_begin_at_once_share_the_room(server: Server, ann: str) -> None:
    size = QUOTA // 3
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: create(server, ann, size), range(12)))
    assert sorted(reply.status for reply in replies) == [201] * 3 + [413] * 9
    assert account(server, ann)["used_bytes"] == 3 * size


def test_a_length_that_is_not_said_is_no_way_around(server: Server, ann: str, tone: bytes) -> None:
    path = create(server, ann, None).headers["location"]
    assert add(server, ann, path, 0, tone).status == 204
    assert add(server, ann, path, len(tone), b"", Upload_Length=QUOTA + 1).status == 413
    refused = add(server, ann, path, len(tone), bytes(QUOTA - len(tone) + 1))
    assert refused.status == 413, refused
    at = int(ask(server, "HEAD", path, ann, Tus_Resumable="1.0.0").headers["upload-offset"])
    assert len(tone) <= at <= QUOTA, "what came before is kept"
    assert account(server, ann)["used_bytes"] <= QUOTA
    assert create(server, ann, QUOTA - at + 1).status == 413
    assert ask(server, "DELETE", path, ann, Tus_Resumable="1.0.0").status == 204
    assert account(server, ann)["used_bytes"] == 0


def test_a_body_of_unknown_length_is_no_way_around(server: Server, ann: str, tone: bytes) -> None:
    other = create(server, ann, QUOTA // 2).headers["location"]
    ref = secrets.token_hex(4)
    with Wire(server.url) as wire:
        headers = {"Authorization": f"Bearer {ann}", "Transfer-Encoding": "chunked"}
        wire.begin("POST", f"{TRACKS}?ref={ref}", headers)
        wire.chunk(tone)
        wire.chunk(bytes(QUOTA // 2))
        reply = wire.reply()
    assert (reply.status, reply.json["type"]) == (413, "/api/docs#quota-exceeded")
    (trace,) = get_json(f"{server.url}{TRACKS}?ref={ref}")["items"]
    assert trace["state"] == "failed"
    assert account(server, ann)["used_bytes"] == QUOTA // 2
    assert ask(server, "DELETE", other, ann, Tus_Resumable="1.0.0").status == 204


def test_bytes_that_two_share_count_for_both(server: Server, ann: str, tone: bytes) -> None:
    bob = token_of(server, f"bob-{secrets.token_hex(4)}")
    first = wait_for_track(server.url, upload(server, ann, tone).json["id"])
    second = wait_for_track(server.url, upload(server, bob, tone).json["id"])
    assert second["sha256"] == first["sha256"]
    assert [account(server, who)["used_bytes"] for who in (ann, bob)] == [len(tone)] * 2
    assert ask(server, "DELETE", first["links"]["self"], ann).status == 204
    assert [account(server, who)["used_bytes"] for who in (ann, bob)] == [0, len(tone)]
    assert ask(server, "GET", second["links"]["source"]).body == tone


def test_what_is_uploaded_without_an_account_is_one_accounts(tmp_path: Path, tone: bytes) -> None:
    with running_server(tmp_path, **SETTINGS) as server:
        nobody = {"id": None, "name": None, "used_bytes": 0, "quota_bytes": QUOTA, "tracks": 0}
        assert account(server, "") == nobody
        track = wait_for_track(server.url, upload(server, "", tone).json["id"])
        assert track["owner"] is None
        ann = token_of(server, "ann")
        path = create(server, ann, QUOTA).headers["location"]
        assert create(server, "", QUOTA - len(tone) + 1).status == 413
        other = create(server, "", QUOTA - len(tone)).headers["location"]
        assert add(server, ann, path, 0, b"RIFF").status == 204
        assert add(server, "", path, 4, b"x").status == 403
        assert upload(server, "nonsense", tone).status == 401
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start_server(server.data_dir, **SETTINGS)
    try:
        # What was announced is reserved through a restart.
        assert account(again, "") == nobody | {"used_bytes": QUOTA, "tracks": 2}
        assert account(again, ann)["used_bytes"] == QUOTA
        assert create(again, ann, 1).status == 413
        assert add(again, "", path, 4, b"x").status == 403
        assert ask(again, "DELETE", other, Tus_Resumable="1.0.0").status == 204
        assert ask(again, "DELETE", track["links"]["self"]).status == 204
        assert account(again, "") == nobody
    finally:
        assert again.stop() == 0
