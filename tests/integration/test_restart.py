"""What a server finds when it comes back after it was killed, and what keeps it from starting."""

import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import ROOT, make_tone
from tests.support.long import make_long
from tests.support.server import LADDER, running_server, start_server
from tests.support.waiting import wait_until
from tests.support.wire import Wire

TRACKS = "/api/v1/tracks"


def refused(**environ: str) -> tuple[int, str]:
    """Exit code and stderr of a server that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "streamer"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_killed_server_takes_up_what_it_can_and_fails_the_rest(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    # Long enough that it is still being packaged when the server is killed.
    song = make_long(tmp_path / "long.wav", times=10)
    ref = secrets.token_hex(4)
    server = start_server(data_dir, renditions=LADDER)
    packaging = upload(server.url, song)
    assert packaging["state"] == "packaging"
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=half.wav&ref={ref}", {"Content-Length": "10000000"})
        wire.socket.sendall(song.read_bytes()[:500_000])
        (receiving,) = wait_until(lambda: get_json(f"{server.url}{TRACKS}?ref={ref}")["items"], "begun")
        server.stop(signal.SIGKILL)
    orphan = data_dir / "tracks" / ("0" * 26)
    orphan.mkdir()
    (orphan / "source").write_bytes(b"x")
    stranger = data_dir / "tracks" / "not ours"
    stranger.mkdir()

    server = start_server(data_dir)
    try:
        cut = wait_for_track(server.url, receiving["id"])
        assert (cut["state"], cut["reason"]) == ("failed", "the server stopped while the upload was running")
        assert not (data_dir / "tracks" / receiving["id"]).exists()
        assert orphan.exists(), "nobody's recordings go because another database knows nothing of them"
        assert stranger.exists()
        ready = wait_for_track(server.url, packaging["id"])
        assert (ready["state"], ready["duration_ms"]) == ("ready", 200_000)
    finally:
        assert server.stop() == 0


def test_a_ready_track_is_served_after_a_restart_and_missed_when_its_files_are(tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.flac", seconds=8)
    with running_server(tmp_path) as server:
        track = wait_for_track(server.url, upload(server.url, tone)["id"])
        with Wire(server.url) as wire:
            before = [wire.request("GET", track["links"][part]) for part in ("hls", "waveform", "source")]
    with running_server(tmp_path) as server, Wire(server.url) as wire:
        assert get_json(server.url + track["links"]["self"]) == track
        for part, known in zip(("hls", "waveform", "source"), before, strict=True):
            found = wire.request("GET", track["links"][part])
            assert (found.status, found.body, found.headers["etag"]) == (
                200,
                known.body,
                known.headers["etag"],
            )
    folder = tmp_path / "data" / "tracks" / track["id"]
    shutil.move(folder, tmp_path / "aside")
    with running_server(tmp_path) as server:
        lost = get_json(server.url + track["links"]["self"])
        assert (lost["state"], lost["reason"]) == ("failed", "the file aac128.mp4 is missing")
    shutil.move(tmp_path / "aside", folder)
    with running_server(tmp_path) as server:
        assert get_json(server.url + track["links"]["self"]) == track


def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    with running_server(tmp_path):
        code, message = refused(VEZA_DATA_DIR=str(tmp_path / "data"), VEZA_PORT="0")
    assert code == 1
    assert message == f"veza: data_dir = '{tmp_path}/data' is in use by another Veza\n"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, message = refused(VEZA_DATA_DIR=str(tmp_path), VEZA_PORT=str(port))
    assert code == 1
    assert message.splitlines()[-1] == f"veza: can't listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize(
    ("variable", "value", "code", "message"),
    [
        ("VEZA_PORT", "http", 2, "port = 'http' (from VEZA_PORT) is not allowed: it must be a whole number"),
        ("VEZA_PROT", "80", 2, "VEZA_PROT is not a setting; the settings are: VEZA_CONFIG, VEZA_HOST"),
        ("VEZA_REDIS_URL", "http://x", 2, "redis_url = (not shown) (from VEZA_REDIS_URL) is not allowed"),
        ("VEZA_DATA_DIR", "/proc/veza", 1, "data_dir = '/proc/veza' can't be written to: No such file"),
        ("VEZA_DATABASE_URL", "sqlite:////proc/v.db", 1, "the database sqlite:////proc/v.db can't be used"),
        (
            "VEZA_DATABASE_URL",
            "postgresql://u:hush@127.0.0.1:1/n",
            1,
            "the database postgresql://u:***@127.0.0.1",
        ),
    ],
)
def test_one_line_says_why_it_does_not_start(
    tmp_path: Path, variable: str, value: str, code: int, message: str
) -> None:
    environ = {"VEZA_DATA_DIR": str(tmp_path), "VEZA_PORT": "0"} | {variable: value}
    exit_code, said = refused(**environ)
    assert exit_code == code, said
    assert said.startswith(f"veza: {message}")
    assert said.count("\n") == 1
    assert "hush" not in said
