"""A show is heard on every node: one source, several real servers, one Redis and one PostgreSQL."""

import json
import os
import signal
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamer.auth import Tokens
from tests.integration.test_live_recording import ready, recorded, source
from tests.support.chat import Client, client
from tests.support.live_m3u8 import LivePlaylistText, dates_follow, read_live
from tests.support.live_server import LiveServer
from tests.support.pcm import decode
from tests.support.postgres import find_binaries, running_postgres
from tests.support.redis import Redis, find_server, running_redis
from tests.support.server import start_server
from tests.support.waiting import wait_until

SECRET = "a secret that all nodes share, for a test"
MISSING = find_server() is None or find_binaries() is None
LOW, DEN = "/hls/live/radio/aac64.m3u8", "/hls/live/den/aac64.m3u8"

pytestmark = pytest.mark.skipif(
    MISSING and os.environ.get("CI") != "true", reason="redis-server or postgresql is not installed"
)


@dataclass
class Nodes:
    """Servers that share everything but their data folder; `a` and `b` run from the start."""

    folder: Path
    redis: Redis
    shared: dict[str, Any]
    a: LiveServer
    b: LiveServer

    @cached_property
    def third(self) -> LiveServer:
        """One that comes late, and is less patient."""
        return self.start("third", live_grace_s=5)

    def start(self, name: str, **settings: Any) -> LiveServer:
        return started(self.folder / name, self.shared | settings)


def started(folder: Path, settings: dict[str, Any]) -> LiveServer:
    token = Tokens(SECRET.encode()).issue("op", now_s=int(time.time()), ttl_s=3600, operator=True)
    return LiveServer(start_server(folder, **settings), token)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("nodes")
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(home, 0o755)  # PostgreSQL runs as a user of its own
        database = stack.enter_context(running_postgres(Path(home)))
        redis = stack.enter_context(running_redis(folder / "redis"))
        shared: dict[str, Any] = {"redis_url": redis.url, "database_url": database, "secret": SECRET}
        shared |= {"store_url": f"file://{folder / 'store'}", "live_grace_s": 20}
        a, b = started(folder / "a", shared), started(folder / "b", shared)
        made = Nodes(folder, redis, shared, a, b)
        yield made
        for node in (a, b, *([made.third] if "third" in vars(made) else [])):
            assert node.server.stop() == 0, node.server.log


@contextmanager
def on_air(node: LiveServer, room: str = "radio") -> Iterator[str]:
    """A show from a source at a node, until it is ended there; its id."""
    with source(node.url, node.key(room), room=room):
        show = node.wait(room, lambda show: show["state"] == "live")["show"]
        yield str(show)
        if node.server.process.poll() is None and node.look(room)["state"] != "ended":
            node.end(room)


@pytest.fixture
def show(nodes: Nodes) -> Iterator[str]:
    """The source is at A."""
    with on_air(nodes.a) as show:
        nodes.b.wait("radio", lambda seen: seen["show"] == show)
        yield show
    nodes.b.wait("radio", lambda seen: seen["state"] == "ended")


def ask(node: LiveServer, path: str) -> tuple[bytes, list[str | None]]:
    """An answer, and what caches know it by."""
    with urllib.request.urlopen(node.url + path, timeout=30) as answer:
        body: bytes = answer.read()
        fields = [answer.headers[name] for name in ("ETag", "Last-Modified", "Cache-Control", "Content-Type")]
    return body, fields


def get(node: LiveServer, path: str) -> bytes:
    return ask(node, path)[0]


def listed(node: LiveServer, query: str = "", path: str = LOW) -> LivePlaylistText:
    return read_live(get(node, path + query).decode())


def ahead(playlist: LivePlaylistText, parts: int) -> str:
    """The query of a playlist with a part that comes later."""
    last = playlist.segments[-1]
    segment, part = divmod(len(last.parts) - 1 + parts, 12)
    return f"?_HLS_msn={last.number + segment}&_HLS_part={part}"


def agree(first: LiveServer, second: LiveServer, path: str) -> bytes:
    """What both answer, once no part comes between the two."""

    def look() -> bytes | None:
        one, other = (ask(node, path) for node in (first, second))
        return one[0] if one == other else None

    return wait_until(look, "the same answer")


def same_list(first: LiveServer, second: LiveServer, more: str = "", path: str = LOW) -> LivePlaylistText:
    """What both answer who wait for a part, if they ask before it is there."""
    before = listed(first, path=path)

    def look() -> bytes | None:
        query = ahead(listed(first, path=path), 3) + more
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.map(lambda node: ask(node, path + query), (first, second))
        return one[0] if one == other else None

    return read_live(wait_until(look, "the same list").decode(), before)


def same(first: LiveServer, second: LiveServer, path: str) -> bytes:
    """What both answer at the same time."""
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda node: ask(node, path), (first, second))
    assert one == other
    return one[0]


