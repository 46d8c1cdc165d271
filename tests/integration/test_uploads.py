"""Uploads into a real server: every form, and every way to end badly."""

import secrets
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import psutil
import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server
from tests.support.waiting import wait_until
from tests.support.wire import Reply, Wire
from tests.support.worker import workers_of

TRACKS = "/api/v1/tracks"
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("uploads"), max_upload_bytes=64 * MIB) as server:
        yield server


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tones") / "tone.wav", seconds=20)


def by_ref(server: Server, ref: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = get_json(f"{server.url}{TRACKS}?ref={ref}")["items"]
    return items


def folders(server: Server) -> set[str]:
    return {path.name for path in (server.data_dir / "tracks").iterdir()}


def test_a_track_plays_before_its_upload_has_ended(server: Server, tone: Path) -> None:
    ref, data = secrets.token_hex(4), tone.read_bytes()
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=slow.wav&ref={ref}", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[: len(data) // 2])
        track = wait_until(lambda: next((t for t in by_ref(server, ref) if t["playable"]), None), "playable")
        assert track["state"] == "receiving"
        assert track["size_bytes"] == len(data)
        listed = get_json(f"{server.url}{TRACKS}")["items"]
        assert track["id"] in [item["id"] for item in listed]
        hls = server.url + track["links"]["hls"]
        with urllib.request.urlopen(hls.replace("index", "aac128")) as answer:
            playlist = answer.read().decode()
            assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
            assert answer.headers["Cache-Control"] == "max-age=1"
        assert "#EXT-X-PLAYLIST-TYPE:EVENT" in playlist and "#EXT-X-ENDLIST" not in playlist
        with urllib.request.urlopen(hls.replace("index.m3u8", "aac128.mp4")) as answer:
            growing = answer.headers
        assert growing["Cache-Control"] == "no-store"
        wire.socket.sendall(data[len(data) // 2 :])
        assert wire.reply().status == 201
    ready = wait_for_track(server.url, track["id"])
    assert (ready["state"], ready["duration_ms"], ready["packaged_ms"]) == ("ready", 20000, 20000)
    with urllib.request.urlopen(hls.replace("index", "aac128")) as answer:
        assert "#EXT-X-ENDLIST" in answer.read().decode()
    with urllib.request.urlopen(hls.replace("index.m3u8", "aac128.mp4")) as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["ETag"] != growing["ETag"]


def test_a_chunked_upload_names_itself_in_its_disposition(server: Server, tone: Path) -> None:
    with Wire(server.url) as wire:
        headers = {
            "Transfer-Encoding": "chunked",
            "Content-Disposition": "attachment; filename=\"x.wav\"; filename*=UTF-8''F%C3%BCr%20Elise.wav",
        }
        wire.begin("POST", TRACKS, headers)
        data = tone.read_bytes()
        for start in range(0, len(data), 99_999):
            wire.chunk(data[start : start + 99_999])
        wire.chunk(b"")
        reply = wire.reply()
    assert reply.status == 201, reply
    assert reply.json["filename"] == "Für Elise.wav"
    assert reply.headers["location"] == reply.json["links"]["self"]
    assert (server.data_dir / "tracks" / reply.json["id"] / "source").read_bytes() == data


def test_a_form_is_an_upload_too(server: Server, tone: Path) -> None:
    data = tone.read_bytes()
    body = (
        b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="form.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n" + data + b"\r\n--B--\r\n"
    )
    with Wire(server.url) as wire:
        reply = wire.request("POST", TRACKS, {"Content-Type": "multipart/form-data; boundary=B"}, body)
    assert reply.status == 201, reply
    assert reply.json["filename"] == "form.wav"
    assert (server.data_dir / "tracks" / reply.json["id"] / "source").read_bytes() == data
    assert wait_for_track(server.url, reply.json["id"])["state"] == "ready"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "multipart/form-data; boundary=B"}, b"--B\r\n\r\nno file\r\n--B--\r\n", 400),
        (
            {"Content-Type": "multipart/form-data; boundary=B"},
            b'--B\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--B--\r\n',
            400,
        ),
        ({"Content-Type": "multipart/form-data"}, b"no boundary", 400),
        ({"Content-Type": "multipart/mixed; boundary=B"}, b"--B--\r\n", 415),
        ({"Content-Encoding": "gzip"}, b"\x1f\x8b", 415),
        ({"Origin": "https://evil.example"}, b"x", 403),
    ],
)
def test_what_is_no_upload_is_refused(
    server: Server, headers: dict[str, str], body: bytes, status: int
) -> None:
    before = folders(server)
    with Wire(server.url) as wire:
        reply = wire.request("POST", TRACKS, headers, body)
    assert reply.status == status, reply
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert folders(server) <= before, "nothing came; what lies twice may go at any time"


