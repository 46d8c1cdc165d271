"""What players ask of a progressive stream, and the heads they are answered with."""

import pytest

from streamer.live.progressive_request import (
    Tune,
    is_progressive,
    playlist,
    preflight,
    read_tune,
    refusal,
    sound_head,
)
from streamer.refusal import Refused


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/live/lobby.mp3", True),
        ("/live/lobby.aac", True),
        ("/live/a.b-c:d_e.m3u", True),
        ("/live/lobby.pls", True),
        ("/live/lobby.mp3.mp3", True),
        ("/l/1795227101.0123456789abcdef0123456789abcdef/live/lobby.mp3", True),
        ("/live/lobby", False),
        ("/live/Lobby.mp3", False),
        ("/live/lobby.ogg", False),
        ("/live/a/b.mp3", False),
        ("/live/.mp3", False),
        ("/live/lobby.mp3\n", False),
        ("/l/1795227101.01/hls/live/lobby.mp3", False),
        ("/hls/live/lobby.mp3", False),
    ],
)
def test_which_paths(path: str, is_one: bool) -> None:
    assert is_progressive(path) is is_one


def head(line: str, *fields: str) -> bytes:
    return "\r\n".join([line, *fields, "", ""]).encode()


def test_a_request_is_understood() -> None:
    assert read_tune(head("GET /live/lobby.mp3 HTTP/1.0")) == Tune(
        "GET", "lobby", "mp3", "", titles=False, host="", secure=False, old=True
    )
    line = "HEAD http://veza.example/l/17.ab/live/a%2Db.pls?x=1 HTTP/1.1"
    fields = ("Host: veza.example:80", "Icy-MetaData:1", "X-Forwarded-Proto: HTTPS", "Range: bytes=0-1")
    assert read_tune(head(line, *fields)) == Tune(
        "HEAD", "a-b", "pls", "17.ab", titles=True, host="veza.example:80", secure=True, old=False
    )
    assert not read_tune(head("GET /live/lobby.aac HTTP/1.1", "Icy-MetaData: 0")).titles


TUNE = Tune("GET", "lobby", "mp3", "", titles=True, host="h:1", secure=False, old=False)


def test_the_head_of_sound() -> None:
    lines = sound_head(TUNE, 128_000).decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {"Content-Type: audio/mpeg", "icy-metaint: 16000", "icy-br: 128", "icy-name: lobby"} < set(lines)
    assert {"Connection: close", "Accept-Ranges: none"} < set(lines)
    assert not [line for line in lines if line.lower().startswith(("content-length", "transfer-encoding"))]
    assert lines[-2:] == ["", ""]
    old = sound_head(Tune("GET", "lobby", "aac", "", titles=False, host="", secure=False, old=True), 0)
    assert old.startswith(b"HTTP/1.0 200 OK\r\nContent-Type: audio/aac\r\n")
    assert b"icy-metaint:" not in old
    assert b"icy-br:" not in old


def test_playlist_files_say_where_the_sound_is() -> None:
    m3u = Tune("GET", "lobby", "m3u", "", titles=False, host="radio.example", secure=True, old=False)
    answer = playlist(m3u, ["mp3", "aac"])
    assert answer.endswith(
        b"\r\n\r\n#EXTM3U\r\n#EXTINF:-1,lobby\r\nhttps://radio.example/live/lobby.mp3\r\n"
        b"#EXTINF:-1,lobby\r\nhttps://radio.example/live/lobby.aac\r\n"
    )
    pls = Tune("GET", "lobby", "pls", "9.f", titles=False, host="h:1", secure=False, old=True)
    assert playlist(pls, ["aac"]).endswith(
        b"\r\n\r\n[playlist]\r\nNumberOfEntries=1\r\nFile1=http://h:1/l/9.f/live/lobby.aac\r\n"
        b"Title1=lobby\r\nLength1=-1\r\nVersion=2\r\n"
    )
    nameless = Tune("GET", "lobby", "m3u", "", titles=False, host="", secure=False, old=True)
    assert b"\r\n/live/lobby.aac\r\n" in playlist(nameless, ["aac"])


def test_refusals_say_why_and_when_to_come_back() -> None:
    answer = refusal(TUNE, Refused(503, "full"), 5)
    head_, _, body = answer.partition(b"\r\n\r\n")
    assert head_.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nRetry-After: 5\r\n" in head_
    assert b"Content-Length: %d\r\n" % len(body) in head_
    assert b'"detail": "full"' in body
    asked = Tune("HEAD", "lobby", "mp3", "", titles=False, host="", secure=False, old=True)
    nothing = refusal(asked, Refused(404, "no"))
    assert nothing.startswith(b"HTTP/1.0 404 Not Found\r\n")
    assert nothing.endswith(b"\r\n\r\n")
    assert b"Retry-After" not in nothing


def test_pages_of_others_may_ask_for_titles() -> None:
    assert b"Access-Control-Allow-Headers: Icy-MetaData" in preflight()
