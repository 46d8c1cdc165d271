"""What goes wrong between sources and the server: who is heard then, and how the show goes on."""

import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamer.live.show_state import Rules
from tests.support.audio import make_tone
from tests.support.live_server import LiveServer, heard, live_server
from tests.support.live_sources import sounds
from tests.support.long import make_long
from tests.support.severing import severable
from tests.support.sources import Socket, ffmpeg, icecast, program
from tests.support.waiting import wait_until

MP3 = ("-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3", "-content_type", "audio/mpeg")
BYTES_PER_S = 16_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("trouble"), live_renditions="aac64") as server:
        yield server


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tone") / "tone.mp3"
    return make_tone(path, seconds=20, options=("-b:a", "128k", "-write_xing", "0")).read_bytes()


def priority_heard(show: dict[str, Any]) -> int | None:
    source = heard(show)
    return source["priority"] if source else None


def test_another_key_waits_as_a_fallback_and_the_higher_one_is_heard(server: LiveServer) -> None:
    low, high = server.key("two", "--priority", "10"), server.key("two", "--priority", "20")
    with program(ffmpeg(icecast(server.port, "two", low), *MP3)):
        first = server.wait("two", lambda show: priority_heard(show) == 10 and show["show"])
        with program(ffmpeg(icecast(server.port, "two", high), *MP3)):
            show = server.wait("two", lambda show: priority_heard(show) == 20)
            assert len(show["cockpit"]["sources"]) == 2
        # Killed: the other is there at once.
        show = server.wait("two", lambda show: priority_heard(show) == 10)
        assert (show["show"], show["state"]) == (first["show"], "live")


def test_a_source_that_is_killed_comes_back_within_the_grace(server: LiveServer) -> None:
    key = server.key("kill")
    with program(ffmpeg(icecast(server.port, "kill", key), *MP3)) as first:
        show = server.wait("kill", lambda show: heard(show) and show["state"] == "live")
        first.send_signal(signal.SIGKILL)
        server.wait("kill", lambda show: show["state"] == "interrupted")
    with program(ffmpeg(icecast(server.port, "kill", key), *MP3)):
        again = server.wait("kill", lambda show: heard(show) and show["state"] == "live")
        assert again["show"] == show["show"]


def test_a_cut_line_and_a_source_that_falls_silent(server: LiveServer, tone: bytes) -> None:
    key = server.key("cut")
    with severable(server.port) as line:
        source = Socket(int(line.url.rpartition(":")[2]), "cut", key)
        assert source.status() == 200
        source.play(tone, BYTES_PER_S)
        first = server.wait("cut", lambda show: show["state"] == "live")
        # Silent for longer than anything keeps: the same connection goes on.
        source.pause()
        server.wait("cut", lambda show: show["state"] == "interrupted")
        source.play(tone, BYTES_PER_S)
        show = server.wait("cut", lambda show: show["state"] == "live" and heard(show))
        before, after = heard(first), heard(show)
        assert before is not None and after is not None
        assert after["since"] == before["since"]
        line.cut()
        server.wait("cut", lambda show: show["state"] == "interrupted" and not heard(show))
        source.close()
    source = Socket(server.port, "cut", key)
    source.play(tone, BYTES_PER_S)
    show = server.wait("cut", lambda show: show["state"] == "live" and heard(show))
    assert show["show"] == first["show"]
    source.close()


def test_the_same_key_takes_over_at_once_from_a_connection_that_is_dead(
    server: LiveServer, tone: bytes
) -> None:
    key = server.key("over")
    dead = Socket(server.port, "over", key)
    dead.play(tone, BYTES_PER_S)
    server.wait("over", heard)
    dead.pause()
    alive = Socket(server.port, "over", key)
    alive.play(tone, BYTES_PER_S)
    show = server.wait("over", lambda show: heard(show) and heard(show)["received_bytes"] > 4_000)  # type: ignore[index]
    assert len(show["cockpit"]["sources"]) == 1
    assert dead.ended()
    dead.close()
    alive.close()


