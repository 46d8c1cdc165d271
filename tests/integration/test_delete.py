"""Deleting a track removes every byte of it, whatever was going on: the data folder is searched for it."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import get_json, wait_for_track
from tests.support.server import Server, start_server
from tests.support.tus import UPLOADS, add, begin_adding, create
from tests.support.waiting import wait_until
from tests.support.wave import make_wave
from tests.support.wire import Reply, Wire

TRACKS = "/api/v1/tracks"
# One pixel, red.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003"
    "0101 00c9fe92ef0000000049454e44ae426082".replace(" ", "")
)


class Marked:
    """A recording that can be found again wherever some of it is left."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.mark = secrets.token_hex(24).encode()
        wave = make_wave(secrets.randbelow(300), seconds=seconds)
        self.data = wave + b"note" + (4 + len(self.mark)).to_bytes(4, "little") + b"mark" + self.mark

    @property
    def ref(self) -> str:
        return self.mark[:20].decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("delete") / "data", renditions="aac128")
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def gone() -> list[tuple[str, bytes]]:
    """Ids and marks of what was deleted, for the search at the end."""
    return []


def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
    with Wire(server.url) as wire:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return wire.request(method, path, named, body)


def send(server: Server, marked: Marked) -> dict[str, Any]:
    reply = ask(server, "POST", f"{TRACKS}?filename=a.wav&ref={marked.ref}", marked.data)
    assert reply.status == 201, reply
    found: dict[str, Any] = reply.json
    return found


def begun(server: Server, marked: Marked) -> str:
    """The id of a track whose upload is running."""

    def look() -> str | None:
        items = get_json(f"{server.url}{TRACKS}?ref={marked.ref}")["items"]
        return items[0]["id"] if items and items[0]["received_bytes"] else None

    return wait_until(look, "the upload to begin")


def leftovers(data_dir: Path, track_id: str, mark: bytes) -> list[str]:
    """Whatever names the track, or has something of it."""

    def tells(path: Path) -> bool:
        data = path.read_bytes() if path.is_file() else b""
        return track_id in str(path) or track_id.encode() in data or mark in data

    return [str(path.relative_to(data_dir)) for path in data_dir.rglob("*") if tells(path)]


def on_disk(server: Server, track_id: str, mark: bytes) -> list[str]:
    """The same, but for the database, which a running server writes back in its own time."""
    return [name for name in leftovers(server.data_dir, track_id, mark) if not name.startswith("veza.db")]


def delete(server: Server, track_id: str, marked: Marked, gone: list[tuple[str, bytes]]) -> None:
    assert ask(server, "DELETE", f"{TRACKS}/{track_id}").status == 204
    assert on_disk(server, track_id, marked.mark) == []
    assert ask(server, "GET", f"{TRACKS}/{track_id}").status == 404
    gone.append((track_id, marked.mark))


Gone = list[tuple[str, bytes]]


def test_ready_with_all_that_hangs_on_it(server: Server, gone: Gone) -> None:
    marked = Marked()
    track = wait_for_track(server.url, send(server, marked)["id"])
    assert track["state"] == "ready"
    links = track["links"]
    comment = b'{"at_ms":100,"body":"%b"}' % marked.mark
    assert ask(server, "POST", links["comments"], comment, Content_Type="application/json").status == 201
    assert ask(server, "PUT", f"{links['self']}/cover", PIXEL, Content_Type="image/png").status == 200
    assert ask(server, "GET", f"{links['self']}/cover").status == 200
    delete(server, track["id"], marked, gone)


def test_while_somebody_downloads(server: Server, gone: Gone) -> None:
    """Who has begun hears the end of it; nobody begins any more."""
    marked = Marked(seconds=300)
    track = wait_for_track(server.url, send(server, marked)["id"])
    with Wire(server.url) as listener:
        listener.begin("GET", track["links"]["source"], {})
        head = listener.socket.recv(1000)
        assert head.startswith(b"HTTP/1.1 200")
        delete(server, track["id"], marked, gone)
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < len(marked.data):
            more = listener.socket.recv(1 << 20)
            assert more, f"cut off after {len(body)} of {len(marked.data)} bytes"
            body += more
    assert body == marked.data
    assert ask(server, "GET", track["links"]["source"]).status == 404


def test_while_it_arrives(server: Server, gone: Gone) -> None:
    marked = Marked()
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?ref={marked.ref}", {"Content-Length": str(len(marked.data) + 1000)})
        wire.socket.sendall(marked.data)
        delete(server, begun(server, marked), marked, gone)
        wire.socket.sendall(b"x" * 1000)
        assert wire.reply().status == 410


def test_while_a_part_of_it_arrives(server: Server, gone: Gone) -> None:
    marked = Marked()
    path = create(server.url, len(marked.data) + 1000)
    track_id = path.removeprefix(f"{UPLOADS}/")
    with Wire(server.url) as wire:
        begin_adding(wire, path, 0, len(marked.data) + 1000)
        wire.socket.sendall(marked.data)
        wait_until(lambda: get_json(f"{server.url}{TRACKS}/{track_id}")["received_bytes"], "bytes")
        delete(server, track_id, marked, gone)


def test_between_two_parts(server: Server, gone: Gone) -> None:
    marked = Marked()
    path = create(server.url, len(marked.data) + 1000)
    assert add(server.url, path, 0, marked.data).status == 204
    delete(server, path.removeprefix(f"{UPLOADS}/"), marked, gone)
    assert add(server.url, path, len(marked.data), b"x" * 1000).status == 404


def test_while_it_is_packaged(server: Server, gone: Gone) -> None:
    marked = Marked(seconds=600)
    track = send(server, marked)
    assert track["state"] == "packaging"
    delete(server, track["id"], marked, gone)


def test_after_it_failed(server: Server, gone: Gone) -> None:
    marked = Marked()
    marked.data = b"no sound" * 5000 + marked.mark
    track = wait_for_track(server.url, send(server, marked)["id"])
    assert track["state"] == "failed"
    delete(server, track["id"], marked, gone)


def test_one_of_two_and_then_the_other(server: Server, gone: Gone) -> None:
    marked = Marked()
    first = wait_for_track(server.url, send(server, marked)["id"])
    second = send(server, marked)
    assert second["duplicate_of"] == first["id"]
    assert ask(server, "DELETE", second["links"]["self"]).status == 204
    assert second["id"] not in {path.name for path in (server.data_dir / "tracks").iterdir()}
    assert ask(server, "GET", first["links"]["source"]).body == marked.data
    delete(server, first["id"], marked, gone)


def test_nothing_is_left_in_the_database_either(server: Server, gone: Gone) -> None:
    assert len(gone) >= 1
    assert server.stop() == 0
    left = {
        (track_id, name) for track_id, mark in gone for name in leftovers(server.data_dir, track_id, mark)
    }
    assert left == set()
