"""The same recording twice: recognised by its hash, whichever way it came, and kept once."""

import base64
import hashlib
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.tus import add, create, finish
from tests.support.waiting import wait_until
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


def test_every_list_says_what_the_track_itself_says(server: Server) -> None:
    """Its row is written while it is asked for: 20 were enough to see an older one, in one of the lists."""
    with Wire(server.url) as wire:
        for number in range(20):
            noise = b"no sound %d" % number * 1000
            url = f"{TRACKS}/{wire.request('POST', f'{TRACKS}?filename=x.wav', {}, noise).json['id']}"
            while (track := wire.request("GET", url).json)["state"] != "failed":
                assert track["state"] in ("receiving", "packaging")
            assert wire.request("GET", f"{TRACKS}?limit=1").json["items"][0] == track
            assert wire.request("GET", f"{TRACKS}?sha256={sha256(noise)}").json["items"] == []


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


def folders(server: Server) -> set[str]:
    return {path.name for path in (server.data_dir / "tracks").iterdir()}


def media(server: Server, track: dict[str, Any], link: str = "hls") -> bytes:
    url = server.url + track["links"][link]
    if link == "hls":
        url = url.replace("index.m3u8", "aac128.mp4")
    with urllib.request.urlopen(url) as answer:
        found: bytes = answer.read()
        return found


def delete(server: Server, track: dict[str, Any]) -> None:
    with Wire(server.url) as wire:
        assert wire.request("DELETE", track["links"]["self"]).status == 204


def wait_until_gone(server: Server, *tracks: dict[str, Any]) -> None:
    ids = {track["id"] for track in tracks}
    wait_until(lambda: not folders(server) & ids, "their bytes to be dropped")


def own_words(track: dict[str, Any]) -> dict[str, Any]:
    """What two tracks of the same bytes have in common."""
    differs = ("id", "filename", "ref", "links", "created_at", "duplicate_of", "title")
    return {key: value for key, value in track.items() if key not in differs}


def test_the_second_shares_the_bytes_of_the_first_and_outlives_it(server: Server, tmp_path: Path) -> None:
    path = tone(tmp_path, 10)
    first = wait_for_track(server.url, upload(server.url, path)["id"])
    assert first["duplicate_of"] is None
    second = upload(server.url, path)
    assert (second["state"], second["duplicate_of"]) == ("ready", first["id"]), "as its upload is answered"
    third = track_at(server, create(server.url, path.stat().st_size, path.read_bytes()))
    for copy in (second, third):
        assert own_words(copy) == own_words(first)
        assert copy["duplicate_of"] == first["id"]
        assert media(server, copy) == media(server, first)
        assert media(server, copy, "source") == path.read_bytes()
        assert media(server, copy, "waveform") == media(server, first, "waveform")
        wait_until_gone(server, copy)
    delete(server, first)
    assert get_json(server.url + second["links"]["self"])["duplicate_of"] is None
    assert media(server, second, "source") == path.read_bytes()
    delete(server, third)
    assert media(server, second, "source") == path.read_bytes()
    assert first["id"] in folders(server)
    delete(server, second)
    assert not folders(server) & {first["id"], second["id"], third["id"]}


def test_two_at_the_same_instant_end_with_one_copy(server: Server, tmp_path: Path) -> None:
    path = tone(tmp_path, 11)
    with ThreadPoolExecutor(4) as clients:
        sent = list(clients.map(lambda _: upload(server.url, path), range(4)))
    tracks = [wait_for_track(server.url, track["id"]) for track in sent]
    assert {track["state"] for track in tracks} == {"ready"}
    assert [track["duplicate_of"] for track in tracks].count(None) == 1
    ids = {track["id"] for track in tracks}
    wait_until(lambda: len(folders(server) & ids) == 1, "one copy")
    heard = {media(server, track) for track in tracks}
    assert len(heard) == 1
    for track in tracks:
        delete(server, track)
    assert not folders(server) & ids