def test_two_programs_with_one_key_do_not_take_over_from_each_other_for_ever(
    server: LiveServer, tone: bytes
) -> None:
    key, most = server.key("fight"), Rules().max_takeovers
    last = Socket(server.port, "fight", key)
    last.play(tone, BYTES_PER_S)
    for _ in range(most):
        server.wait("fight", sounds)
        before, last = last, Socket(server.port, "fight", key)
        last.play(tone, BYTES_PER_S)
        assert before.ended()
        before.close()
    server.wait("fight", lambda show: (heard(show) or {"container": None})["container"])
    refused = Socket(server.port, "fight", key)
    refused.play(tone, BYTES_PER_S)
    said = refused.answer()
    assert said.split()[1] == "503" and f"{most} times within 60 s, and may {most} times" in said
    show = server.wait("fight", sounds)
    assert show["state"] == "live" and len(show["cockpit"]["sources"]) == 1
    for one in (last, refused):
        one.close()


def test_a_key_that_is_revoked_in_mid_stream(server: LiveServer, tone: bytes) -> None:
    key = server.key("gone")
    source = Socket(server.port, "gone", key, "PUT /live/{} HTTP/1.1\r\nExpect: 100-continue")
    assert source.status() == 100
    source.play(tone, BYTES_PER_S)
    server.wait("gone", heard)
    url = f"{server.url}/api/v1/rooms/gone/keys"
    headers = {"Authorization": f"Bearer {server.token}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        listed = answer.read().decode()
    identity = listed.partition('"id":"')[2].partition('"')[0]
    request = urllib.request.Request(f"{url}/{identity}", headers=headers, method="DELETE")
    urllib.request.urlopen(request, timeout=20).close()
    assert source.status() == 403
    source.close()
    again = Socket(server.port, "gone", key)
    assert again.status() == 401
    again.close()
    server.wait("gone", lambda show: show["state"] == "interrupted")


def test_a_wrong_key_and_no_sound_at_all(server: LiveServer) -> None:
    key = server.key("den")
    wrong = Socket(server.port, "den", "wrong")
    assert wrong.status() == 401
    wrong.close()
    elsewhere = Socket(server.port, "two", key)
    assert elsewhere.status() == 401, "the key of another room"
    elsewhere.close()
    words = Socket(server.port, "den", key, "PUT /live/{} HTTP/1.1\r\nExpect: 100-continue")
    assert words.status() == 100
    words.play(b"These are words, and no sound at all. ", BYTES_PER_S)
    assert words.status() == 415
    words.close()


def test_faster_than_it_sounds_is_slowed_down_and_takes_no_memory(server: LiveServer, tmp_path: Path) -> None:
    tone = make_long(tmp_path / "long.wav", times=30).read_bytes()
    source = Socket(server.port, "fast", server.key("fast"))
    source.play(tone, 1e9)
    show = server.wait("fast", lambda show: show["state"] == "live" and heard(show))

    def resident() -> int:
        status = Path(f"/proc/{server.server.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) << 10

    before = resident()
    show = server.wait("fast", lambda now: now["now"] > show["now"] + 5_000)
    received = heard(show)["received_bytes"]  # type: ignore[index]
    assert received < len(tone) / 4
    assert resident() - before < 32 << 20
    source.close()


def test_a_server_that_stops_says_so_and_the_source_may_come_back(tmp_path: Path, tone: bytes) -> None:
    with live_server(tmp_path, live_renditions="aac64") as server:
        key = server.key("den")
        source = Socket(server.port, "den", key, "PUT /live/{} HTTP/1.1\r\nExpect: 100-continue")
        assert source.status() == 100
        source.play(tone, BYTES_PER_S)
        server.wait("den", heard)
        server.server.process.send_signal(signal.SIGTERM)
        assert source.status() == 503
        source.close()
        wait_until(lambda: server.server.process.poll() is not None)
        assert server.server.process.returncode == 0


@pytest.mark.parametrize(("ending", "options"), [("mp3", ("-b:a", "128k")), ("aac", ("-b:a", "128k"))])
def test_a_stream_that_begins_in_the_middle_of_a_frame(
    server: LiveServer, tmp_path: Path, ending: str, options: tuple[str, ...]
) -> None:
    data = make_tone(tmp_path / f"tone.{ending}", seconds=20, options=options).read_bytes()
    room, kind = f"mid{ending}", "audio/mpeg" if ending == "mp3" else "audio/aacp"
    source = Socket(server.port, room, server.key(room), kind=kind)
    source.play(data[1_234:], BYTES_PER_S)
    server.wait(room, lambda show: (heard(show) or {"codec": None})["codec"])
    source.close()
