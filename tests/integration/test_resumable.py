"""tus 1.0 into a real server: cut, resumed, taken over, judged, expired, and across a kill -9."""

import base64
import hashlib
import secrets
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.api import get_json, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.tus import UPLOADS, add, begin_adding, create, fields, finish, look, metadata, offset
from tests.support.waiting import wait_until
from tests.support.wire import Reply, Wire

TRACKS = "/api/v1/tracks"
MIB = 1 << 20
FRIEND = "https://friend.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("resumable")
    with running_server(folder, max_upload_bytes=64 * MIB, origins=FRIEND) as server:
        yield server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for bytes as long as a busy machine takes for a first segment, and no longer."""
    with running_server(tmp_path_factory.mktemp("impatient"), upload_idle_s=4) as server:
        yield server


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_tone(tmp_path_factory.mktemp("tones") / "tone.wav", seconds=20).read_bytes()


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def track(server: Server, path: str) -> dict[str, Any]:
    found: dict[str, Any] = get_json(f"{server.url}{TRACKS}/{id_of(path)}")
    return found


def has_all(server: Server, path: str, sent: int) -> bool:
    return bool(track(server, path)["received_bytes"] == sent)


def source(server: Server, path: str) -> bytes:
    return (server.data_dir / "tracks" / id_of(path) / "source").read_bytes()


def folders(server: Server) -> set[str]:
    return {path.name for path in (server.data_dir / "tracks").iterdir()}


def sum_of(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def ask(server: Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
    with Wire(server.url) as wire:
        return wire.request(method, path, headers, body)


def test_options_tell_what_there_is(server: Server) -> None:
    reply = ask(server, "OPTIONS", UPLOADS, {"Tus-Resumable": "0.2"})
    assert reply.status == 204
    assert reply.headers["tus-version"] == "1.0.0"
    assert reply.headers["tus-max-size"] == str(64 * MIB)
    assert reply.headers["tus-checksum-algorithm"] == "sha1,sha256,md5"
    assert set(reply.headers["tus-extension"].split(",")) == {
        *("creation", "creation-defer-length", "creation-with-upload"),
        *("termination", "checksum", "expiration"),
    }
    assert "tus-resumable" not in reply.headers


def test_a_track_comes_in_pieces_and_plays_before_the_last(server: Server, data: bytes) -> None:
    ref, half = secrets.token_hex(4), len(data) // 2
    known = metadata(filename="Für Elise.wav", filetype="audio/wav", ref=ref)
    reply = ask(server, "POST", UPLOADS, fields(Upload_Length=len(data), Upload_Metadata=known))
    assert (reply.status, reply.headers["upload-offset"]) == (201, "0")
    assert reply.headers["upload-expires"].endswith(" GMT")
    path = reply.headers["location"]
    assert [t["id"] for t in get_json(f"{server.url}{TRACKS}?ref={ref}")["items"]] == [id_of(path)]
    reply = add(server.url, path, 0, data[:half])
    assert (reply.status, reply.headers["upload-offset"]) == (204, str(half))
    assert reply.headers["upload-expires"].endswith(" GMT")
    seen = look(server.url, path)
    assert seen.headers["upload-length"] == str(len(data))
    assert seen.headers["upload-metadata"] == known
    assert seen.headers["cache-control"] == "no-store"
    found = wait_until(lambda: (t := track(server, path))["playable"] and t, "playable")
    assert (found["state"], found["filename"], found["ref"]) == ("receiving", "Für Elise.wav", ref)
    assert (found["received_bytes"], found["size_bytes"]) == (half, len(data))
    assert add(server.url, path, half, data[half:]).status == 204
    ready = wait_for_track(server.url, id_of(path))
    assert (ready["state"], ready["duration_ms"]) == ("ready", 20_000)
    assert source(server, path) == data
    assert offset(server.url, path) == len(data), "an upload that has ended can still be asked about"
    assert add(server.url, path, len(data), b"").status == 204
    assert add(server.url, path, len(data), b"x").status == 413


def test_a_cut_line_keeps_every_byte_that_came(server: Server, data: bytes) -> None:
    path = create(server.url, len(data))
    for start, end in ((0, 1), (1, 70_001), (70_001, 1_570_001)):
        with Wire(server.url) as wire:
            begin_adding(wire, path, start, len(data) - start)
            wire.socket.sendall(data[start:end])
        wait_until(partial(has_all, server, path, end), "all that was sent is there")
        assert offset(server.url, path) == end
    assert track(server, path)["state"] == "receiving"
    assert finish(server.url, path, data).status == 204
    assert wait_for_track(server.url, id_of(path))["state"] == "ready"
    assert source(server, path) == data


def test_a_stalled_line_ends_its_request_and_not_the_upload(impatient: Server, data: bytes) -> None:
    path = create(impatient.url, len(data))
    with Wire(impatient.url) as wire:
        begin_adding(wire, path, 0, len(data))
        wire.socket.sendall(data[:100_000])
        assert wire.reply().status == 408
    assert offset(impatient.url, path) == 100_000
    assert finish(impatient.url, path, data).status == 204
    assert source(impatient, path) == data


def test_a_worker_is_let_go_while_nothing_comes_and_packages_anew(impatient: Server, data: bytes) -> None:
    path, sent = create(impatient.url, len(data)), len(data) // 2
    assert add(impatient.url, path, 0, data[:sent]).status == 204

    def playable() -> dict[str, Any] | None:
        nonlocal sent  # something comes until then: a busy machine may not be that quick
        assert add(impatient.url, path, sent, data[sent : sent + 100]).status == 204
        sent += 100
        found = track(impatient, path)
        return found if found["packaged_ms"] else None

    before = wait_until(playable, "playable")
    hls = f"{impatient.url}/hls/{id_of(path)}"
    wait_until(lambda: not processes(impatient), "the worker is let go")
    assert track(impatient, path)["playable"]
    with Wire(impatient.url) as wire:
        assert wire.request("GET", f"{hls[len(impatient.url) :]}/index.m3u8").status == 200
    assert add(impatient.url, path, sent, data[sent:]).status == 204
    ready = wait_for_track(impatient.url, id_of(path))
    assert (ready["state"], ready["packaged_ms"]) == ("ready", 20_000)
    assert before["packaged_ms"] < 20_000


def processes(server: Server) -> list[psutil.Process]:
    found = psutil.Process(server.pid).children(recursive=True)
    return [process for process in found if process.ppid() != server.pid and process.status() != "zombie"]


def test_the_length_may_come_later(server: Server, data: bytes) -> None:
    path, half = create(server.url, None), len(data) // 2
    assert look(server.url, path).headers["upload-defer-length"] == "1"
    assert add(server.url, path, 0, data[:half]).status == 204
    assert add(server.url, path, half, data[half:]).status == 204
    assert track(server, path)["state"] == "receiving"
    assert add(server.url, path, len(data), b"", Upload_Length=len(data) - 1).status == 400
    assert add(server.url, path, len(data), b"", Upload_Length=len(data)).status == 204
    assert wait_for_track(server.url, id_of(path))["state"] == "ready"
    assert add(server.url, path, len(data), b"", Upload_Length=len(data) + 1).status == 400


def test_the_first_bytes_may_come_with_the_creation(server: Server, data: bytes) -> None:
    path = create(server.url, len(data), data)
    assert wait_for_track(server.url, id_of(path))["state"] == "ready"
    assert source(server, path) == data


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_checksum_is_judged_before_a_byte_counts(server: Server, data: bytes, algorithm: str) -> None:
    path, half = create(server.url, len(data)), len(data) // 2
    wrong = sum_of(b"something else", algorithm)
    reply = add(server.url, path, 0, data[:half], Upload_Checksum=wrong)
    assert (reply.status, reply.json["type"]) == (460, "/api/docs#checksum-wrong")
    assert offset(server.url, path) == 0
    right = sum_of(data[:half], algorithm)
    assert add(server.url, path, 0, data[:half], Upload_Checksum=right).status == 204
    assert add(server.url, path, half, data[half:], Upload_Checksum=wrong).status == 460
    assert offset(server.url, path) == half
    with Wire(server.url) as wire:
        headers = {"Content-Type": "application/offset+octet-stream", "Content-Length": str(len(data) - half)}
        wire.begin("PATCH", path, fields(Upload_Offset=half, Upload_Checksum=right) | headers)
        wire.socket.sendall(data[half : half + 100_000])
    assert offset(server.url, path) == half, "what can't be judged is not kept"
    assert finish(server.url, path, data).status == 204
    assert source(server, path) == data
    assert not (server.data_dir / "tracks" / id_of(path) / "chunk").exists()


def test_of_two_requests_the_newer_goes_on(server: Server, data: bytes) -> None:
    path, half = create(server.url, len(data)), len(data) // 2
    with Wire(server.url) as older:
        begin_adding(older, path, 0, len(data))
        older.socket.sendall(data[:half])
        wait_until(lambda: track(server, path)["received_bytes"] == half, "the first half is there")
        assert add(server.url, path, 0, data).status == 409, "the older was let come to its end first"
        assert older.reply().json["type"] == "/api/docs#upload-taken-over"
    with Wire(server.url) as older:
        begin_adding(older, path, half, len(data) - half)
        older.socket.sendall(data[half : half + 50_000])
        at = offset(server.url, path)
        assert half <= at <= half + 50_000
        assert add(server.url, path, at, data[at:]).status == 204
    assert source(server, path) == data
    assert wait_for_track(server.url, id_of(path))["state"] == "ready"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "5"}, 412),
        ({"Tus-Resumable": "0.2.2", "Upload-Length": "5"}, 412),
        (fields(), 400),
        (fields(Upload_Length=5, Upload_Defer_Length=1), 400),
        (fields(Upload_Length="-1"), 400),
        (fields(Upload_Length=64 * MIB + 1), 413),
        (fields(Upload_Length=5, Upload_Metadata="filename %"), 400),
        (fields(Upload_Length=5) | {"Origin": "https://evil.example"}, 403),
    ],
)
def test_what_begins_no_upload(server: Server, headers: dict[str, str], status: int) -> None:
    before = folders(server)
    reply = ask(server, "POST", UPLOADS, headers)
    assert reply.status == status, reply
    assert reply.headers["tus-resumable"] == "1.0.0"
    assert reply.headers["content-type"] == "application/problem+json"
    assert ("tus-version" in reply.headers) == (status == 412)
    assert folders(server) <= before, "nothing came; what lies twice may go at any time"


def test_what_continues_no_upload(server: Server, data: bytes) -> None:
    path = create(server.url, 1000)
    right = {"Content-Type": "application/offset+octet-stream"}
    for headers, body, status in (
        (fields(Upload_Offset=0), b"x", 415),
        (fields() | right, b"x", 400),
        (fields(Upload_Offset=7) | right, b"x", 409),
        (fields(Upload_Offset=0) | right, b"x" * 1001, 413),
        (fields(Upload_Offset=0, Upload_Length=999) | right, b"x", 400),
        (fields(Upload_Offset=0, Upload_Checksum="crc32 AAAA") | right, b"x", 400),
        ({"Upload-Offset": "0"} | right, b"x", 412),
        (fields(Upload_Offset=0) | right | {"Origin": "https://evil.example"}, b"x", 403),
    ):
        reply = ask(server, "PATCH", path, headers, body)
        assert (reply.status, reply.headers["tus-resumable"]) == (status, "1.0.0"), (headers, reply)
    assert offset(server.url, path) == 0
    for unknown in (f"{UPLOADS}/{'0' * 26}", f"{UPLOADS}/nonsense"):
        assert look(server.url, unknown).status == 404
        assert add(server.url, unknown, 0, b"x").status == 404
        assert ask(server, "DELETE", unknown, fields()).status == 404


def test_a_chunked_body_may_not_be_longer_than_the_upload(server: Server) -> None:
    path = create(server.url, 1000)
    with Wire(server.url) as wire:
        headers = {"Content-Type": "application/offset+octet-stream", "Transfer-Encoding": "chunked"}
        wire.begin("PATCH", path, fields(Upload_Offset=0) | headers)
        wire.chunk(b"x" * 1001)
        assert wire.reply().status == 413
    assert offset(server.url, path) <= 1000


def test_termination_removes_every_byte(server: Server, data: bytes) -> None:
    path = create(server.url, len(data))
    with Wire(server.url) as wire:
        begin_adding(wire, path, 0, len(data))
        wire.socket.sendall(data[: len(data) // 2])
        wait_until(lambda: track(server, path)["playable"], "playable")
        assert ask(server, "DELETE", path, fields()).status == 204
        assert wire.reply().status in (400, 404, 410)
    assert id_of(path) not in folders(server)
    assert look(server.url, path).status == 404
    assert add(server.url, path, 0, b"x").status == 404
    assert ask(server, "GET", f"{TRACKS}/{id_of(path)}", {}).status == 404


def test_a_track_that_is_deleted_takes_its_upload_along(server: Server, data: bytes) -> None:
    path = create(server.url, len(data), data[:100_000])
    assert ask(server, "DELETE", f"{TRACKS}/{id_of(path)}", {}).status == 204
    assert look(server.url, path).status == 404
    assert add(server.url, path, 100_000, data[100_000:]).status == 404
    assert id_of(path) not in folders(server)


def test_an_upload_whose_track_has_failed_can_not_go_on(server: Server, data: bytes) -> None:
    wait_until(lambda: not processes(server), "no other worker runs")
    path, half = create(server.url, len(data)), len(data) // 2
    with Wire(server.url) as wire:
        begin_adding(wire, path, 0, len(data))
        wire.socket.sendall(data[:half])
        wait_until(lambda: track(server, path)["playable"], "playable")
        for worker in processes(server):
            worker.kill()
        wait_for_track(server.url, id_of(path), "failed")
        wire.socket.sendall(data[half : half + 100_000])
        assert wire.reply().status == 410
    reply = add(server.url, path, half, b"x")
    assert (reply.status, reply.json["type"]) == (410, "/api/docs#upload-gone")
    assert "killed" in reply.json["detail"]
    assert look(server.url, path).status == 410
    wait_until(lambda: id_of(path) not in folders(server), "every byte is gone")


def test_an_empty_upload_is_an_empty_file(server: Server) -> None:
    path = create(server.url, 0)
    assert wait_for_track(server.url, id_of(path))["reason"] == "the file is empty"


def test_a_method_may_be_overridden(server: Server, data: bytes) -> None:
    path = create(server.url, 10)
    with Wire(server.url) as wire:
        headers = fields(Upload_Offset=0, X_HTTP_Method_Override="PATCH")
        headers["Content-Type"] = "application/offset+octet-stream"
        assert wire.request("POST", path, headers, b"12345").headers["upload-offset"] == "5"
        assert wire.request("POST", path, fields(X_HTTP_Method_Override="PUT")).status == 400
        assert wire.request("POST", path, fields(X_HTTP_Method_Override="DELETE")).status == 204


def test_pages_of_other_sites_may_send_what_the_operator_lets_them(server: Server) -> None:
    asking = {"Origin": FRIEND, "Access-Control-Request-Method": "PATCH"}
    for path in (UPLOADS, f"{UPLOADS}/{'0' * 26}"):
        reply = ask(server, "OPTIONS", path, asking)
        assert reply.headers["access-control-allow-origin"] == FRIEND
        assert "PATCH" in reply.headers["access-control-allow-methods"]
        assert "Upload-Offset" in reply.headers["access-control-allow-headers"]
        stranger = ask(server, "OPTIONS", path, asking | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
    reply = ask(server, "POST", UPLOADS, fields(Upload_Length=1) | {"Origin": FRIEND})
    assert reply.status == 201
    assert "Location" in reply.headers["access-control-expose-headers"]


def test_an_upload_that_nobody_resumes_expires(tmp_path: Path, data: bytes) -> None:
    with running_server(tmp_path, upload_ttl_s=1) as server:
        path = create(server.url, len(data), data[:100_000])
        failed = wait_for_track(server.url, id_of(path), "failed")
        assert failed["reason"] == (
            f"the upload was not resumed after 100000 of {len(data)} bytes, and has expired"
        )
        wait_until(lambda: id_of(path) not in folders(server), "every byte is gone")
        assert look(server.url, path).status == 410
        assert add(server.url, path, 100_000, b"x").status == 410


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_server_goes_on(tmp_path: Path, data: bytes, how: signal.Signals) -> None:
    half = len(data) // 2
    server = start_server(tmp_path / "data", stop_grace_s=20)
    path = create(server.url, len(data), title="x")
    with Wire(server.url) as wire:
        begin_adding(wire, path, 0, len(data))
        wire.socket.sendall(data[:half])
        wait_until(lambda: track(server, path)["received_bytes"] == half, "all that was sent is there")
        code = server.stop(how)
    assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    server = start_server(tmp_path / "data")
    try:
        assert offset(server.url, path) == half
        found = wait_until(lambda: (t := track(server, path))["playable"] and t, "playable again")
        assert (found["state"], found["size_bytes"]) == ("receiving", len(data))
        assert finish(server.url, path, data).status == 204
        ready = wait_for_track(server.url, id_of(path))
        assert (ready["state"], ready["duration_ms"]) == ("ready", 20_000)
        assert source(server, path) == data
    finally:
        assert server.stop() == 0


def test_a_token_is_asked_for_where_uploads_need_one(tmp_path: Path) -> None:
    with running_server(tmp_path, uploads="token") as server:
        assert ask(server, "POST", UPLOADS, fields(Upload_Length=1)).status == 401
        assert look(server.url, f"{UPLOADS}/{'0' * 26}").status == 401
        assert add(server.url, f"{UPLOADS}/{'0' * 26}", 0, b"x").status == 401


def test_a_full_disk_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with running_server(tmp_path, min_free_bytes=1 << 49) as server:
        assert ask(server, "POST", UPLOADS, fields(Upload_Length=1)).status == 507
        assert folders(server) == set()
