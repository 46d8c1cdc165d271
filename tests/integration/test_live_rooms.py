"""LL-HLS out of a whole server: a source, its encoders, and rooms that are open or not."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.support.boxes import parse
from tests.support.live_m3u8 import dates_follow, read_live
from tests.support.live_server import LiveServer, live_server
from tests.support.unsteady import Unsteady, make_clicks
from tests.support.wire import Wire

ROOM = "lobby"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A room with a show that sounds."""
    folder = tmp_path_factory.mktemp("live")
    with live_server(folder) as server:
        source = Unsteady(server.port, ROOM, server.key(ROOM), make_clicks(folder / "clicks.aac", 120))
        source.start()
        server.wait(ROOM, lambda show: show["state"] == "live")
        yield server
        source.stop()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
    return body


def status(url: str) -> int:
    try:
        get(url)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def enter_by(live: LiveServer, entry: str) -> None:
    """Who may come into the room."""
    request = urllib.request.Request(
        f"{live.url}/api/v1/rooms/{ROOM}/policy",
        json.dumps({"entry": entry}).encode(),
        {"Authorization": f"Bearer {live.token}", "Content-Type": "application/json"},
        method="PATCH",
    )
    urllib.request.urlopen(request, timeout=20).close()


def test_every_rendition_is_listed_and_can_be_followed(live: LiveServer) -> None:
    index = f"{live.url}/hls/live/{ROOM}/index.m3u8"
    names = re.findall(r"^(\w+\.m3u8)$", get(index).decode(), re.MULTILINE)
    assert names == ["aac128.m3u8", "aac64.m3u8"]
    for name in names:
        url = urljoin(index, name)
        playlist = read_live(get(url).decode())
        for turn in range(14):  # into the next segment, at least
            hint = re.search(r"/(\d+)\.(\d+)\.m4s$", playlist.hint or "")
            assert hint is not None
            directives = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}" + ("&_HLS_skip=YES" if turn % 2 else "")
            hinted = urljoin(url, playlist.hint)
            playlist = read_live(get(url + directives).decode(), playlist)
            dates_follow(playlist)
            assert parse(get(hinted)), "what was hinted at is there"
        segment = next(one for one in playlist.segments if one.uri and one.parts)
        assert segment.uri is not None
        assert get(urljoin(url, segment.uri)) == b"".join(
            get(urljoin(url, part.uri)) for part in segment.parts
        )


def test_requests_behind_one_of_the_api_are_answered_by_the_same_shelf(live: LiveServer) -> None:
    targets = ["/api/v1/tracks", f"/hls/live/{ROOM}/index.m3u8", f"/hls/live/{ROOM}/aac128.m3u8?_HLS_part=1"]
    with Wire(live.url) as wire:
        wire.socket.sendall(
            b"".join(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for target in targets)
        )
        replies = [wire.reply() for _ in targets]
        assert [reply.status for reply in replies] == [200, 200, 400]
        assert replies[1].body.startswith(b"#EXTM3U")
        assert replies[2].headers["access-control-allow-origin"] == "*"
        asked = {"Origin": "https://else.test", "Access-Control-Request-Headers": "cmcd-session"}
        allowed = wire.request("OPTIONS", targets[1], asked)
        assert allowed.status == 204
        assert "CMCD-Session" in allowed.headers["access-control-allow-headers"]


def test_a_room_that_closes_takes_a_pass_which_playlists_inherit(live: LiveServer) -> None:
    index = f"{live.url}/hls/live/{ROOM}/index.m3u8"
    part = urljoin(index, read_live(get(urljoin(index, "aac128.m3u8")).decode()).segments[-1].parts[-1].uri)
    enter_by(live, "members")
    try:
        live.wait(ROOM, lambda show: show["links"]["hls"].startswith("/l/"))
        assert {status(url) for url in (index, urljoin(index, "aac128.m3u8"), part)} == {403}
        link = live.url + live.look(ROOM)["links"]["hls"]
        playlist = urljoin(link, "aac128.m3u8")
        hint = read_live(get(playlist).decode()).hint
        assert hint is not None
        assert parse(get(urljoin(playlist, hint)))
        assert status(link.replace(f"/{ROOM}/", "/other/")) == 404
        assert status(link.replace("/l/", "/l/1")) == 403
    finally:
        enter_by(live, "open")
    live.wait(ROOM, lambda show: not show["links"]["hls"].startswith("/l/"))
    assert status(index) == 200


def test_listeners_are_sessions(live: LiveServer, tmp_path: Path) -> None:
    url = f"{live.url}/hls/live/{ROOM}/aac128.m3u8"
    for session in ("a", "b", "a"):
        request = urllib.request.Request(url, headers={"CMCD-Session": f'sid="{session}"'})
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()
    assert json.loads(get(f"{live.url}/api/v1/rooms/{ROOM}/live"))["listeners"]["hls"] >= 2
