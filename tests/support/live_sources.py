"""Programs that send sound to a real server, and what is seen of them there."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.audio import ROOT
from tests.support.live_server import LiveServer, heard
from tests.support.waiting import wait_until

_RTMP = re.compile(r"veza: RTMP on (rtmp://127\.0\.0\.1:\d+/live)")
FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error")


def rtmp_url(server: LiveServer, key: str) -> str:
    """Where a server that was started with `rtmp_port=0` takes RTMP."""
    said = wait_until(lambda: _RTMP.search(server.server.log), "it says where")
    return f"{said[1]}/{key}"


def icecast_url(server: LiveServer, room: str, key: str) -> str:
    return f"icecast://source:{key}@127.0.0.1:{server.port}/live/{room}"


@contextmanager
def program(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A program that sends; what it says is in its stderr."""
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def last_words(process: "subprocess.Popen[str]") -> str:
    """What it said until it ended by itself."""
    return process.communicate(timeout=30)[1]


def sounds(show: dict[str, Any]) -> bool:
    """A tone is measured at the encoders."""
    levels = (show["cockpit"] or {"levels": None})["levels"]
    return levels is not None and levels["momentary_lufs"] is not None and levels["momentary_lufs"] > -40


def hears(way: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the source that is heard came that way, and sounds."""
    return lambda show: (heard(show) or {"way": ""})["way"] == way and sounds(show)
