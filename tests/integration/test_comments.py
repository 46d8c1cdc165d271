"""Timed comments on a real server: over HTTP, to the watchers, and through a restart."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import tus
from tests.support.account import ask, token_of
from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chat import client
from tests.support.server import Server, running_server, start_server
from tests.support.wire import Reply, Wire


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tones") / "tone.wav", seconds=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(
        tmp_path_factory.mktemp("comments"), renditions="aac128", trusted_proxies="127.0.0.0/8"
    ) as server:
        yield server


@pytest.fixture
def track(server: Server, tone: Path) -> dict[str, Any]:
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def say(server: Server, track: dict[str, Any], said: Any, *, token: str = "", **headers: str) -> Reply:
    """POST a comment; `said` as JSON, or bytes as they are."""
    fields = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    if token:
        fields["Authorization"] = f"Bearer {token}"
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    with Wire(server.url) as wire:
        return wire.request("POST", track["links"]["comments"], fields, body)


def delete(server: Server, comment: dict[str, Any], token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with Wire(server.url) as wire:
        path = f"/api/v1/tracks/{comment['track']}/comments/{comment['id']}"
        return wire.request("DELETE", path, headers).status


def listed(server: Server, track: dict[str, Any], query: str = "") -> Any:
    return get_json(f"{server.url}{track['links']['comments']}{query}")


async def guest(server: Server, name: str) -> dict[str, Any]:
    """What `welcome` says to a guest."""
    async with client(server.url.replace("http", "ws") + "/ws", name) as someone:
        return someone.seen[0]


async def test_who_watches_sees_comments_come_and_go(server: Server, track: dict[str, Any]) -> None:
    async with client(server.url.replace("http", "ws") + "/ws", "ann") as ann:
        welcome = ann.seen[0]
        await ann.say("watch", track=track["id"])
        await ann.expect("watching")
        reply = await asyncio.to_thread(
            say, server, track, {"at_ms": 1500, "body": " that bass! "}, token=welcome["token"]
        )
        assert reply.status == 201
        comment = reply.json
        assert comment == {
            "id": comment["id"],
            "track": track["id"],
            "at_ms": 1500,
            "body": "that bass!",
            "author": {"id": welcome["id"], "name": "ann"},
            "created_at": comment["created_at"],
        }
        assert await ann.until("comment") == {"type": "comment", "comment": comment}
        assert listed(server, track) == {"items": [comment], "next": None}
        assert await asyncio.to_thread(delete, server, comment, welcome["token"]) == 204
        gone = {"type": "uncomment", "track": track["id"], "id": comment["id"]}
        assert await ann.until("uncomment") == gone
        assert listed(server, track) == {"items": [], "next": None}
        assert delete(server, comment, welcome["token"]) == 404


def test_without_a_token_one_signs_with_a_name(server: Server, track: dict[str, Any]) -> None:
    named = say(server, track, {"at_ms": 0, "body": "x", "name": " bob "}).json
    nameless = say(server, track, {"at_ms": 0, "body": "y"}).json
    assert (named["author"], nameless["author"]) == (
        {"id": None, "name": "bob"},
        {"id": None, "name": "guest"},
    )


def test_an_account_signs_with_its_own_name(server: Server, track: dict[str, Any]) -> None:
    token = token_of(server, "carla")
    author = say(server, track, {"at_ms": 0, "body": "x", "name": "bob"}, token=token).json["author"]
    assert author["name"] == "carla"
    assert author["id"].startswith("user-")


async def test_a_guest_may_take_another_name(server: Server, track: dict[str, Any]) -> None:
    welcome = await guest(server, "ann")
    said = {"at_ms": 0, "body": "x", "name": "anna"}
    author = say(server, track, said, token=welcome["token"]).json["author"]
    assert author == {"id": welcome["id"], "name": "anna"}


def test_pages_go_along_the_track(server: Server, track: dict[str, Any]) -> None:
    token = token_of(server, "dora")
    moments = [2999, 0, 700, 700, 1]
    said = [say(server, track, {"at_ms": at, "body": str(at)}, token=token).json for at in moments]
    ordered = sorted(said, key=lambda comment: (comment["at_ms"], comment["id"]))
    found, cursor = [], ""
    while cursor is not None:
        page = listed(server, track, f"?limit=2{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next"]
    assert found == ordered
    assert [comment["at_ms"] for comment in found] == [0, 1, 700, 700, 2000], "the end is the end"


def test_a_track_that_still_arrives_takes_comments(server: Server, tone: Path) -> None:
    data = tone.read_bytes()
    path = tus.create(server.url, len(data), data[: len(data) * 3 // 4])
    track = wait_for_track(server.url, path.rpartition("/")[2], "receiving")
    assert say(server, track, {"at_ms": 0, "body": "already?"}).status == 201
    late = say(server, track, {"at_ms": 3_600_000, "body": "not yet"})
    assert (late.status, "ms so far" in late.json["detail"]) == (400, True)
    assert tus.finish(server.url, path, data).status == 204
    wait_for_track(server.url, track["id"], "ready")
    assert [comment["body"] for comment in listed(server, track)["items"]] == ["already?"]
    with Wire(server.url) as wire:
        assert wire.request("DELETE", track["links"]["self"]).status == 204
        assert wire.request("GET", track["links"]["comments"]).status == 404
    assert say(server, track, {"at_ms": 0, "body": "too late"}).status == 404


GOOD = {"at_ms": 0, "body": "x"}


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        ({"body": "x"}, 400, "at_ms"),
        ({"at_ms": 3001, "body": "x"}, 400, "at_ms is 3001, and the track has 2000 ms"),
        ({"at_ms": "1", "body": "x"}, 400, "at_ms: Expected `int`"),
        ({"at_ms": 10**30, "body": "x"}, 400, "at_ms"),
        ({"at_ms": 0, "body": "\u0000"}, 400, "U+0000"),
        ({"at_ms": 0, "body": "x" * 1001}, 400, "1001 characters"),
        ({"at_ms": 0, "body": "x", "name": "\u200b"}, 400, "U+200B"),
        (b'{"at_ms":0,"body":"\\ud800"}', 400, "not JSON"),
        (b'{"at_ms":0,"body":"\xff"}', 400, "not JSON"),
        (b'{"at_ms":NaN,"body":"x"}', 400, "not JSON"),
        (b'{"more":' + b"[" * 60_000, 400, "JSON"),
        (b"", 400, "not JSON"),
        (b"null", 400, "the body: Expected `object`"),
        (b'"' + b"x" * 70_000 + b'"', 413, "65536"),
    ],
)
def test_what_is_no_comment_is_refused(
    server: Server, shared: dict[str, Any], said: Any, status: int, detail: str
) -> None:
    reply = say(server, shared, said)
    assert reply.status == status, reply
    assert detail in reply.json["detail"]


@pytest.fixture(scope="module")
def shared(server: Server, tone: Path) -> dict[str, Any]:
    return wait_for_track(server.url, upload(server.url, tone)["id"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "Basic YTpi"}, 201),  # a proxy's own; it is none of ours
    ],
)
def test_how_it_may_be_sent(
    server: Server, shared: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    assert say(server, shared, GOOD, **headers).status == status


@pytest.mark.parametrize("cursor", ["x", "-1-" + "0" * 26, "1-" + "u" * 26, "%00", "1" * 17 + "-" + "0" * 26])
def test_a_cursor_that_no_page_gave(server: Server, shared: dict[str, Any], cursor: str) -> None:
    with Wire(server.url) as wire:
        assert wire.request("GET", f"{shared['links']['comments']}?cursor={cursor}").status == 400


def test_who_is_too_fast_is_told_when_to_go_on(server: Server, shared: dict[str, Any]) -> None:
    token = token_of(server, "eve")
    replies = [say(server, shared, GOOD, token=token) for _ in range(30)]
    late = next(reply for reply in replies if reply.status != 201)
    assert late.status == 429
    assert late.json["type"] == "/api/docs#rate-limited"
    assert int(late.headers["retry-after"]) == 1
    assert say(server, shared, GOOD, token=token_of(server, "frida")).status == 201, "each has their own"


async def test_who_is_banned_from_the_server_can_not_comment(server: Server, shared: dict[str, Any]) -> None:
    ops, gail = token_of(server, "ops", operator=True), await guest(server, "gail")
    assert say(server, shared, GOOD, token=gail["token"]).status == 201
    ban = {"subject": gail["id"], "for_ms": 60_000, "reason": "spam"}
    made = ask(server, "POST", "/api/v1/bans", ops, ban)
    assert made.status == 201, made
    refused = say(server, shared, GOOD, token=gail["token"])
    assert (refused.status, refused.json["type"]) == (403, "/api/docs#comment-refused")
    assert refused.json["detail"].startswith("you are banned for another ")
    ban = {"subject": "8.8.8.0/24"}
    assert ask(server, "POST", "/api/v1/bans", ops, ban).status == 201
    assert say(server, shared, GOOD, X_Forwarded_For="8.8.8.8").status == 403
    assert say(server, shared, GOOD, X_Forwarded_For="8.8.9.9").status == 201
    assert ask(server, "DELETE", f"/api/v1/bans/{made.json['id']}", ops).status == 204
    assert say(server, shared, GOOD, token=gail["token"]).status == 201


async def test_where_a_token_is_needed(tmp_path: Path, tone: Path) -> None:
    with running_server(tmp_path, uploads="token", renditions="aac128") as server:
        account = token_of(server, "ann")
        path = "/api/v1/tracks?filename=a.wav"
        with Wire(server.url) as wire:
            sent = wire.request("POST", path, {"Authorization": f"Bearer {account}"}, tone.read_bytes())
        track = wait_for_track(server.url, sent.json["id"])
        assert say(server, track, GOOD).status == 401
        bob, eve = await guest(server, "bob"), await guest(server, "eve")
        comment = say(server, track, GOOD, token=bob["token"]).json
        assert comment["author"] == {"id": bob["id"], "name": "bob"}
        assert delete(server, comment) == 401
        assert delete(server, comment, eve["token"]) == 403
        assert delete(server, comment, bob["token"]) == 204
        kept = say(server, track, GOOD, token=bob["token"]).json
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start_server(server.data_dir, uploads="token", renditions="aac128")
    try:
        assert listed(again, track)["items"] == [kept]
        assert delete(again, kept, account) == 204
    finally:
        assert again.stop() == 0
