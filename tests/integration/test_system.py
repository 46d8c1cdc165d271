"""The API from outside: problems, headers, health, metrics, and its own description."""

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server
from tests.support.waiting import wait_until
from tests.support.wire import Reply, Wire

TRACKS = "/api/v1/tracks"
VEZA = Path(sys.executable).with_name("veza")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("system")
    with running_server(folder, uploads="token", origins="https://friend.example") as server:
        yield server


def ask(server: Server, method: str, target: str, **headers: str) -> Reply:
    with Wire(server.url) as wire:
        return wire.request(
            method, target, {name.replace("_", "-"): value for name, value in headers.items()}
        )


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("PUT", TRACKS, 405),
        ("GET", f"{TRACKS}/nonsense", 404),
        ("GET", f"{TRACKS}/{'0' * 26}", 404),
        ("GET", f"{TRACKS}/{'0' * 26}/source", 404),
        ("GET", f"/hls/{'0' * 26}/index.m3u8", 404),
        ("GET", f"/hls/{'0' * 26}/..%2f..%2fsecret.mp4", 404),
        ("GET", f"{TRACKS}?limit=0", 400),
        ("GET", f"{TRACKS}?limit=x", 400),
        ("GET", f"{TRACKS}?cursor=x", 400),
        ("GET", f"{TRACKS}?ref=%00", 400),
        ("POST", f"{TRACKS}?ref={'x' * 129}", 400),
        ("POST", TRACKS, 401),
        ("DELETE", f"{TRACKS}/{'0' * 26}", 401),
    ],
)
def test_what_goes_wrong_is_a_problem_rfc_9457(server: Server, method: str, target: str, status: int) -> None:
    reply = ask(server, method, target)
    assert reply.status == status, reply
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json["status"] == status
    assert set(reply.json) == {"type", "title", "status", "detail", "instance"}


def test_a_token_lets_one_write(server: Server) -> None:
    made = subprocess.run(
        [VEZA, "token", "ann"],
        env={"VEZA_DATA_DIR": str(server.data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    with Wire(server.url) as wire:
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        track = wire.request("POST", TRACKS, headers, b"text, no music")
        assert track.status == 201, track
        assert wire.request("DELETE", track.json["links"]["self"], headers).status == 204
    refused = ask(server, "POST", TRACKS, Authorization="Bearer x.y.z")
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="veza"'


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("null", 403),
        ("https://friend.example", 401),
        ("http://veza.test", 401),
    ],
)
def test_a_page_of_another_site_may_not_write(server: Server, origin: str, status: int) -> None:
    assert ask(server, "DELETE", f"{TRACKS}/{'0' * 26}", Origin=origin).status == status


def test_answers_carry_what_keeps_browsers_safe(server: Server) -> None:
    for target in (TRACKS, "/api/docs", "/healthz", "/api/v1/nothing"):
        reply = ask(server, "GET", target)
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert len(reply.headers["x-request-id"]) == 16
        assert "aiohttp" not in reply.headers["server"]


def test_players_of_other_sites_are_told_what_they_may_ask_for(server: Server) -> None:
    for target in (f"/hls/{'0' * 26}/index.m3u8", f"/hls/{'0' * 26}/a.mp4", f"{TRACKS}/{'0' * 26}/source"):
        reply = ask(
            server, "OPTIONS", target, Origin="https://a.example", Access_Control_Request_Method="GET"
        )
        assert reply.status == 204
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "Range" in reply.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("origin", "status"), [("https://friend.example", 204), ("https://evil.example", 405)]
)
def test_pages_of_listed_sites_are_told_what_they_may_send(server: Server, origin: str, status: int) -> None:
    for target, method in ((TRACKS, "POST"), (f"{TRACKS}/{'0' * 26}", "DELETE")):
        reply = ask(server, "OPTIONS", target, Origin=origin, Access_Control_Request_Method=method)
        assert reply.status == status
        if status == 204:
            assert reply.headers["access-control-allow-origin"] == origin
            assert method in reply.headers["access-control-allow-methods"].split(",")
            allowed = reply.headers["access-control-allow-headers"].split(", ")
            assert {"Authorization", "Content-Type"}.issubset(allowed)
        else:
            assert "access-control-allow-origin" not in reply.headers
    assert ask(server, "OPTIONS", TRACKS, Origin=origin).status == 405  # no browser asks without a method


def test_rfc9110_10_1_1_an_unknown_expectation_is_a_problem(server: Server) -> None:
    reply = ask(server, "POST", TRACKS, Expect="the-spanish-inquisition")
    assert (reply.status, reply.headers["content-type"]) == (417, "application/problem+json")


def test_a_request_refused_as_it_arrives_leaves_no_trace_in_the_log(tmp_path: Path) -> None:
    good = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    bad = b"POST " + TRACKS.encode() + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n"
    with running_server(tmp_path) as server:
        for before in (b"", good):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
                if before:
                    client.sendall(before)
                    assert client.recv(65_536).startswith(b"HTTP/1.1 200")
                    time.sleep(0.1)  # aiohttp waits for the next request
                client.sendall(bad)
                assert client.recv(65_536).startswith(b"HTTP/1.1 400")
        assert server.stop() == 0
        assert "error" not in server.log


def test_health(server: Server) -> None:
    assert get_json(server.url + "/healthz") == {"status": "alive"}
    assert get_json(server.url + "/readyz") == {"status": "ready"}


def test_metrics_are_there(server: Server) -> None:
    reply = ask(server, "GET", "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"\nveza_http_requests_total " in reply.body
    assert b"\nprocess_resident_memory_bytes " in reply.body


def test_the_description_and_its_page_are_there(server: Server) -> None:
    described = get_json(server.url + "/api/openapi.json")
    assert described["openapi"] == "3.1.0"
    page = ask(server, "GET", "/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert b"/api/v1/tracks/{id}" in page.body
    assert ask(server, "GET", "/api/docs.css").headers["content-type"].startswith("text/css")


def test_the_list_is_paged(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("paged")
    text = folder / "text.mp3"
    text.write_text("no music")
    with running_server(folder) as server:
        made = [upload(server.url, text)["id"] for _ in range(3)]
        upload(server.url, make_tone(folder / "t.wav", seconds=1))
        for track_id in made:  # it is listed when it has failed
            wait_for_track(server.url, track_id)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = get_json(f"{server.url}{TRACKS}?limit=2{cursor and f'&cursor={cursor}'}")
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
    assert seen == sorted(seen, reverse=True)
    assert seen[-3:] == made[::-1]


def test_what_is_seen_to_fail_is_listed_before_its_row_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("failing")
    with running_server(folder) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(
            f"POST {TRACKS}?ref=mine HTTP/1.1\r\nHost: x\r\nContent-Type: audio/mpeg\r\n"
            "Content-Disposition: attachment; filename=text.mp3\r\nContent-Length: 8\r\n\r\n".encode()
        )
        mine = wait_until(lambda: get_json(f"{server.url}{TRACKS}?ref=mine")["items"], "it is begun")[0]["id"]
        with closing(sqlite3.connect(server.data_dir / "veza.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")  # nobody else writes
            line.sendall(b"no music")
            assert wait_for_track(server.url, mine)["state"] == "failed"
            for query in ("", f"?cursor={'z' * 26}", "?limit=1"):
                items = get_json(f"{server.url}{TRACKS}{query}")["items"]
                assert [item["id"] for item in items] == [mine], query
            assert get_json(f"{server.url}{TRACKS}?cursor={mine}")["items"] == []
            database.execute("ROLLBACK")
        assert line.recv(12) == b"HTTP/1.1 201"
