"""Sources of one room that come different ways: who is heard, who waits, who goes."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.live_server import LiveServer, live_server
from tests.support.live_sources import FFMPEG, hears, icecast_url, last_words, program, rtmp_url, sounds

RTMP = ("-c:a", "aac", "-f", "flv")
ICECAST = ("-c:a", "libmp3lame", "-content_type", "audio/mpeg", "-f", "mp3")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("sources"), rtmp_port=0) as server:
        yield server


def playing(url: str, *output: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    """ffmpeg, sending a tone for a minute at most."""
    return program(*FFMPEG, "-re", "-f", "lavfi", "-i", "sine=440:r=48000:d=60", *output, url)


def test_the_same_key_takes_over_whatever_the_way(server: LiveServer) -> None:
    key = server.key("both")
    with playing(rtmp_url(server, key), *RTMP) as first:
        show = server.wait("both", hears("rtmp"))["show"]
        with playing(icecast_url(server, "both", key), *ICECAST) as second:
            last_words(first)
            assert server.wait("both", hears("icecast"))["show"] == show
            with playing(rtmp_url(server, key), *RTMP):
                last_words(second)
                now = server.wait("both", hears("rtmp"))
                assert (now["show"], now["state"]) == (show, "live")
                assert len(now["cockpit"]["sources"]) == 1


def test_a_fallback_of_another_way_is_heard_while_the_better_one_is_away(server: LiveServer) -> None:
    best, spare = server.key("spare", "--priority", "200"), server.key("spare", "--priority", "50")
    with playing(icecast_url(server, "spare", spare), *ICECAST):
        show = server.wait("spare", hears("icecast"))["show"]
        with playing(rtmp_url(server, best), *RTMP) as process:
            now = server.wait("spare", hears("rtmp"))
            assert [source["way"] for source in now["cockpit"]["sources"]].count("icecast") == 1
            process.kill()
            server.wait("spare", hears("icecast"))
        with playing(rtmp_url(server, best), *RTMP):
            now = server.wait("spare", hears("rtmp"))
            assert (now["show"], now["state"]) == (show, "live")


def test_the_end_of_a_show_sends_all_its_sources_away(server: LiveServer) -> None:
    one, other = server.key("end"), server.key("end")
    with (
        playing(rtmp_url(server, one), *RTMP) as first,
        playing(icecast_url(server, "end", other), *ICECAST) as second,
    ):
        server.wait("end", lambda show: sounds(show) and len(show["cockpit"]["sources"]) == 2)
        server.end("end")
        last_words(first)
        last_words(second)
        server.wait("end", lambda show: show["state"] == "ended")
