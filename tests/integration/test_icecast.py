"""Real source clients at the real server: what they send is heard, and titles arrive."""

import contextlib
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest

from tests.support.api import get_json
from tests.support.audio import make_tone
from tests.support.live_server import LiveServer, heard, live_server
from tests.support.sources import ffmpeg, icecast, program
from tests.support.waiting import wait_until

FORMATS = {
    "vorbis": ("ogg", "vorbis", ("-c:a", "libvorbis", "-f", "ogg", "-content_type", "application/ogg")),
    "opus": ("ogg", "opus", ("-c:a", "libopus", "-f", "ogg", "-content_type", "audio/ogg")),
    "flac": ("ogg", "flac", ("-c:a", "flac", "-f", "ogg", "-content_type", "audio/ogg")),
    "aac": ("aac", "aac", ("-c:a", "aac", "-f", "adts", "-content_type", "audio/aac")),
    "webm": ("matroska", "opus", ("-c:a", "libopus", "-f", "webm", "-content_type", "audio/webm")),
    "mp3": ("mp3", "mp3float", ("-c:a", "libmp3lame", "-f", "mp3", "-content_type", "audio/mpeg")),
    "old": (
        "mp3",
        "mp3float",
        ("-c:a", "libmp3lame", "-f", "mp3", "-legacy_icecast", "1", "-ice_name", "Old"),
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("icecast"), live_renditions="aac64") as server:
        yield server


def sounds(show: dict[str, Any]) -> bool:
    """There is sound, and it is as loud as the tone is that was made."""
    levels = (show["cockpit"] or {"levels": None})["levels"]
    return bool(heard(show) and levels and levels["momentary_lufs"] and -24 < levels["momentary_lufs"] < -12)


def test_ffmpeg_in_every_format_one_takes_over_from_the_other(server: LiveServer) -> None:
    key = server.key("formats")
    shows = set()
    with contextlib.ExitStack() as stack:
        for container, codec, output in FORMATS.values():
            stack.enter_context(program(ffmpeg(icecast(server.port, "formats", key), *output)))

            def plays(show: dict[str, Any], looks: tuple[str, str] = (container, codec)) -> bool:
                source = heard(show)
                return bool(source and (source["container"], source["codec"]) == looks and sounds(show))

            show = server.wait("formats", plays)
            source = heard(show)
            assert source is not None
            assert (source["way"], source["client"].partition("/")[0]) == ("icecast", "Lavf")
            assert len(show["cockpit"]["sources"]) == 1
            assert show["title"]["text"] == "Tone"
            shows.add(show["show"])
    assert len(shows) == 1, "the show went on through all of them"


@pytest.mark.parametrize("chunked", [False, True])
def test_curl(server: LiveServer, tmp_path: Path, chunked: bool) -> None:
    room = f"curl-{chunked}".lower()
    tone = make_tone(tmp_path / "tone.mp3", seconds=20)
    key, rate = server.key(room), str(tone.stat().st_size // 10)
    command = ["curl", "-sS", "-w", "%{http_code}", "--limit-rate", rate]
    command += ["-T", "-" if chunked else str(tone), f"{server.url}/live/{room}"]
    command += ["-u", f"source:{key}"] if chunked else ["-H", f"Authorization: Bearer {key}"]
    with tone.open("rb") as file:
        running = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, text=True)
        source = heard(server.wait(room, heard))
        assert source is not None
        assert (source["way"], source["container"]) == ("http", "mp3")
        assert running.communicate(timeout=60)[0] == "200"
    wait_until(lambda: f'"room": "{room}", "complete": true' in server.server.log)


@pytest.mark.skipif(shutil.which("shout") is None, reason="scripts/setup test installs libshout-tools")
def test_libshout(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.ogg", seconds=60, options=("-c:a", "libvorbis"))
    command = ["shout", "--host", "127.0.0.1", "-P", str(server.port), "--pass", server.key("shout")]
    command += ["--mount", "/live/shout.ogg", "--format", "ogg", "--station-name", "Shouting"]
    with program(command, stdin=tone):
        source = heard(server.wait("shout", lambda show: heard(show) and show["name"] == "Shouting"))
        assert source is not None
        assert (source["client"].partition("/")[0], source["codec"]) == ("libshout", "vorbis")


@pytest.mark.skipif(shutil.which("ices2") is None, reason="scripts/setup test installs ices2")
def test_ices_sends_one_chained_stream_with_titles(server: LiveServer, tmp_path: Path) -> None:
    paths = []
    for title in ("First", "Second"):
        options = ("-c:a", "libvorbis", "-metadata", f"title={title}", "-metadata", "artist=Ann")
        seconds = 6 if title == "First" else 60
        paths.append(make_tone(tmp_path / f"{title}.ogg", seconds=seconds, options=options))
    (tmp_path / "list").write_text("".join(f"{path}\n" for path in paths))
    config = tmp_path / "ices.xml"
    config.write_text(
        f"""<?xml version="1.0"?><ices><background>0</background><logpath>{tmp_path}</logpath>
        <logfile>ices.log</logfile><consolelog>1</consolelog><stream>
        <metadata><name>Ices</name><genre>tones</genre><description>d</description></metadata>
        <input><module>playlist</module><param name="type">basic</param>
        <param name="file">{tmp_path}/list</param><param name="once">1</param></input>
        <instance><hostname>127.0.0.1</hostname><port>{server.port}</port>
        <password>{server.key("ices")}</password><mount>/live/ices.ogg</mount></instance></stream></ices>"""
    )
    with program(["ices2", str(config)]):
        server.wait("ices", lambda show: show["title"] and show["title"]["text"] == "Ann - First")
        show = server.wait("ices", lambda show: show["title"]["text"] == "Ann - Second")
        assert show["name"] == "Ices"


def announce(server: LiveServer, path: str, key: str | None = None, body: bytes | None = None) -> int:
    password = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if key is not None:
        password.add_password(None, server.url, "source", key)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(password))
    try:
        with opener.open(server.url + path, body, timeout=20) as answer:
            assert b"<return>1</return>" in answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_titles_in_each_spelling_before_and_while_it_is_heard(server: LiveServer) -> None:
    key = server.key("titles")
    mount = "mode=updinfo&mount=/live/titles"
    assert announce(server, f"/admin/metadata?{mount}&song=Before", key) == 200
    latin, wide = quote_from_bytes("Ünï".encode("latin-1")), quote_from_bytes("ひ".encode("utf-16"))
    with program(ffmpeg(icecast(server.port, "titles", key), "-map_metadata", "-1", *FORMATS["aac"][2])):
        server.wait("titles", lambda show: show["title"] and show["title"]["text"] == "Before")
        for path, body, text in (
            (f"/admin/metadata?{mount}&song={quote('Ann - Ünï')}", None, "Ann - Ünï"),
            (f"/admin/metadata?mode=updinfo&mount=live/titles&song={latin}", None, "Ünï"),
            (f"/admin/metadata?{mount}.mp3&artist=A&title=B", None, "A - B"),
            (f"/admin/metadata?{mount}&charset=utf-16&song={wide}", None, "ひ"),
            ("/admin/metadata", f"{mount}&song=Posted".encode(), "Posted"),
            (f"/admin.cgi?mode=updinfo&pass={key}&song=Cast", None, "Cast"),
        ):
            assert announce(server, path, key, body) == 200
            server.wait("titles", lambda show, text=text: show["title"]["text"] == text)  # type: ignore[misc]
        assert announce(server, f"/admin/metadata?{mount}&song=x", "wrong") == 401
        assert announce(server, f"/admin/metadata?{mount}&song=x") == 401
        assert server.look("titles")["title"]["text"] == "Cast"
        source = get_json(f"{server.url}/status-json.xsl?mount=/live/titles")["icestats"]["source"]
        assert (source["title"], source["listeners"]) == ("Cast", 0)
        assert source["listenurl"] == f"{server.url}/live/titles.aac"
        assert "source" not in get_json(f"{server.url}/status-json.xsl?mount=/live/nothing")["icestats"]
