"""Covers on a real server: chosen, resized in workers, taken away, kept through packaging and restarts."""

import io
import secrets
import signal
import struct
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import tus
from tests.support.account import ask, token_of
from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.chat import client
from tests.support.server import Server, running_server, start_server
from tests.support.waiting import wait_until
from tests.support.wire import Reply
from tests.support.worker import workers_of

RED, BLUE, GREEN = (200, 30, 20), (20, 30, 200), (20, 200, 30)


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (600, 300), kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tones") / "tone.wav", seconds=1)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory, tone: Path) -> Path:
    """With a red picture in it."""
    return with_picture(tone, tmp_path_factory.mktemp("songs") / "song.flac", picture(RED))


def with_picture(tone: Path, path: Path, data: bytes) -> Path:
    drawn = path.with_suffix(".png")
    drawn.write_bytes(data)
    inputs = ["-i", str(tone), "-i", str(drawn), "-map", "0", "-map", "1"]
    copied = ["-c:v", "copy", "-disposition:v", "attached_pic"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *copied, str(path)], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("covers"), renditions="aac128") as server:
        yield server


@pytest.fixture(scope="module")
def track(server: Server, tone: Path) -> dict[str, Any]:
    """Without a picture."""
    return wait_for_track(server.url, upload(server.url, tone)["id"])


def put(server: Server, track: dict[str, Any], data: bytes, kind: str = "image/png", **headers: str) -> Reply:
    return ask(server, "PUT", f"{track['links']['self']}/cover", "", data, Content_Type=kind, **headers)


def seen(reply: Reply) -> tuple[int, ...]:
    """The colour in the middle, coarse enough for JPEG."""
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg"), reply
    shown: Any = Image.open(io.BytesIO(reply.body))
    pixel = shown.convert("RGB").getpixel((shown.width // 2, shown.height // 2))
    return tuple(round(value, -1) for value in pixel)


def get(server: Server, link: str, **headers: str) -> Reply:
    return ask(server, "GET", link, **headers)


async def test_a_chosen_cover_is_shown_at_once_in_every_size(server: Server, track: dict[str, Any]) -> None:
    assert track["links"]["cover"] is None
    assert get(server, f"{track['links']['self']}/cover").status == 404
    async with client(server.url.replace("http", "ws") + "/ws", "ann") as ann:
        await ann.say("watch", track=track["id"])
        await ann.expect("watching")
        red = put(server, track, picture(RED))
        assert red.status == 200
        link = red.json["links"]["cover"]
        assert (await ann.until("track"))["track"]["links"]["cover"] == link
    for size, shape in ((64, (64, 32)), (256, (256, 128)), (512, (512, 256)), (1024, (600, 300))):
        reply = get(server, f"{link}&size={size}")
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert Image.open(io.BytesIO(reply.body)).size == shape
        assert get(server, f"{link}&size={size}", If_None_Match=reply.headers["etag"]).status == 304
    assert seen(get(server, link)) == RED
    assert get(server, f"{link}&size=100").status == 400
    part = get(server, link, Range="bytes=0-1")
    assert (part.status, part.body) == (206, b"\xff\xd8")
    blue = put(server, track, picture(BLUE, kind="WEBP"), "image/webp").json
    assert blue["links"]["cover"] != link
    old = get(server, link)
    assert (seen(old), old.headers["cache-control"]) == (BLUE, "no-cache"), "no cache keeps it as the old one"
    assert len(list((server.data_dir / "covers" / track["id"]).iterdir())) == 4, "the red one is gone"
    assert ask(server, "DELETE", f"{track['links']['self']}/cover").status == 204
    assert get_json(server.url + track["links"]["self"])["links"]["cover"] is None
    assert get(server, link).status == 404
    assert ask(server, "DELETE", f"{track['links']['self']}/cover").status == 404


def test_the_recordings_own_is_resized_and_comes_back(server: Server, song: Path) -> None:
    own = wait_for_track(server.url, upload(server.url, song)["id"])
    assert seen(get(server, f"{own['links']['self']}/cover?size=64")) == RED
    own = get_json(server.url + own["links"]["self"])
    assert "?v=" in own["links"]["cover"]
    assert put(server, own, picture(BLUE)).json["links"]["cover"] != own["links"]["cover"]
    assert ask(server, "DELETE", f"{own['links']['self']}/cover").status == 204
    assert get_json(server.url + own["links"]["self"])["links"]["cover"] == own["links"]["cover"]
    assert seen(get(server, own["links"]["cover"])) == RED
    assert ask(server, "DELETE", own["links"]["self"]).status == 204
    assert not (server.data_dir / "covers" / own["id"]).exists()


def test_a_picture_that_is_none_harms_nobody(server: Server, tone: Path, tmp_path: Path) -> None:
    head = struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        bomb += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    track = upload(server.url, with_picture(tone, tmp_path / "bomb.flac", bomb))
    assert wait_for_track(server.url, track["id"])["state"] == "ready"
    assert get(server, f"{track['links']['self']}/cover").status == 404
    assert get_json(server.url + track["links"]["self"])["links"]["cover"] is None
    for data, kind, status in (
        (bomb, "image/png", 422),
        (b"", "image/png", 422),
        (b"<svg/>", "image/png", 422),
        (b"<svg/>", "image/svg+xml", 415),
        (picture(RED)[:300], "image/png", 422),
        (bytes(10_000_001), "image/png", 413),
        (secrets.token_bytes(100_000), "image/gif", 422),
    ):
        assert put(server, track, data, kind).status == status
    assert put(server, track, picture(RED), Origin="https://evil.example").status == 403
    assert put(server, track, picture(RED), Content_Encoding="gzip").status == 415
    assert put(server, {"links": {"self": f"/api/v1/tracks/{'0' * 26}"}}, picture(RED)).status == 404
    assert put(server, track, picture(RED)).status == 200


def test_many_at_once_leave_one_and_no_worker(server: Server, track: dict[str, Any]) -> None:
    colours = [(index * 20, 100, 100) for index in range(10)]
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda colour: put(server, track, picture(colour)), colours))
    assert {reply.status for reply in replies} == {200}
    link = get_json(server.url + track["links"]["self"])["links"]["cover"]
    assert link in [reply.json["links"]["cover"] for reply in replies]
    assert len(list((server.data_dir / "covers" / track["id"]).iterdir())) == 4
    assert get(server, link).headers["cache-control"].endswith("immutable")
    wait_until(lambda: not workers_of(server), "the workers are gone")


