"""The `veza` command, as a person runs it."""

import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamer.cli_client import Client
from tests.support.api import get_json
from tests.support.audio import make_tone
from tests.support.server import Server, running_server, start_server
from tests.support.severing import severable
from tests.support.waiting import wait_until

VEZA = Path(sys.executable).with_name("veza")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("cli")) as server:
        yield server


def veza(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("VEZA_")}
    return subprocess.run(
        [VEZA, *arguments], env=inherited | environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_uploads_files_and_folders_and_prints_the_links(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    one = make_tone(tmp_path / "one [live].wav", seconds=5)
    make_tone(folder / "two.flac", seconds=5)
    (folder / "notes.txt").write_text("not a recording")
    done = veza("upload", one, folder, "--server", server.url)
    assert done.returncode == 0, done.stderr
    links = re.findall(r"HLS +(\S+)", done.stdout)
    assert len(links) == 2
    assert "one [live]" in done.stdout and "two" in done.stdout
    assert {item["filename"] for item in get_json(f"{server.url}/api/v1/tracks")["items"]} == {
        "one [live].wav",
        "two.flac",
    }
    assert all(link.startswith(server.url) for link in links)


def test_an_upload_outlives_a_cut_line_and_a_killed_server(tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "long.wav", seconds=20)
    size = tone.stat().st_size
    server = start_server(tmp_path / "data", renditions="aac128")
    with severable(server.port, bytes_per_s=2_000_000) as line:
        process = subprocess.Popen(
            [VEZA, "upload", tone, "--server", line.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: line.forwarded_bytes > size // 4, "a part is there")
        line.cut()
        line.mend()
        wait_until(lambda: line.forwarded_bytes > size // 2, "more is there")
        server.stop(signal.SIGKILL)
        server = start_server(tmp_path / "data", renditions="aac128")
        line.target_port = server.port
        try:
            output, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            (track,) = get_json(f"{server.url}/api/v1/tracks")["items"]
            assert track["state"] == "ready" and track["links"]["hls"] in output
            assert (server.data_dir / "tracks" / track["id"] / "source").read_bytes() == tone.read_bytes()
            assert line.forwarded_bytes < 1.5 * size  # what had come was not sent again
        finally:
            server.stop()


class Unseen:
    def reached(self, offset: int) -> None:
        pass

    def waits(self, why: str) -> None:
        pass


def test_patience_is_for_a_line_that_stays_broken_and_not_for_the_whole_upload(
    server: Server, tmp_path: Path
) -> None:
    tone = make_tone(tmp_path / "patient.wav", seconds=15)
    with severable(server.port, bytes_per_s=2_000_000) as line, ThreadPoolExecutor() as threads:
        sending = threads.submit(Client(line.url, None, patience_s=0).send, tone, "patient", Unseen())
        wait_until(lambda: line.forwarded_bytes > tone.stat().st_size // 3, "a part is there")
        line.cut()
        line.mend()
        assert sending.result(60)["received_bytes"] == tone.stat().st_size


def test_a_look_that_breaks_too_is_made_again_before_anything_is_sent(server: Server, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "unlucky.wav", seconds=15)
    with severable(server.port, bytes_per_s=2_000_000) as line, ThreadPoolExecutor() as threads:
        sending = threads.submit(Client(line.url, None).send, tone, "unlucky", Unseen())
        wait_until(lambda: line.forwarded_bytes > tone.stat().st_size // 3, "a part is there")
        line.refuse_next = 1
        line.cut()
        line.mend()
        assert sending.result(60)["received_bytes"] == tone.stat().st_size


def test_it_goes_on_after_a_bad_file_and_says_what_was_wrong(server: Server, tmp_path: Path) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("no music\n" * 100)
    good = make_tone(tmp_path / "good.wav", seconds=2)
    done = veza("upload", text, tmp_path / "missing.wav", good, "--server", server.url)
    assert done.returncode == 1
    assert f"veza: {tmp_path}/missing.wav: No such file or directory" in done.stderr
    assert f"veza: {text}: " in done.stderr
    assert done.stdout.count("HLS") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("server_url", ["http://127.0.0.1:1", "ftp://x", "http://"])
def test_a_server_that_is_not_there_is_named(server_url: str, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"x")
    done = veza("upload", file, "--server", server_url)
    assert done.returncode == 1
    assert server_url in done.stderr and "Traceback" not in done.stderr


def test_a_refusal_is_passed_on(tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.wav", seconds=10)
    with running_server(tmp_path, uploads="token", max_upload_bytes=100_000) as server:
        done = veza("upload", tone, "--server", server.url)
        assert done.returncode == 1
        assert "refused (401): Authorization: Bearer TOKEN is missing" in done.stderr
        token = veza("token", "ann", VEZA_DATA_DIR=str(server.data_dir)).stdout.strip()
        done = veza("upload", tone, "--server", server.url, "--token", token)
        assert done.returncode == 1
        assert f"refused (413): {tone.stat().st_size} bytes are more than 100000" in done.stderr


def test_config_prints_what_is_in_effect_and_no_secret(tmp_path: Path) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    done = veza("config", VEZA_PORT="81", VEZA_SECRET=secret, VEZA_DATABASE_URL="postgresql://u:hush@h/n")
    assert done.returncode == 0
    shown = tomllib.loads(done.stdout)
    assert (shown["port"], shown["secret"], shown["database_url"]) == (81, "(hidden)", "(hidden)")
    assert secret not in done.stdout and "hush" not in done.stdout


def test_a_wrong_setting_has_exit_code_2() -> None:
    done = veza("config", VEZA_PORT="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("veza: port = 'x' (from VEZA_PORT) is not allowed")


@pytest.mark.parametrize(
    ("name", "ttl"), [("", "30d"), ("a" * 65, "30d"), ("ann", "1"), ("ann", "0d"), ("ann", "x")]
)
def test_a_token_needs_a_name_and_a_time(name: str, ttl: str, tmp_path: Path) -> None:
    done = veza("token", name, "--ttl", ttl, VEZA_DATA_DIR=str(tmp_path))
    assert done.returncode in (1, 2)
    assert done.stdout == ""


def test_the_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = veza("token", "ann", VEZA_DATA_DIR=str(tmp_path / "new"))
    assert first.returncode == 0
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o777 == 0o600


def test_serve_is_the_server(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [VEZA, "serve"],
        env={"VEZA_DATA_DIR": str(tmp_path), "VEZA_PORT": "0", "VEZA_RTMP_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("veza: listening on http://127.0.0.1:")
            assert process.stdout.readline().startswith("veza: RTMP on rtmp://127.0.0.1:")
        finally:
            process.terminate()
        assert process.wait(30) == 0


def test_the_version() -> None:
    assert re.fullmatch(r"veza \d+\.\d+\.\d+\n", veza("--version").stdout)