def test_what_is_fetched_is_the_same_on_both(nodes: Nodes, show: str) -> None:
    b = nodes.b
    wait_until(lambda: len(listed(b).segments) > 1, "two segments")
    playlist = same_list(nodes.a, b)
    dates_follow(playlist)
    same_list(nodes.a, b, "&_HLS_skip=YES")
    base = LOW.rpartition("/")[0] + "/"
    first = playlist.segments[0]
    assert first.init is not None
    for uri in (first.init, first.uri, *(part.uri for part in playlist.segments[-1].parts)):
        assert uri is not None
        same(nodes.a, b, base + uri)
    # What A lists may be asked of B before it is there: the next parts, and a segment that is not complete.
    last = listed(nodes.a).segments[-1]
    assert last.number
    hinted = f"{base}aac64/{last.number}.m4s" if last.uri is None else f"{base}aac64/{last.number + 1}.m4s"
    assert get(b, hinted) == get(nodes.a, hinted)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(b, f"{base}aac64/{last.number + 50}.m4s")


def test_how_the_show_is_and_who_listens_is_known_everywhere(nodes: Nodes, show: str) -> None:
    a, b = nodes.a, nodes.b
    listed(b)
    listed(a)
    with urllib.request.urlopen(f"{b.url}/live/radio.mp3", timeout=30) as answer:
        for node in (a, b):
            seen = node.wait("radio", lambda seen: seen["listeners"]["progressive"] == 1)
            assert seen["listeners"]["hls"] == 2
            assert seen["listeners"]["total"] == 3
        assert len(answer.read(40_000)) == 40_000
    here, there = a.look("radio"), b.look("radio")
    changing = {"now", "cockpit", "listeners", "title"}
    assert {key: here[key] for key in here.keys() - changing} == {
        key: there[key] for key in there.keys() - changing
    }
    assert there["name"] == "Late Show"
    assert there["cockpit"]["sources"][0]["way"] == "icecast"
    assert json.loads(get(b, "/api/v1/live"))["items"][0]["room"] == "radio"


def test_the_host_rules_the_show_from_any_node(nodes: Nodes) -> None:
    with on_air(nodes.a) as show:
        nodes.b.wait("radio", lambda seen: seen["show"] == show)
        playlist = listed(nodes.b)
        assert not playlist.ended
        nodes.b.end("radio")
        for node in (nodes.a, nodes.b):
            node.wait("radio", lambda seen: seen["state"] == "ended")
        assert listed(nodes.b).ended
        assert get(nodes.a, LOW) == get(nodes.b, LOW)


def test_a_node_that_comes_late_has_the_whole_list(nodes: Nodes, show: str) -> None:
    wait_until(lambda: len(listed(nodes.a).segments) > 1, "two segments")
    late = nodes.third
    late.wait("radio", lambda seen: seen["state"] == "live")
    same_list(nodes.a, late)
    index = "/hls/live/radio/index.m3u8"
    agree(nodes.a, late, index)
    heard = decode(late.url + index, rate=48_000, options=("-t", "3"))
    peak_hz = np.argmax(np.abs(np.fft.rfft(heard[-48_000:, 0])))  # of a second: a bin for each Hz
    assert abs(peak_hz - 440) <= 2


def test_redis_is_gone_for_a_while(nodes: Nodes, show: str) -> None:
    before = listed(nodes.b)
    nodes.redis.kill()
    try:
        # Who listens at the node of the show notices nothing.
        query = ahead(listed(nodes.a), 12)
        mine = listed(nodes.a, query)
    finally:
        nodes.redis.start()  # with nothing of what it had
    theirs = listed(nodes.b, query)
    read_live(get(nodes.b, LOW).decode(), before)
    shared = {one.number: one for one in mine.segments}
    again = [one for one in theirs.segments if one.uri and one.number in shared and shared[one.number].uri]
    assert again
    assert all(one == shared[one.number] or one.parts != shared[one.number].parts for one in again)
    same_list(nodes.a, nodes.b)


async def test_a_socket_at_another_node_hears_the_sound(nodes: Nodes, show: str) -> None:
    async with client(f"ws://127.0.0.1:{nodes.b.port}/ws", "ann") as ann:
        await ann.join("radio")
        await ann.say("listen", room="radio")
        told = await ann.expect("listening", room="radio", show=show)
        assert told["codec"] == "mp4a.40.2"
        heard = 0
        while heard < 5:
            heard += isinstance(await ann.socket.recv(), bytes)
        assert isinstance(ann, Client)


def number_of(playlist: LivePlaylistText) -> int:
    return playlist.segments[-1].number


