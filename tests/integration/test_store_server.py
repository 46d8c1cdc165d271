"""Real servers whose recordings lie on a real S3 server, which comes and goes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamer.store_obstore import ObstoreStore, open_store
from tests.support import pcm
from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import ROOT, make_tone
from tests.support.postgres import find_binaries, running_postgres
from tests.support.s3 import BUCKET, CREDENTIALS, Gate, running_s3
from tests.support.server import Server, running_server, start_server
from tests.support.waiting import wait_until
from tests.support.wire import Wire

RATE = 44_100


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with running_s3() as url:
        yield url


@pytest.fixture
def gate(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(s3_url)
    for name, value in (CREDENTIALS | {"AWS_ENDPOINT_URL": gate.url}).items():
        monkeypatch.setenv(name, value)
    yield gate
    gate.close()


@pytest.fixture
def place(gate: Gate, tmp_path: Path) -> dict[str, str]:
    """Settings of a server with a place of its own in the bucket."""
    return {"store_url": f"s3://{BUCKET}/{tmp_path.name}"}


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three blocks of a source."""
    return make_tone(tmp_path_factory.mktemp("song") / "song.wav", seconds=14, rate=RATE)


async def keys(place: dict[str, str]) -> list[str]:
    store = open_store(place["store_url"], os.environ)
    assert isinstance(store, ObstoreStore)
    return [it.key for it in await store.list("tracks")]


def local(data_dir: Path, media: str) -> list[str]:
    try:
        return sorted(os.listdir(data_dir / "tracks" / media))
    except FileNotFoundError:  # it goes as a whole
        return []


def wait_until_moved(server: Server, media: str) -> None:
    try:
        wait_until(lambda: local(server.data_dir, media) == [] or None, f"{media} is in the store")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{local(server.data_dir, media)}\n{server.log}") from None


