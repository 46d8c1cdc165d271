"""Shows become tracks: while they run, when they end, and after the server was killed."""

import contextlib
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import ask, token_of
from tests.support.api import get_json
from tests.support.live_server import LiveServer, heard, live_server
from tests.support.m3u8 import MediaPlaylist, read_media
from tests.support.pcm import decode
from tests.support.server import Server, start_server
from tests.support.waiting import wait_until


@contextmanager
def source(url: str, key: str, *, hz: int = 440, room: str = "radio") -> Iterator[subprocess.Popen[bytes]]:
    """A tone at its own pace, until the `with` is left."""
    target = url.replace("http://", f"icecast://source:{key}@") + f"/live/{room}"
    tone = ["-re", "-f", "lavfi", "-i", f"sine={hz}:r=44100", "-c:a", "libmp3lame", "-b:a", "128k"]
    options = ["-f", "mp3", "-content_type", "audio/mpeg", "-ice_name", "Late Show"]
    process = subprocess.Popen(["ffmpeg", "-v", "error", *tone, *options, target])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def playlist_of(url: str) -> MediaPlaylist:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return read_media(answer.read().decode())


def track_of(url: str, id: str) -> dict[str, Any] | None:
    """The track, or None while there is none."""
    with contextlib.suppress(urllib.error.HTTPError):
        track: dict[str, Any] = get_json(f"{url}/api/v1/tracks/{id}")
        return track
    return None


def recorded(url: str, id: str, ms: int) -> dict[str, Any]:
    """Wait until so much of a show can be played."""

    def look() -> dict[str, Any] | None:
        track = track_of(url, id)
        return track if track is not None and track["playable"] and track["packaged_ms"] >= ms else None

    return wait_until(look, f"{ms} ms of the recording", 60)


