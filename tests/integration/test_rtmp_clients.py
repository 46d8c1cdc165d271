"""Real RTMP clients on a real server: FFmpeg 5 (Debian's) and 8 (PyAV's), and both sinks of GStreamer."""

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from tests.support.live_server import LiveServer, heard, live_server
from tests.support.live_sources import FFMPEG, last_words, program, rtmp_url, sounds
from tests.support.pcm import decode
from tests.support.server import start_server
from tests.support.waiting import wait_until

TONE = ("-re", "-f", "lavfi", "-i", "sine=440:r=48000:d=60")
FILM = ("-re", "-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=60")
GST = (
    *(
        "gst-launch-1.0",
        "-q",
        "-e",
        "audiotestsrc",
        "is-live=true",
        "num-buffers=2800",
        "!",
        "audioconvert",
        "!",
    ),
    *("audio/x-raw,rate=48000,channels=2", "!", "voaacenc", "!", "aacparse", "!"),
    *("flvmux", "streamable=true", "!"),
)


def newest(codec: str, sample_format: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.support.flv_source", "URL", codec, sample_format, "60")


CLIENTS = {
    "ffmpeg aac": ((*FFMPEG, *TONE, "-c:a", "aac", "-f", "flv", "URL"), "aac"),
    "ffmpeg mp3": ((*FFMPEG, *TONE, "-c:a", "libmp3lame", "-f", "flv", "URL"), "mp3"),
    "ffmpeg with video": (
        (*FFMPEG, *FILM, *TONE, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-f", "flv", "URL"),
        "aac",
    ),
    "gstreamer rtmpsink": ((*GST, "rtmpsink", "location=URL"), "aac"),
    "gstreamer rtmp2sink": ((*GST, "rtmp2sink", "location=URL"), "aac"),
    "ffmpeg 8 opus": (newest("libopus", "s16"), "opus"),
    "ffmpeg 8 flac": (newest("flac", "s16"), "flac"),
    "ffmpeg 8 ac3": (newest("ac3", "fltp"), "ac3"),
    "ffmpeg 8 eac3": (newest("eac3", "fltp"), "eac3"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("rtmp"), rtmp_port=0) as server:
        yield server


def client(name: str, url: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    """One of `CLIENTS`, publishing for a minute at most."""
    return program(*(part.replace("URL", url) for part in CLIENTS[name][0]))


@pytest.mark.parametrize("name", CLIENTS)
def test_it_is_heard(server: LiveServer, name: str) -> None:
    room = name.replace(" ", "-")
    with client(name, rtmp_url(server, server.key(room))) as process:
        show = server.wait(room, lambda show: heard(show) and sounds(show))
        source = heard(show)
        assert source is not None
        codec = CLIENTS[name][1]
        assert (source["way"], source["container"]) == ("rtmp", "flv")
        assert source["codec"].startswith(codec)
        assert re.match(r"Lavf(59|62)\.|GStreamer 1\.", source["client"])
        process.send_signal(signal.SIGINT)
    server.wait(room, lambda show: show["state"] == "interrupted")


def test_what_is_heard_is_what_was_played(server: LiveServer) -> None:
    with client("ffmpeg with video", rtmp_url(server, server.key("true"))):
        server.wait("true", sounds)
        played = f"{server.url}/hls/live/true/aac128.m3u8"
        wait_until(lambda: urllib.request.urlopen(played).read().count(b"#EXTINF") > 1)
        samples = decode(played, rate=48_000, options=("-t", "4"))[-48_000:, 0]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert abs(int(spectrum.argmax()) * 48_000 / len(samples) - 440) < 2


def test_the_same_key_takes_over_and_the_show_goes_on(server: LiveServer) -> None:
    url = rtmp_url(server, server.key("two"))
    with client("ffmpeg aac", url) as first:
        show = server.wait("two", sounds)["show"]
        with client("gstreamer rtmp2sink", url):
            last_words(first)
            now = server.wait("two", lambda show: "GStreamer" in (heard(show) or {"client": ""})["client"])
            assert (now["show"], now["state"]) == (show, "live")


def test_a_wrong_key_is_said_to_people(server: LiveServer) -> None:
    server.key("shut")
    with client("ffmpeg aac", rtmp_url(server, "guessed")) as process:
        assert "that is no stream key; `veza key ROOM` makes one" in last_words(process)
        assert process.returncode != 0
    with client("ffmpeg aac", rtmp_url(server, "x").replace("/live/", "/vod/")) as process:
        assert "use rtmp://HOST/live" in last_words(process)


def test_who_wants_to_play_is_told_where(server: LiveServer) -> None:
    done = subprocess.run(
        [*FFMPEG, "-i", rtmp_url(server, "den"), "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert "nothing is played over RTMP; listen to /hls/live/ROOM/index.m3u8" in done.stderr


def test_a_client_that_dies_and_comes_back(server: LiveServer) -> None:
    url = rtmp_url(server, server.key("dies"))
    with client("ffmpeg aac", url) as process:
        show = server.wait("dies", sounds)["show"]
        process.send_signal(signal.SIGKILL)
        server.wait("dies", lambda show: show["state"] == "interrupted")
    with client("ffmpeg mp3", url):
        again = server.wait("dies", lambda show: show["state"] == "live" and sounds(show))
        assert again["show"] == show


def test_a_client_that_stalls_and_goes_on(server: LiveServer) -> None:
    with client("ffmpeg aac", rtmp_url(server, server.key("stall"))) as process:
        server.wait("stall", sounds)
        process.send_signal(signal.SIGSTOP)
        server.wait("stall", lambda show: show["cockpit"]["levels"]["silent_ms"] > 1_000)
        process.send_signal(signal.SIGCONT)
        show = server.wait("stall", lambda show: sounds(show) and not show["cockpit"]["levels"]["silent_ms"])
        assert show["state"] == "live"
        assert process.poll() is None


def test_a_key_that_is_revoked_is_on_no_longer(server: LiveServer) -> None:
    key = server.key("gone")
    with client("ffmpeg aac", rtmp_url(server, key)) as process:
        server.wait("gone", sounds)
        [row] = server.veza("key", "gone", "--list").splitlines()[-1:]
        server.veza("key", "gone", "--revoke", row.split()[0])
        last_words(process)
    server.wait("gone", lambda show: show["state"] == "interrupted")


def test_a_stop_of_the_server_waits_for_nobody(tmp_path: Path) -> None:
    with live_server(tmp_path, rtmp_port=0) as server:
        with client("ffmpeg aac", rtmp_url(server, server.key("den"))) as process:
            server.wait("den", sounds)
            assert server.server.stop() == 0
            last_words(process)
        assert "source connected" in server.server.log


def test_two_servers_on_one_machine(tmp_path: Path, server: LiveServer) -> None:
    port = rtmp_url(server, "").rstrip("/live").rpartition(":")[2]
    second = start_server(tmp_path / "data", rtmp_port=port)
    try:
        wait_until(lambda: "no RTMP" in second.log)
        line = f"veza: no RTMP: can't listen on 127.0.0.1:{port}: Address already in use"
        assert line in second.log
    finally:
        assert second.stop() == 0