def get(url: str, span: str | None = None) -> bytes:
    request = urllib.request.Request(url, headers={"Range": f"bytes={span}"} if span else {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def status_of(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def delete(server: Server, track: dict[str, Any]) -> None:
    with Wire(server.url) as wire:
        assert wire.request("DELETE", track["links"]["self"]).status == 204


def fsck(data_dir: Path, place: dict[str, str], *options: str) -> tuple[int, list[str]]:
    """Exit code, and what was found, of `veza fsck`."""
    done = subprocess.run(
        [sys.executable, "-c", "from streamer.cli import main; main()", "fsck", "--json", *options],
        cwd=ROOT,
        env=os.environ | {"VEZA_DATA_DIR": str(data_dir), "VEZA_STORE_URL": place["store_url"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, [found["kind"] for found in json.loads(done.stdout)["findings"]]


def metric(server: Server, line: str) -> float:
    text = get(f"{server.url}/metrics").decode()
    return next(float(it.rpartition(" ")[2]) for it in text.splitlines() if it.startswith(line))


async def test_the_life_of_a_track_in_a_store(
    gate: Gate, place: dict[str, str], song: Path, tmp_path: Path
) -> None:
    data = song.read_bytes()
    with running_server(tmp_path, **place) as server:
        track = wait_for_track(server.url, upload(server.url, song)["id"])
        source, hls = server.url + track["links"]["source"], server.url + track["links"]["hls"]
        before = get(hls), get(server.url + track["links"]["waveform"])
        wait_until_moved(server, track["id"])
        assert await keys(place) == [
            f"tracks/{track['id']}/{name}" for name in ("aac128.mp4", "peaks", "source")
        ]
        assert gate.gets() == [], "what plays from here asks nobody"

        assert (get(hls), get(server.url + track["links"]["waveform"])) == before
        assert get(source) == data
        assert get(source, "1048570-1048589") == data[1048570:1048590]
        assert get(source, "-7") == data[-7:]
        heard = pcm.decode(hls, rate=RATE)
        assert abs(len(heard) - 14 * RATE) < RATE // 4
        blocks = -(-len(data) // (1 << 20))
        assert len(gate.gets("source")) == blocks, "each block once"
        assert metric(server, 'veza_store_cache_blocks_total{found="hit"}') > blocks
        assert metric(server, "veza_store_cache_bytes") >= len(data)
        asked = len(gate.seen)
        with Wire(server.url) as wire:
            head = wire.request("HEAD", track["links"]["source"])
            assert (head.status, head.headers["content-length"]) == (200, str(len(data)))
        assert status_of(source, **{"If-None-Match": head.headers["etag"]}) == 304
        get(hls)
        assert len(gate.seen) == asked, "conditions, heads and playlists need no store"

    assert fsck(tmp_path / "data", place, "--deep", "--repair") == (0, [])
    asked = len(gate.seen)
    with running_server(tmp_path, **place) as server:  # restarted, with an empty cache
        assert wait_for_track(server.url, track["id"])["state"] == "ready"
        source = server.url + track["links"]["source"]
        assert status_of(source, **{"If-None-Match": head.headers["etag"]}) == 304
        assert len(gate.seen) <= asked + 1, "only the look whether the store is there"
        assert get(source, "0-99") == data[:100]
        assert not any(secret in server.log for secret in CREDENTIALS.values() if secret != "us-east-1")
        delete(server, track)
        assert status_of(source) == 404
        wait_until(lambda: not list((server.data_dir / "cache").iterdir()) or None, "an empty cache")
        wait_until(lambda: metric(server, 'veza_store_recordings_total{what="removed"}') or None)
    assert await keys(place) == []


async def test_a_store_that_is_away_keeps_nobody_from_uploading_and_listening(
    gate: Gate, place: dict[str, str], song: Path, tmp_path: Path
) -> None:
    gate.shut("503")
    server = start_server(tmp_path / "data", **place)
    try:
        track = wait_for_track(server.url, upload(server.url, song)["id"])
        assert track["state"] == "ready"
        wait_until(lambda: metric(server, 'veza_store_failures_total{asked="write"}') or None)
        assert get(server.url + track["links"]["source"]) == song.read_bytes()
        server.stop(signal.SIGKILL)
        server = start_server(tmp_path / "data", **place)
        assert get(server.url + track["links"]["source"]) == song.read_bytes()
        gate.open()
        wait_until_moved(server, track["id"])
        assert get(server.url + track["links"]["source"]) == song.read_bytes()

        gate.shut("drop")
        delete(server, track)
        assert status_of(server.url + track["links"]["self"]) == 404
        assert len(gate.seen) > 0
        server.stop(signal.SIGKILL)
        gate.open()
        assert len(await keys(place)) == 3, "nobody could tell the store"
        server = start_server(tmp_path / "data", **place)
        wait_until(lambda: metric(server, 'veza_store_recordings_total{what="removed"}') or None)
        assert await keys(place) == []
    finally:
        server.stop()


async def test_a_server_killed_while_it_copies_goes_on_where_it_was(
    gate: Gate, place: dict[str, str], song: Path, tmp_path: Path
) -> None:
    puts = threading.Event()

    def stall_the_source(method: str, path: str) -> str | None:
        if method == "PUT" and path.split("?")[0].endswith("source"):
            puts.set()
            return "stall"
        return None

    gate.judge = stall_the_source
    server = start_server(tmp_path / "data", **place)
    try:
        track = wait_for_track(server.url, upload(server.url, song)["id"])
        assert puts.wait(30)
        assert get(server.url + track["links"]["source"]) == song.read_bytes(), "it plays from here"
        server.stop(signal.SIGKILL)
        gate.shut("drop")
        gate.release()
        gate.open()
        already = len(await keys(place))
        assert already >= 2 and local(server.data_dir, track["id"])
        server = start_server(tmp_path / "data", **place)
        wait_until_moved(server, track["id"])
        assert get(server.url + track["links"]["source"]) == song.read_bytes()
    finally:
        server.stop()


def test_a_store_that_goes_away_while_somebody_listens(
    gate: Gate, place: dict[str, str], song: Path, tmp_path: Path
) -> None:
    data = song.read_bytes()
    with running_server(tmp_path, **place) as server:
        track = wait_for_track(server.url, upload(server.url, song)["id"])
        wait_until_moved(server, track["id"])
        source = server.url + track["links"]["source"]
        assert get(source, "0-9") == data[:10]
        gate.shut("503")
        assert get(source, "10-99") == data[10:100], "what was heard of late is still here"
        assert status_of(source, Range="bytes=1048576-1048577") == 503
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            get(source)
        gate.shut("403")
        assert status_of(source, Range="bytes=1048576-1048577") == 502
        gate.shut("cut")
        assert status_of(source, Range="bytes=1048576-1048577") == 503
        assert get_json(server.url + "/api/v1/tracks")["items"][0]["state"] == "ready"
        gate.open()
        assert get(source) == data


def test_two_servers_share_a_database_and_a_store(place: dict[str, str], song: Path, tmp_path: Path) -> None:
    if find_binaries() is None:
        assert os.environ.get("CI") != "true", "postgresql is missing: run scripts/setup test"
        pytest.skip("postgresql is not installed")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with running_postgres(Path(folder)) as url:
            shared = place | {"database_url": url}
            with running_server(tmp_path / "one", **shared) as one:
                track = wait_for_track(one.url, upload(one.url, song)["id"])
                wait_until_moved(one, track["id"])
                with running_server(tmp_path / "two", **shared) as two:
                    for server in (one, two):
                        assert get(server.url + track["links"]["source"]) == song.read_bytes()
                        assert pcm.decode(server.url + track["links"]["hls"], rate=RATE).any()


def test_another_folder_is_a_store_too_and_fsck_tells_what_it_has_lost(song: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    place = {"store_url": f"file://{archive}"}
    with running_server(tmp_path, **place) as server:
        track = wait_for_track(server.url, upload(server.url, song)["id"])
        wait_until_moved(server, track["id"])
        files = archive / "tracks" / track["id"]
        assert (files / "source").read_bytes() == song.read_bytes()
        assert get(server.url + track["links"]["source"]) == song.read_bytes()
    with pytest.raises(AssertionError, match="the files of 1 recordings are in a store"):
        start_server(tmp_path / "data")
    (files / "aac128.mp4").unlink()
    (files / "peaks").write_bytes(b"x")
    assert fsck(tmp_path / "data", place, "--repair") == (1, ["object-lost", "object-lost"])
    with running_server(tmp_path, **place) as server:
        assert wait_for_track(server.url, track["id"])["state"] == "ready", "it is not given up"
        assert get(server.url + track["links"]["source"], "0-9") == song.read_bytes()[:10]
        assert status_of(f"{server.url}/hls/{track['id']}/aac128.mp4") == 502
        delete(server, track)
        wait_until(lambda: not files.exists() or None, "an empty archive")


def test_a_store_inside_the_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="is in data_dir, or has it within"):
        start_server(tmp_path / "data", store_url=f"file://{tmp_path}/data/tracks")


async def test_a_recording_that_is_in_the_store_already_is_not_stored_twice(
    gate: Gate, place: dict[str, str], song: Path, tmp_path: Path
) -> None:
    with running_server(tmp_path, **place) as server:
        first = wait_for_track(server.url, upload(server.url, song)["id"])
        wait_until_moved(server, first["id"])
        there = await keys(place)
        second = wait_for_track(server.url, upload(server.url, song)["id"])
        assert second["duplicate_of"] == first["id"]
        wait_until(lambda: local(server.data_dir, second["id"]) == [] or None, "its own bytes are gone")
        assert await keys(place) == there
        delete(server, first)
        assert get(server.url + second["links"]["source"]) == song.read_bytes()
        delete(server, second)
        wait_until(lambda: metric(server, 'veza_store_recordings_total{what="removed"}') or None)
        assert await keys(place) == []