@pytest.mark.parametrize(
    ("parts", "detail"),
    [
        (
            b'; name="a\x01"\r\n\r\nx\r\n--B\r\nContent-Disposition: form-data; filename="a"',
            "Invalid HTTP header",
        ),
        (b'; filename="a\x00.wav"', "Invalid HTTP header"),
        (b'; filename="' + b"a" * 9000 + b'"', "more than 8190 bytes"),
    ],
)
def test_a_form_that_breaks_the_rules_is_not_called_cut(server: Server, parts: bytes, detail: str) -> None:
    body = b"--B\r\nContent-Disposition: form-data" + parts + b"\r\n\r\nRIFF\r\n--B--\r\n"
    with Wire(server.url) as wire:
        reply = wire.request("POST", TRACKS, {"Content-Type": "multipart/form-data; boundary=B"}, body)
    assert (reply.status, reply.json["type"]) == (400, "/api/docs#request-invalid")
    assert detail in reply.json["detail"]


def test_a_form_that_ends_too_early_leaves_no_file(server: Server) -> None:
    ref = secrets.token_hex(4)
    body = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.wav"\r\n\r\nRIFF' + b"x" * 9999
    with Wire(server.url) as wire:
        reply = wire.request(
            "POST", f"{TRACKS}?ref={ref}", {"Content-Type": "multipart/form-data; boundary=B"}, body
        )
    assert reply.status == 400, reply
    (trace,) = by_ref(server, ref)
    assert trace["state"] == "failed"
    assert (
        trace["reason"] == reply.json["detail"] == "the form can't be read: it ends before its last boundary"
    )
    assert trace["id"] not in folders(server)


def test_an_interrupted_upload_leaves_nothing_but_a_trace(server: Server, tone: Path) -> None:
    ref, data = secrets.token_hex(4), tone.read_bytes()
    half = len(data) // 2
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=cut.wav&ref={ref}", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[:half])
        track = wait_until(lambda: next((t for t in by_ref(server, ref) if t["playable"]), None), "playable")
    failed = wait_for_track(server.url, track["id"], "failed")
    assert failed["reason"] == f"the upload was cut after {half} of {len(data)} bytes"
    assert not failed["playable"]
    wait_until(lambda: track["id"] not in folders(server), "the folder is gone")
    assert_gone(server.url + track["links"]["hls"])
    wait_until(lambda: not workers_of(server), "the worker is gone")


def test_a_stalled_upload_is_ended(tmp_path: Path, tone: Path) -> None:
    with running_server(tmp_path, upload_idle_s=1) as server:
        with Wire(server.url) as wire:
            wire.begin("POST", f"{TRACKS}?ref=stalled", {"Content-Length": "1000000"})
            wire.socket.sendall(tone.read_bytes()[:1000])
            reply = wire.reply()
        assert reply.status == 408, reply
        (trace,) = by_ref(server, "stalled")
        assert (trace["state"], trace["reason"]) == ("failed", "nothing arrived for 1 s")
        assert trace["id"] not in folders(server)


def test_a_large_upload_is_refused_by_its_head(server: Server) -> None:
    with Wire(server.url) as wire:
        wire.begin("POST", TRACKS, {"Content-Length": str(65 * MIB), "Expect": "100-continue"})
        reply = wire.reply()
    assert reply.status == 413, reply
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_client_that_asks_is_told_to_continue(server: Server, tone: Path) -> None:
    data = tone.read_bytes()
    with Wire(server.url) as wire:
        wire.begin("POST", TRACKS, {"Content-Length": str(len(data)), "Expect": "100-continue"})
        assert wire.interim() == 100
        wire.socket.sendall(data)
        assert wire.reply().status == 201


def test_a_large_upload_is_refused_when_it_has_become_large(server: Server) -> None:
    ref = secrets.token_hex(4)
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?ref={ref}", {"Transfer-Encoding": "chunked"})
        for _ in range(64):
            wire.chunk(b"\0" * MIB)
        wire.chunk(b"\0" * 10)
        reply = wire.reply()
    assert reply.status == 413, reply
    (trace,) = by_ref(server, ref)
    assert trace["state"] == "failed"
    assert trace["id"] not in folders(server)


def test_a_deleted_track_is_gone_everywhere(server: Server, tone: Path) -> None:
    track = wait_for_track(server.url, upload(server.url, tone)["id"])
    paths = [track["links"][part] for part in ("self", "hls", "source", "waveform")]
    with Wire(server.url) as wire:
        for path in paths:
            assert wire.request("GET", path).status == 200, path
        assert wire.request("DELETE", track["links"]["self"]).status == 204
        for path in [*paths, paths[1].replace("index.m3u8", "aac128.mp4")]:
            assert wire.request("GET", path).status == 404, path
        assert wire.request("DELETE", track["links"]["self"]).status == 404
    assert track["id"] not in folders(server)


