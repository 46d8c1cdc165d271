"""Limits that are reached in the middle of a show: it goes on, and its recording says why it ends."""

import urllib.request
from pathlib import Path
from typing import Any

import psutil

from tests.integration.test_live_recording import ask_title, begin, checked, ready, recorded, source, track_of
from tests.support.account import ask
from tests.support.live_m3u8 import read_live
from tests.support.live_server import LiveServer, live_server
from tests.support.pcm import decode
from tests.support.waiting import wait_until

SEGMENT_MS = 3_840


def on_air_for(live: LiveServer, ms: int) -> dict[str, Any]:
    """The show, when it has been on for so long."""
    return live.wait("radio", lambda show: show["state"] == "live" and show["now"] - show["began_at"] > ms)


def goes_on_without(live: LiveServer, id: str, why: str) -> dict[str, Any]:
    """The recording's track: it is ready, and the show is on the air."""
    track = ready(live.url, id)
    show = live.wait("radio", lambda show: "recording" in show["cockpit"]["alerts"])
    assert show["state"] == "live" and show["show"] == id
    assert why in track["reason"]
    assert track["duration_ms"] >= SEGMENT_MS and track["loudness"]["integrated_lufs"] is not None
    on_air_for(live, show["now"] - show["began_at"] + 1_000)
    return track


def end(live: LiveServer) -> None:
    assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end", live.token).status == 204
    live.wait("radio", lambda show: show["state"] == "ended")


def test_a_show_is_longer_than_a_recording_may_be(tmp_path: Path) -> None:
    with live_server(tmp_path, max_duration_s=6) as live, source(live.url, live.key("radio")):
        id = begin(live)
        track = goes_on_without(live, id, "longer than 6 s")
        assert 6_000 <= track["duration_ms"] < 6_000 + 2 * SEGMENT_MS
        end(live)
        assert ready(live.url, id)["duration_ms"] == track["duration_ms"]
        checked(live)


def test_an_account_is_full_in_the_middle_of_a_show(tmp_path: Path) -> None:
    with live_server(tmp_path, quota_bytes=100_000) as live:
        key = live.key("radio", "--name", "ann")
        with source(live.url, key):
            id = begin(live)
            recorded(live.url, id, 2 * SEGMENT_MS)
            ask_title(live, key, "One more")  # then it is looked at, and not only every half minute
            goes_on_without(live, id, "100000 bytes")
            end(live)
            checked(live)


def last_segment(live: LiveServer) -> int:
    with urllib.request.urlopen(f"{live.url}/hls/live/radio/aac128.m3u8", timeout=20) as answer:
        return read_live(answer.read().decode()).segments[-1].number


def test_the_disk_is_full_in_the_middle_of_a_show(tmp_path: Path) -> None:
    with live_server(tmp_path) as live, source(live.url, live.key("radio")):
        id = begin(live)
        before = recorded(live.url, id, 2 * SEGMENT_MS)
        server = psutil.Process(live.server.pid)
        usual = server.rlimit(psutil.RLIMIT_FSIZE)
        server.rlimit(
            psutil.RLIMIT_FSIZE, (1, usual[1])
        )  # nothing can be written: neither files nor database
        live.wait("radio", lambda show: "recording" in show["cockpit"]["alerts"])
        heard = last_segment(live)
        wait_until(lambda: last_segment(live) >= heard + 2, "the show, which goes on", 60)
        assert live.look("radio")["state"] == "live"
        server.rlimit(psutil.RLIMIT_FSIZE, usual)
        track = goes_on_without(live, id, "too large")
        assert track["duration_ms"] >= before["packaged_ms"]
        samples = decode(live.server.data_dir / "tracks" / id / "aac128.mp4", rate=48_000)
        assert abs(len(samples) / 48 - track["duration_ms"]) < 100
        end(live)
        checked(live)


def test_the_disk_is_full_from_the_beginning_of_a_show(tmp_path: Path) -> None:
    with live_server(tmp_path, min_free_bytes=1 << 50) as live, source(live.url, live.key("radio")):
        id = begin(live)
        live.wait("radio", lambda show: "recording" in show["cockpit"]["alerts"])
        assert live.look("radio")["state"] == "live" and last_segment(live) > 0
        end(live)
        assert track_of(live.url, id) is None
        checked(live)
        assert not (live.server.data_dir / "tracks" / id).exists()