def ready(url: str, id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        track = track_of(url, id)
        return track if track is not None and track["state"] == "ready" else None

    return wait_until(look, "the track", 60)


def begin(live: LiveServer) -> str:
    """Wait until the room is live; the show's id."""
    show: str = live.wait("radio", lambda show: show["state"] == "live" and heard(show), 60)["show"]
    return show


def checked(live: LiveServer) -> None:
    """What disk and database say is the same."""
    report = json.loads(live.veza("fsck", "--deep", "--json"))
    assert report["findings"] == []


def test_a_show_is_a_track_while_it_runs_and_when_it_ends(tmp_path: Path) -> None:
    with live_server(tmp_path) as live:
        key, ann = live.key("radio", "--name", "ann"), token_of(live.server, "ann")
        with source(live.url, key):
            id = begin(live)
            ask_title(live, key, "Nina - Blue")
            live.veza("say", "radio", "what a song", "--server", live.url, "--name", "Gus")
            growing = recorded(live.url, id, 3_840)
            assert growing["state"] == "live" and growing["room"] == "radio" and growing["playable"]
            assert growing["title"].startswith("Late Show, 20") and growing["owner"]["name"] == "ann"
            playlist = playlist_of(f"{live.url}/hls/{id}/aac128.m3u8")
            assert playlist.playlist_type == "EVENT" and not playlist.ended
            assert get_json(f"{live.url}/api/v1/tracks/{id}/waveform.json")["length"] > 300
            assert id in [track["id"] for track in get_json(f"{live.url}/api/v1/tracks")["items"]]
            checked(live)
            assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end").status == 401
            assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end", ann).status == 204
        track = ready(live.url, id)
        assert [chapter["title"] for chapter in track["chapters"]] == ["Nina - Blue"]
        said = get_json(f"{live.url}/api/v1/tracks/{id}/comments")["items"]
        assert [(one["body"], one["author"]["name"]) for one in said] == [("what a song", "Gus")]
        assert 0 <= said[0]["at_ms"] <= track["duration_ms"]
        assert track["duration_ms"] >= 3_840 and track["loudness"]["integrated_lufs"] is not None
        assert [one["name"] for one in track["renditions"]] == ["aac128", "aac64"]
        playlist = playlist_of(f"{live.url}/hls/{id}/aac64.m3u8")
        assert playlist.playlist_type == "VOD" and playlist.ended
        waveform = get_json(f"{live.url}/api/v1/tracks/{id}/waveform.json")
        assert abs(waveform["length"] * 512 / 48 - track["duration_ms"]) < 200
        samples = decode(live.server.data_dir / "tracks" / id / "aac128.mp4", rate=48_000)
        assert abs(len(samples) / 48 - track["duration_ms"]) < 100
        assert ask(live.server, "GET", f"/api/v1/tracks/{id}/source").status == 404
        assert live.look("radio")["state"] == "ended"
        checked(live)
        assert ask(live.server, "DELETE", f"/api/v1/tracks/{id}", ann).status == 204
        assert not (live.server.data_dir / "tracks" / id).exists()


def ask_title(live: LiveServer, key: str, song: str) -> None:
    target = f"/admin/metadata?mode=updinfo&mount=/live/radio&pass={key}&song={song.replace(' ', '%20')}"
    assert ask(live.server, "GET", target).status == 200


def test_a_show_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    with live_server(tmp_path, live_grace_s=60) as live:
        key, ann = live.key("radio", "--name", "ann"), token_of(live.server, "ann")
        with source(live.url, key):
            id = begin(live)
            before = recorded(live.url, id, 3_840)
            began_at = live.look("radio")["began_at"]
            live.server.stop(signal.SIGKILL)
        live.server = again(live.server, live_grace_s=60)
        waiting = live.wait("radio", lambda show: show["state"] == "interrupted")
        assert waiting["show"] == id and waiting["began_at"] == began_at
        with source(live.url, key, hz=880):
            live.wait("radio", lambda show: show["state"] == "live" and heard(show), 60)
            recorded(live.url, id, before["packaged_ms"] + 8_000)
        assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end", ann).status == 204
        track = ready(live.url, id)
        samples = decode(live.server.data_dir / "tracks" / id / "aac128.mp4", rate=48_000)
        assert abs(len(samples) / 48 - track["duration_ms"]) < 100
        assert track["renditions"][0]["name"] == "aac128"
        checked(live)
        live.server.stop()


def test_a_show_whose_source_does_not_come_back_is_finished(tmp_path: Path) -> None:
    with live_server(tmp_path, live_grace_s=60) as live:
        key = live.veza("key", "radio")  # nobody's in particular
        begun_s = time.monotonic()
        with source(live.url, key):
            id = begin(live)
            recorded(live.url, id, 3_840)
            live.server.stop(signal.SIGKILL)
        on_air_ms = 1000 * (time.monotonic() - begun_s)
        checked(live)
        live.server = again(live.server, live_grace_s=5)
        track = ready(live.url, id)
        assert 3_840 <= track["duration_ms"] < on_air_ms + 3_000, "without the silence of waiting"
        assert track["owner"] is None
        checked(live)
        live.server.stop()


def test_a_recording_that_is_deleted_leaves_the_show_alone(tmp_path: Path) -> None:
    with live_server(tmp_path) as live:
        key, op = live.key("radio"), live.token
        with source(live.url, key):
            id = begin(live)
            recorded(live.url, id, 3_840)
            assert ask(live.server, "DELETE", f"/api/v1/tracks/{id}", op).status == 204
            assert track_of(live.url, id) is None and not (live.server.data_dir / "tracks" / id).exists()
            assert live.look("radio")["state"] == "live"
        checked(live)


@pytest.mark.parametrize("setting", ["never", "members"])
def test_what_is_not_for_everybody_is_not_recorded(tmp_path: Path, setting: str) -> None:
    record = "never" if setting == "never" else "open"
    with live_server(tmp_path, live_record=record) as live:
        ann = token_of(live.server, "ann")
        if setting == "members":
            assert ask(live.server, "POST", "/api/v1/rooms", ann, {"name": "radio"}).status == 201
            policy = {"entry": "members"}
            assert ask(live.server, "PATCH", "/api/v1/rooms/radio/policy", ann, policy).status == 200
        with source(live.url, live.key("radio")):
            id = begin(live)
            live.wait("radio", lambda show: show["now"] - show["began_at"] > 5_000, 60)
        assert track_of(live.url, id) is None
        assert not (live.server.data_dir / "tracks" / id).exists()


def again(server: Server, **env: str | int) -> Server:
    """The same server once more, at the same address."""
    return start_server(server.data_dir, port=server.port, **env)