def test_a_track_can_be_deleted_while_it_arrives(server: Server, tone: Path) -> None:
    ref, data = secrets.token_hex(4), tone.read_bytes()
    with Wire(server.url) as wire, Wire(server.url) as other:
        wire.begin("POST", f"{TRACKS}?filename=x.wav&ref={ref}", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[: len(data) // 2])
        track = wait_until(lambda: next((t for t in by_ref(server, ref) if t["playable"]), None), "playable")
        assert other.request("DELETE", track["links"]["self"]).status == 204
        assert other.request("GET", track["links"]["self"]).status == 404
        assert track["id"] not in folders(server)
        wire.socket.sendall(data[len(data) // 2 :])
        assert wire.reply().status == 410
    wait_until(lambda: not workers_of(server), "the worker is gone")


def test_a_killed_worker_fails_its_track_and_nothing_else(server: Server, tone: Path) -> None:
    ref, data = secrets.token_hex(4), tone.read_bytes()
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=x.wav&ref={ref}", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[: len(data) // 2])
        track = wait_until(lambda: next((t for t in by_ref(server, ref) if t["playable"]), None), "playable")
        for worker in workers_of(server):
            worker.send_signal(signal.SIGKILL)
        failed = wait_for_track(server.url, track["id"], "failed")
        assert "killed" in failed["reason"]
        wire.socket.sendall(data[len(data) // 2 :])
        assert wire.reply().status == 201, server.log
    assert track["id"] not in folders(server)
    assert wait_for_track(server.url, upload(server.url, tone)["id"])["state"] == "ready"


def test_the_source_is_given_back_as_it_was_and_never_shown(server: Server, tone: Path) -> None:
    data = tone.read_bytes()
    with Wire(server.url) as wire:
        headers = {"Content-Type": "text/html"}
        track = wire.request("POST", f"{TRACKS}?filename=evil%22.html", headers, data).json
        source = track["links"]["source"]
        whole = wire.request("GET", source)
        assert whole.body == data
        assert whole.headers["content-type"] == "application/octet-stream"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["content-disposition"].startswith("attachment;")
        part = wire.request("GET", source, {"Range": "bytes=1000-1999"})
        assert (part.status, part.body) == (206, data[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(data)}"
        same = wire.request("GET", source, {"If-None-Match": whole.headers["etag"]})
        assert (same.status, same.body) == (304, b"")
        assert wire.request("HEAD", source).headers["content-length"] == str(len(data))


def test_a_large_upload_does_not_stay_in_memory(tmp_path: Path) -> None:
    size = 300 * MIB
    with running_server(tmp_path) as server, Wire(server.url) as wire:
        process = psutil.Process(server.pid)
        upload(server.url, make_tone(tmp_path / "first.wav", seconds=1))  # everything is loaded now
        idle = process.memory_info().rss
        header = (
            b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x02\0"
            b"\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data" + size.to_bytes(4, "little")
        )
        wire.begin("POST", f"{TRACKS}?filename=big.wav", {"Content-Length": str(len(header) + size)})
        wire.socket.sendall(header)
        most = 0
        for _ in range(size // MIB):
            wire.socket.sendall(b"\0" * MIB)
            most = max(most, process.memory_info().rss)
        track = wire.reply()
        assert track.status == 201
        assert most - idle < 60 * MIB, f"{(most - idle) / MIB:.1f} MiB"
        assert wire.request("DELETE", track.json["links"]["self"]).status == 204


def post(server: Server, body: bytes) -> Reply:
    with Wire(server.url) as wire:
        return wire.request("POST", TRACKS, body=body)


def assert_gone(url: str) -> None:
    with pytest.raises(HTTPError) as answer:
        urllib.request.urlopen(url)
    assert answer.value.code == 404
    answer.value.close()


def test_a_disk_without_room_is_said_before_the_body_is_sent(tmp_path: Path) -> None:
    with running_server(tmp_path, min_free_bytes=1 << 49) as server, Wire(server.url) as wire:
        wire.begin("POST", TRACKS, {"Content-Length": "1000", "Expect": "100-continue"})
        reply = wire.reply()
    assert (reply.status, reply.json["type"]) == (507, "/api/docs#disk-full")


def test_one_upload_too_many_is_asked_to_come_back(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, max_uploads=1) as server,
        Wire(server.url) as wire,
        Wire(server.url) as other,
    ):
        wire.begin("POST", f"{TRACKS}?ref=r", {"Content-Length": "1000000"})
        wire.socket.sendall(b"RIFF")
        wait_until(lambda: by_ref(server, "r"), "begun")
        reply = other.request("POST", TRACKS, body=b"RIFF")
        assert (reply.status, reply.json["type"]) == (503, "/api/docs#uploads-busy")
        assert reply.headers["retry-after"] == "5"
        wire.socket.close()
        wait_until(lambda: post(server, b"RIFF").status == 201, "the place is free")


def test_a_folder_that_can_not_be_written_to_is_the_disks_fault(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        tracks = server.data_dir / "tracks"
        tracks.rmdir()
        for put_in_its_place in (lambda: None, tracks.touch):
            put_in_its_place()
            with Wire(server.url) as wire:
                reply = wire.request("POST", TRACKS, {}, b"RIFF")
            assert (reply.status, reply.json["type"]) == (500, "/api/docs#storage-failed"), reply
        tracks.unlink()
        tracks.mkdir()
        with Wire(server.url) as wire:
            assert wire.request("POST", TRACKS, {}, b"RIFF").status == 201
