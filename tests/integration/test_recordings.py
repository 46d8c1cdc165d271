"""Every recording that people upload becomes a track; a file that is none is refused, and hurts nobody."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import hostile, make_tone, recordings
from tests.support.server import Server, running_server
from tests.support.waiting import wait_until

_AAC_FRAME_S = 1024 / 44100
# What the name says is wrong, but a part of it can be played: both answers are right.
_MAY_PLAY = {"truncated.flac", "bit-flips.flac", "bursts.mp3", "says-ten-hours.wav", "forty-streams.mka"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("recordings")) as server:
        yield server


def duration_s(url: str | Path) -> float:
    """What ffmpeg decodes, counted in samples."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-i",
        str(url),
        "-vn",
        "-ac",
        "1",
        "-ar",
        "48000",
        "-f",
        "s16le",
    ]
    decoded = subprocess.run([*command, "-"], capture_output=True, check=True, timeout=120)
    assert decoded.stderr == b"" or isinstance(url, Path), decoded.stderr
    return len(decoded.stdout) / 2 / 48000


def becomes_a_track(server: Server, path: Path) -> None:
    track = wait_for_track(server.url, upload(server.url, path)["id"])
    assert track["state"] == "ready", track
    heard = duration_s(server.url + track["links"]["hls"])
    # ffmpeg writes out what it decodes before time 0 (the delay: two frames), and the whole last frame.
    assert 0 <= heard - track["duration_ms"] / 1000 <= 3 * _AAC_FRAME_S
    assert track["duration_ms"] / 1000 == pytest.approx(duration_s(path), abs=0.03)
    waveform = get_json(server.url + track["links"]["waveform"])
    assert waveform["length"] == len(waveform["data"]) / 2
    seconds = waveform["length"] * waveform["samples_per_pixel"] / waveform["sample_rate"]
    assert seconds == pytest.approx(heard, abs=0.1)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg", "m4a", "opus", "aac"])
def test_a_tone_becomes_a_track(server: Server, tmp_path: Path, ending: str) -> None:
    codec = {"ogg": ("-c:a", "libvorbis"), "opus": ("-c:a", "libopus")}.get(ending, ())
    becomes_a_track(server, make_tone(tmp_path / f"tone.{ending}", seconds=9, rate=48000, options=codec))


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.name)
def test_a_recording_becomes_a_track(server: Server, path: Path) -> None:
    becomes_a_track(server, path)


@pytest.mark.parametrize("path", hostile(), ids=lambda path: path.name)
def test_a_hostile_file_hurts_nobody(server: Server, path: Path) -> None:
    track = wait_for_track(server.url, upload(server.url, path)["id"])
    if path.name not in _MAY_PLAY:
        assert track["state"] == "failed", track
        assert track["reason"]
        folder = server.data_dir / "tracks" / track["id"]
        wait_until(lambda: not folder.exists(), "its bytes are removed")  # the state is told first
    assert get_json(server.url + "/readyz") == {"status": "ready"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp3", b""),
        ("text.mp3", b"this is no music\n" * 100),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
        ("concat.flac", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    ],
)
def test_a_file_that_is_none_is_refused(server: Server, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    track = wait_for_track(server.url, upload(server.url, path)["id"])
    assert (track["state"], track["playable"]) == ("failed", False)
    assert track["reason"]
