"""The same recording twice: recognised by its hash, whichever way it came, and kept once."""

import base64
import hashlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.tus import add, create, finish
from tests.support.wire import Wire

TRACKS = "/api/v1/tracks"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("duplicates"), renditions="aac128") as server:
        yield server


def tone(folder: Path, frequency: int) -> Path:
    """Two seconds that no other test has uploaded."""
    return make_tone(folder / f"{frequency}.wav", seconds=2, rate=8000 + frequency, channels=1)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def with_hash(server: Server, digest: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = get_json(f"{server.url}{TRACKS}?sha256={digest}")["items"]
    return items


def track_at(server: Server, path: str) -> dict[str, Any]:
    return wait_for_track(server.url, path.rpartition("/")[2])


def test_a_recording_is_found_by_its_hash(server: Server, tmp_path: Path) -> None:
    path = tone(tmp_path, 1)
    digest = sha256(path.read_bytes())
    assert with_hash(server, digest) == []
    track = upload(server.url, path)
    assert track["sha256"] == digest
    assert [found["id"] for found in with_hash(server, digest)] == [track["id"]]
    assert [found["id"] for found in with_hash(server, digest.upper())] == [track["id"]]
    assert wait_for_track(server.url, track["id"])["sha256"] == digest
    for wrong in ("", "abc", "g" * 64, digest + "0", digest + "%0A"):
        with Wire(server.url) as wire:
            assert wire.request("GET", f"{TRACKS}?sha256={wrong}").status == 400


def test_what_failed_is_not_offered(server: Server) -> None:
    noise = b"no sound at all" * 1000
    with Wire(server.url) as wire:
        track = wire.request("POST", f"{TRACKS}?filename=x.wav", {}, noise).json
    failed = wait_for_track(server.url, track["id"])
    assert failed["state"] == "failed"
    assert with_hash(server, sha256(noise)) == []


def test_a_paused_upload_has_the_hash_of_the_whole(server: Server, tmp_path: Path) -> None:
    data = tone(tmp_path, 2).read_bytes()
    path = create(server.url, None)
    assert add(server.url, path, 0, data[:5000]).status == 204
    chunk = data[5000:12_000]
    checksum = "sha1 " + base64.b64encode(hashlib.sha1(chunk).digest()).decode()
    assert add(server.url, path, 5000, chunk, Upload_Checksum=checksum).status == 204
    assert add(server.url, path, 12_000, data[12_000:], Upload_Length=len(data)).status == 204
    assert track_at(server, path)["sha256"] == sha256(data)


def test_an_upload_across_a_kill_has_the_hash_of_the_whole(tmp_path: Path) -> None:
    data, data_dir = tone(tmp_path, 3).read_bytes(), tmp_path / "data"
    server = start_server(data_dir, renditions="aac128")
    path = create(server.url, len(data))
    assert add(server.url, path, 0, data[:7001]).status == 204
    server.stop(signal.SIGKILL)
    server = start_server(data_dir, renditions="aac128")
    try:
        assert add(server.url, path, 7001, data[7001:9000]).status == 204
        assert finish(server.url, path, data).status == 204
        assert track_at(server, path)["sha256"] == sha256(data)
    finally:
        assert server.stop() == 0