def test_a_source_with_the_same_key_takes_the_show_over_to_its_node(nodes: Nodes) -> None:
    a, b = nodes.a, nodes.b
    key = a.key("radio")
    with source(a.url, key), ExitStack() as there:
        first = a.wait("radio", lambda seen: seen["state"] == "live")
        before = wait_until(lambda: now if len((now := listed(a)).segments) > 1 else None, "two segments")
        b.wait("radio", lambda seen: seen["show"] == first["show"])
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            put(b, b.key("radio"))
        assert b"live on another node, with another stream key" in refused.value.read()
        answer = there.enter_context(urllib.request.urlopen(f"{a.url}/live/radio.mp3", timeout=30))
        assert answer.read(10_000)
        there.enter_context(source(b.url, key))
        second = b.wait("radio", lambda seen: seen["state"] == "live" and seen["show"] != first["show"])
        a.wait("radio", lambda seen: seen["state"] == "live" and seen["show"] == second["show"])
        assert second["began_at"] == first["began_at"]
        after = listed(b)
        assert after.first_number > number_of(before)
        assert after.segments[0].discontinuity
        same_list(a, b)
        assert len(answer.read(60_000)) == 60_000  # who listens at A goes on
        for id in (first["show"], second["show"]):
            recorded(b.url, id, 1)
        ready(a.url, first["show"])
        a.end("radio")
        b.wait("radio", lambda seen: seen["state"] == "ended")
    track = ready(b.url, second["show"])
    assert track["created_at"] > first["began_at"]


def test_a_show_goes_on_at_another_node_when_its_own_dies(nodes: Nodes) -> None:
    dying = nodes.start("dying")
    try:
        key = dying.key("radio")
        with source(dying.url, key):
            show = nodes.b.wait("radio", lambda seen: seen["state"] == "live")
            before = wait_until(lambda: now if len((now := listed(nodes.b)).segments) > 1 else None, "two")
            dying.server.stop(signal.SIGKILL)
        nodes.b.wait("radio", lambda seen: seen["state"] == "interrupted")
        with source(nodes.a.url, key):
            for node in (nodes.a, nodes.b):
                node.wait("radio", lambda seen: seen["state"] == "live" and seen["show"] != show["show"])
            after = listed(nodes.b)
            assert after.first_number > number_of(before)
            assert after.discontinuity_sequence > 0
            nodes.b.end("radio")
            nodes.a.wait("radio", lambda seen: seen["state"] == "ended")
        again = nodes.start("dying")
        dying = again
        assert dying.look("radio")["state"] == "ended"
        ready(dying.url, show["show"])
    finally:
        dying.server.stop()


def test_a_show_whose_node_does_not_come_back_is_over(nodes: Nodes) -> None:
    dying, other = nodes.start("dead"), nodes.third
    with source(dying.url, dying.key("radio")):
        other.wait("radio", lambda seen: seen["state"] == "live")
        assert listed(other).segments
        dying.server.stop(signal.SIGKILL)
    other.wait("radio", lambda seen: seen["state"] == "interrupted")
    assert not listed(other).ended
    other.wait("radio", lambda seen: seen["state"] == "ended")
    assert listed(other).ended


def put(node: LiveServer, key: str) -> None:
    """A source that sends some bytes."""
    request = urllib.request.Request(f"{node.url}/live/radio", bytes(1000), method="PUT")
    request.add_header("Authorization", "Basic " + b64encode(f"source:{key}".encode()).decode())
    request.add_header("Content-Type", "audio/mpeg")
    with urllib.request.urlopen(request, timeout=30):
        pass


def test_a_node_that_is_started_again_goes_on_with_its_show(nodes: Nodes) -> None:
    node, other = nodes.start("again"), nodes.third
    try:
        key = node.key("den")
        with source(node.url, key, room="den"):
            show = other.wait("den", lambda seen: seen["state"] == "live")["show"]
            before = listed(other, path=DEN)
            assert node.server.stop() == 0
        other.wait("den", lambda seen: seen["state"] == "interrupted")
        node = nodes.start("again")
        with source(node.url, key, room="den"):
            other.wait("den", lambda seen: seen["state"] == "live")
            assert other.look("den")["show"] == show
            after = same_list(node, other, path=DEN)
            assert after.first_number > number_of(before)
            assert after.segments[0].discontinuity
    finally:
        node.server.stop()


def test_a_pass_to_a_room_that_is_not_open_is_good_at_every_node(nodes: Nodes) -> None:
    with on_air(nodes.a, "cellar"):
        policy, headers = (
            json.dumps({"entry": "members"}).encode(),
            {"Authorization": f"Bearer {nodes.a.token}"},
        )
        path = "/api/v1/rooms/cellar/policy"
        request = urllib.request.Request(nodes.a.url + path, policy, headers, method="PATCH")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        link = nodes.b.wait("cellar", lambda seen: seen["links"]["hls"].startswith("/l/"))["links"]["hls"]
        agree(nodes.a, nodes.b, link)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(nodes.b, "/hls/live/cellar/index.m3u8")
