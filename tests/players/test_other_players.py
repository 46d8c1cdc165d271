"""ffmpeg, mpv, VLC and GStreamer play a track from its HLS link: all of it, and from a place sought."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.api import upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.mpv import Mpv
from tests.support.pcm import Samples, decode, likeness
from tests.support.server import LADDER, running_server
from tests.support.waiting import wait_until

RATE = 44100
SECONDS = 20
SEEK_TO_S = 12
AAC_FRAME = 1024
PLAYER_TIMEOUT_S = 90
NOBODY = 65534


@dataclass(frozen=True)
class Song:
    hls: str
    samples: Samples


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Song]:
    yield from served(tmp_path_factory.mktemp("players"), renditions=LADDER)


@pytest.fixture(scope="module")
def song_in_aac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Song]:
    """For players that lose sound when they go from one codec to another: three rates of one."""
    yield from served(tmp_path_factory.mktemp("aac"), renditions="aac128,aac64,aac256")


def served(folder: Path, **settings: str) -> Iterator[Song]:
    source = make_tone(folder / "sweep.flac", seconds=SECONDS, rate=RATE)
    with running_server(folder, **settings) as server:
        track = wait_for_track(server.url, upload(server.url, source)["id"])
        assert track["state"] == "ready", track
        yield Song(server.url + track["links"]["hls"], decode(source, rate=RATE))


def play(command: list[str], recorded: Path, **env: str) -> Samples:
    """Run a player that writes what it plays to `recorded`."""
    assert shutil.which(command[0]), f"{command[0]} is missing: run scripts/setup test"
    done = subprocess.run(
        command,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=PLAYER_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0 and recorded.exists(), done.stdout + done.stderr
    return decode(recorded, rate=RATE)


def mpv(song: Song, recorded: Path, *options: str) -> Samples:
    command = ["mpv", "--no-config", "--really-quiet", "--vo=null", "--ao=pcm", f"--ao-pcm-file={recorded}"]
    return play([*command, *options, song.hls], recorded)


def vlc(song: Song, recorded: Path, *options: str) -> Samples:
    to_file = f"#transcode{{acodec=s16l,channels=2}}:std{{access=file,mux=wav,dst={recorded}}}"
    command = ["cvlc", "-I", "dummy", "--no-video", "--sout", to_file, *options, song.hls, "vlc://quit"]
    if os.geteuid() != 0:
        return play(command, recorded)
    # VLC does not run as root: it gets a folder of its own, and becomes nobody.
    recorded.parent.chmod(0o777)
    for parent in recorded.parent.parents:
        if parent.owner() == "root" and parent != Path("/tmp") and parent.is_relative_to("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return play([*drop, *command], recorded, HOME=str(recorded.parent))


def gstreamer(song: Song, recorded: Path) -> Samples:
    """As its players do it: `playbin` plugs another decoder when the codec changes."""
    sink = f"audioconvert ! audioresample ! audio/x-raw,rate={RATE} ! wavenc ! filesink location={recorded}"
    return play(["gst-launch-1.0", "-q", "playbin", f"uri={song.hls}", f"audio-sink={sink}"], recorded)


def test_ffmpeg_plays_every_sample_at_its_place(song: Song) -> None:
    played = decode(song.hls, rate=RATE)
    alike = likeness(song.samples, played)
    assert alike.correlation > 0.98
    # FFmpeg 5 gives the encoder delay its place before zero, and plays it; FFmpeg 7 and newer leave it out.
    assert alike.lag_samples in (0, 2 * AAC_FRAME)
    assert 0 <= len(played) - alike.lag_samples - len(song.samples) < AAC_FRAME


def test_mpv_plays_the_whole_track(song: Song, tmp_path: Path) -> None:
    played = mpv(song, tmp_path / "mpv.wav")
    assert abs(len(played) - len(song.samples)) <= 3 * AAC_FRAME
    assert likeness(song.samples, played).correlation > 0.98


def test_mpv_seeks(song: Song, tmp_path: Path) -> None:
    """While it plays: FFmpeg 5 can't begin in the middle of a fragmented MP4 over HLS, whoever made it."""
    socket_path = tmp_path / "mpv.sock"
    command = ["mpv", "--no-config", "--vo=null", "--ao=null", f"--input-ipc-server={socket_path}", song.hls]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with Mpv(socket_path) as player:
                wait_until(lambda: (player.get("demuxer-cache-time") or 0) > SEEK_TO_S, "mpv has read ahead")
                player.command("seek", SEEK_TO_S, "absolute")
                wait_until(
                    lambda: SEEK_TO_S < (player.get("time-pos") or 0) < SECONDS, "mpv plays on from there"
                )
        finally:
            process.terminate()


def test_vlc_plays_the_whole_track(song_in_aac: Song, tmp_path: Path) -> None:
    """VLC 3.0.21, going from AAC to FLAC, throws away the AAC that it has read ahead: one segment."""
    played = vlc(song_in_aac, tmp_path / "vlc.wav")
    assert abs(len(played) - len(song_in_aac.samples)) <= 4 * AAC_FRAME
    assert likeness(song_in_aac.samples, played).correlation > 0.98


def test_vlc_seeks(song_in_aac: Song, tmp_path: Path) -> None:
    played = vlc(song_in_aac, tmp_path / "vlc.wav", f"--start-time={SEEK_TO_S}")
    assert (
        0 <= len(played) / RATE - (SECONDS - SEEK_TO_S) < 4.1
    )  # VLC begins with the segment that holds the place


def test_gstreamer_plays_the_whole_track(song: Song, tmp_path: Path) -> None:
    played = gstreamer(song, tmp_path / "gst.wav")
    assert abs(len(played) - len(song.samples)) <= 3 * AAC_FRAME
    assert likeness(song.samples, played).correlation > 0.98