def test_the_first_deleted_while_the_second_comes(server: Server, tmp_path: Path) -> None:
    path = tone(tmp_path, 12)
    data = path.read_bytes()
    for _ in range(3):
        first = wait_for_track(server.url, upload(server.url, path)["id"])
        with ThreadPoolExecutor(2) as clients:
            coming = clients.submit(upload, server.url, path)
            clients.submit(delete, server, first).result()
            second = wait_for_track(server.url, coming.result()["id"])
        assert second["state"] == "ready"
        assert media(server, second, "source") == data
        delete(server, second)
        wait_until_gone(server, first, second)


def test_who_listens_to_the_second_is_not_disturbed(server: Server, tmp_path: Path) -> None:
    """What its playlist has promised while it arrived is what comes later, from the first one's files."""
    path = make_tone(tmp_path / "long.wav", seconds=20, rate=8000, channels=1)
    data = path.read_bytes()
    first = wait_for_track(server.url, upload(server.url, path)["id"])
    with Wire(server.url) as wire, Wire(server.url) as listener:
        wire.begin("POST", f"{TRACKS}?filename=b.wav&ref=second", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[:-1000])
        second = wait_until(
            lambda: next(
                (t for t in get_json(f"{server.url}{TRACKS}?ref=second")["items"] if t["packaged_ms"] > 8000),
                None,
            ),
            "more than a segment",
        )
        url = second["links"]["hls"].replace("index.m3u8", "aac128.mp4")
        heard = listener.request("GET", url).body
        assert second["id"] in folders(server)
        wire.socket.sendall(data[-1000:])
        assert wire.reply().json["state"] == "ready"
        whole = listener.request("GET", url)
    assert whole.body.startswith(heard)
    assert whole.body == media(server, first)
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_another_ladder_is_another_track(tmp_path: Path) -> None:
    """Packaged with other settings, a track that already plays keeps its own bytes."""
    path, data_dir = make_tone(tmp_path / "long.wav", seconds=20, rate=8000, channels=1), tmp_path / "data"
    with running_server(tmp_path, renditions="aac64") as server:
        first = wait_for_track(server.url, upload(server.url, path)["id"])
    with running_server(tmp_path, renditions="aac128") as server:
        data = path.read_bytes()
        with Wire(server.url) as wire:
            wire.begin("POST", f"{TRACKS}?filename=b.wav&ref=second", {"Content-Length": str(len(data))})
            wire.socket.sendall(data[:-1000])
            wait_until(
                lambda: any(t["playable"] for t in get_json(f"{server.url}{TRACKS}?ref=second")["items"]),
                "playable",
            )
            wire.socket.sendall(data[-1000:])
            second = wait_for_track(server.url, wire.reply().json["id"])
        assert second["duplicate_of"] == first["id"]
        assert [one["name"] for one in second["renditions"]] == ["aac128"]
        assert folders(server) == {first["id"], second["id"]}
        delete(server, first)
        assert folders(server) == {second["id"]}
        assert media(server, second, "source") == data
    assert data_dir.exists()


def test_shared_bytes_survive_a_restart_and_leftovers_do_not(tmp_path: Path) -> None:
    path, data_dir = tone(tmp_path, 13), tmp_path / "data"
    server = start_server(data_dir, renditions="aac128")
    first = wait_for_track(server.url, upload(server.url, path)["id"])
    second = upload(server.url, path)
    server.stop(signal.SIGKILL)  # before the second's own bytes are dropped
    assert (data_dir / "tracks" / second["id"]).exists()
    with running_server(tmp_path, renditions="aac128") as server:
        assert folders(server) == {first["id"]}
        assert get_json(server.url + second["links"]["self"]) == second
        delete(server, first)
    with running_server(tmp_path, renditions="aac128") as server:
        assert folders(server) == {first["id"]}
        assert media(server, second, "source") == path.read_bytes()
        delete(server, second)
        assert folders(server) == set()