def underscored(**known: int) -> dict[str, str]:
    """Header fields of a tus request, as arguments."""
    named = tus.fields(**known) | {"Content-Type": "application/offset+octet-stream"}
    return {name.replace("-", "_"): value for name, value in named.items()}


def test_a_chosen_cover_outlives_packaging_and_kill(tmp_path: Path, song: Path) -> None:
    data = song.read_bytes()
    with running_server(tmp_path, uploads="token", renditions="aac128") as server:
        ann, bob = token_of(server, "ann"), token_of(server, "bob")
        fields = underscored(Upload_Length=len(data))
        created = ask(server, "POST", tus.UPLOADS, ann, data[: len(data) // 2], **fields)
        path = created.headers["location"]
        track = wait_for_track(server.url, path.rpartition("/")[2], "receiving")
        target = f"{track['links']['self']}/cover"
        for token, status in (("", 401), (bob, 403), (ann, 200)):
            reply = ask(server, "PUT", target, token, picture(GREEN), Content_Type="image/png")
            assert reply.status == status
        link = reply.json["links"]["cover"]
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    (server.data_dir / "covers" / "00000000000000000000000000").mkdir()  # of a track that was deleted
    again = start_server(server.data_dir, uploads="token", renditions="aac128")
    try:
        at = int(ask(again, "HEAD", path, ann, Tus_Resumable="1.0.0").headers["upload-offset"])
        fields = underscored(Upload_Offset=at)
        assert ask(again, "PATCH", path, ann, data[at:], **fields).status == 204
        ready = wait_for_track(again.url, track["id"])
        assert ready["links"]["cover"] == link
        assert seen(get(again, link)) == GREEN
        assert [one.name for one in (again.data_dir / "covers").iterdir()] == [track["id"]]
        assert ask(again, "DELETE", target, bob).status == 403
        assert ask(again, "DELETE", target, ann).status == 204
        assert seen(get(again, target)) == RED
        assert ask(again, "DELETE", track["links"]["self"], ann).status == 204
        assert list((again.data_dir / "covers").iterdir()) == []
    finally:
        assert again.stop() == 0
