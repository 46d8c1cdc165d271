"""ffmpeg, mpv, VLC and GStreamer play `/live/ROOM.mp3` and `.aac`, and show what plays."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from tests.support.clicks import Clicks
from tests.support.live_server import LiveServer, live_server
from tests.support.mpv import Mpv
from tests.support.pcm import decode
from tests.support.waiting import wait_until

SECONDS = 8
NOBODY = 65534
RATE = 48_000
PLAYERS = {
    "ffmpeg": "ffmpeg -nostdin -v error -t {seconds} -i {url} -y {out}",
    "mpv": "mpv --no-config --no-terminal --length={seconds} --ao=pcm --ao-pcm-file={out} {url}",
    "vlc": "cvlc -I dummy --run-time {seconds} --sout "
    "#transcode{{acodec=s16l,channels=2,samplerate=48000}}:std{{access=file,mux=wav,dst={out}}} "
    "{url} vlc://quit",
    "gstreamer": "timeout -s INT {seconds} gst-launch-1.0 -q -e "
    "souphttpsrc location={url} iradio-mode=true ! decodebin ! audioconvert ! audioresample ! "
    "audio/x-raw,format=S16LE,rate=48000 ! wavenc ! filesink location={out}",
}


@pytest.fixture(scope="module")
def clicking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, str]]:
    with live_server(tmp_path_factory.mktemp("progressive")) as server:
        key = server.key("lobby")
        with Clicks(server.url, "lobby", key):
            server.wait("lobby", lambda show: show["links"]["mp3"])
            yield server, key


def share(folder: Path) -> None:
    """With nobody, who VLC is when it is run by root."""
    folder.chmod(0o777)
    for parent in folder.parents:
        if parent.owner() == "root" and parent != Path("/tmp") and parent.is_relative_to("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)


@pytest.mark.parametrize("form", ["mp3", "aac"])
@pytest.mark.parametrize("player", PLAYERS)
def test_a_player_plays_it(clicking: tuple[LiveServer, str], player: str, form: str, tmp_path: Path) -> None:
    out = tmp_path / "heard.wav"
    share(tmp_path)
    url = f"{clicking[0].url}/live/lobby.{form}"
    command = PLAYERS[player].format(url=url, out=out, seconds=SECONDS).split(" ")
    assert shutil.which(command[0]), f"{command[0]} is missing: run scripts/setup test"
    as_nobody = {"user": NOBODY, "group": NOBODY} if player == "vlc" and os.getuid() == 0 else {}
    environ = os.environ | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    subprocess.run(command, env=environ, capture_output=True, timeout=90, **as_nobody)  # type: ignore[call-overload]
    heard = np.abs(decode(out, rate=RATE)).max(axis=-1)
    assert len(heard) >= (SECONDS - 3) * RATE, f"{len(heard) / RATE} s"
    assert heard.max() > 0.2
    apart = np.diff(clicks_s(heard))
    # As in the recording of the same show, which bridges what comes late from its source on a busy machine.
    server, _ = clicking
    show = server.server.data_dir / "tracks" / server.look("lobby")["show"]
    given = np.diff(clicks_s(np.abs(decode(show / "aac128.mp4", rate=RATE)).max(axis=-1)))
    assert all(np.min(np.abs(given - each)) < 0.01 for each in apart), (apart, given)


def clicks_s(level: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Where clicks begin, in seconds; at least one."""
    loud = np.flatnonzero(level > 0.3 * level.max())
    starts: np.ndarray[Any, Any] = loud[np.flatnonzero(np.diff(loud, prepend=-RATE) > RATE // 2)] / RATE
    assert len(starts) >= 1
    return starts


def test_titles_are_shown(clicking: tuple[LiveServer, str], tmp_path: Path) -> None:
    """mpv reads them as hardware does: by counting bytes."""
    path = tmp_path / "mpv"
    server, key = clicking
    url = f"{server.url}/live/lobby.mp3"
    command = ["mpv", "--no-config", "--no-terminal", "--ao=null", f"--input-ipc-server={path}", url]
    process = subprocess.Popen(command)
    try:
        with Mpv(path) as mpv:
            for title in ("Ann - It's here", "Ünï - 'quoted'"):
                asked = urlencode(
                    {"mount": "/live/lobby", "mode": "updinfo", "song": title, "charset": "UTF-8"}
                )
                request = urllib.request.Request(f"{server.url}/admin/metadata?{asked}")
                request.add_header("Authorization", f"Bearer {key}")
                urllib.request.urlopen(request, timeout=10).close()
                wait_until(
                    lambda title=title: mpv.get("metadata/by-key/icy-title") == title,  # type: ignore[misc]
                    f"mpv shows {title}",
                )
    finally:
        process.terminate()
        process.wait()
