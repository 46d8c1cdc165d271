"""`veza live`, as a person runs it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audio import make_tone
from tests.support.live_server import VEZA, LiveServer, clean_environ, heard, live_server
from tests.support.severing import severable
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("live"), live_renditions="aac64") as server:
        yield server


@contextlib.contextmanager
def veza_live(
    *arguments: str | Path, path: str | None = None, **popen: object
) -> Iterator["subprocess.Popen[str]"]:
    """`veza live` and what it says; it is ended with Ctrl-C."""
    environ = clean_environ() | ({"PATH": path} if path else {})
    process = subprocess.Popen(
        [VEZA, "live", *arguments],
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
        **popen,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()
            process.stderr.close()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    process.wait(20)
    return process.stderr.read()


def test_a_file_is_sent_as_it_plays_with_its_title_and_ends_cleanly(
    server: LiveServer, tmp_path: Path
) -> None:
    tags = ("-metadata", "artist=Ünï", "-metadata", "title=T & T")
    tone = make_tone(tmp_path / "tone.mp3", seconds=60, options=tags)
    with veza_live("file", tone, "--server", server.url, "--key", server.key("file")) as live:
        show = server.wait("file", lambda show: show["state"] == "live" and show["title"] and heard(show))
        assert show["title"]["text"] == "Ünï - T & T"
        assert show["name"] == "T & T"
        source = heard(show)
        assert source is not None
        assert (source["client"], source["container"]) == ("veza live", "mp3")
        show = server.wait(
            "file", lambda show: (heard(show) or {"received_bytes": 0})["received_bytes"] > 40_000
        )
        assert tone.stat().st_size > 4 * heard(show)["received_bytes"]  # type: ignore[index]
        live.send_signal(signal.SIGINT)
        assert "was on air for 00:00:" in said(live)
        assert live.returncode == 0
    server.wait("file", lambda show: show["state"] == "interrupted")
    assert '"complete": true' in server.server.log


def test_it_ends_with_the_file(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.wav", seconds=2)
    with veza_live(
        "short", tone, "--server", server.url, "--key", server.key("short"), "--bitrate", "96"
    ) as live:
        assert f"on air: {server.url}/r/short" in said(live)
        assert live.returncode == 0


def test_standard_input(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.opus", seconds=30)
    with (
        tone.open("rb") as file,
        veza_live("pipe", "-", "--server", server.url, "--key", server.key("pipe"), stdin=file),
    ):
        server.wait("pipe", lambda show: (heard(show) or {"codec": ""})["codec"] == "opus")


def test_a_broken_line_is_mended(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.flac", seconds=60)
    with severable(server.port) as line:
        with veza_live("cut", tone, "--server", line.url, "--key", server.key("cut")) as live:
            first = server.wait("cut", lambda show: show["state"] == "live")
            line.cut()
            server.wait("cut", lambda show: show["state"] == "interrupted")
            line.mend()
            again = server.wait("cut", lambda show: show["state"] == "live")
            assert again["show"] == first["show"]
            live.send_signal(signal.SIGTERM)
            assert "it goes on when the line is back" in said(live)
            assert live.returncode == 0


def test_it_does_not_fight_with_who_took_over(server: LiveServer, tmp_path: Path) -> None:
    tone, key = make_tone(tmp_path / "tone.aac", seconds=60), server.key("two")
    with veza_live("two", tone, "--server", server.url, "--key", key) as first:
        server.wait("two", heard)
        with veza_live("two", tone, "--server", server.url, "--key", key):
            assert "veza: " in said(first)
            assert first.returncode == 1


def test_who_is_not_wanted_hears_why(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.mp3", seconds=1)
    (tmp_path / "a.txt").write_text("words\n" * 100)
    server.key("shut")
    for arguments, words in (
        (("shut", tone, "--server", server.url, "--key", "wrong"), "no stream key"),
        (("shut", tmp_path / "none", "--server", server.url, "--key", "k"), "no such file"),
        (("shut", tmp_path / "a.txt", "--server", server.url, "--key", "k"), "it has no sound"),
        (("shut", tone, "--server", "ftp://x", "--key", "k"), "not the address"),
        (("shut", "midi:1", "--server", server.url, "--key", "k"), "no device"),
    ):
        with veza_live(*arguments) as live:
            assert words in said(live)
            assert live.returncode == 1


def test_a_sound_card_is_read_with_ffmpeg(server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    asked = tmp_path / "asked"
    fake = tmp_path / "bin" / "ffmpeg"
    tone = "/usr/bin/ffmpeg -nostdin -v error -re -f lavfi -i sine -f wav -"
    fake.write_text(f'#!/bin/sh\necho "$@" > {asked}\nexec {tone}\n')
    fake.chmod(0o755)
    arguments = ("card", "alsa:hw:1", "--server", server.url, "--key", server.key("card"))
    with veza_live(*arguments, path=f"{tmp_path / 'bin'}:/usr/bin:/bin"):
        server.wait("card", lambda show: (heard(show) or {"codec": ""})["codec"] == "flac")
        assert asked.read_text().startswith("-nostdin -v error -f alsa -i hw:1 -f wav -")
    with veza_live(*arguments, path="/nowhere") as live:
        assert "ffmpeg, which is not installed" in said(live)


def test_levels_are_shown_on_a_terminal(server: LiveServer, tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.mp3", seconds=30)
    master, slave = os.openpty()
    shown = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(master, 4096):
                shown.extend(data)

    threading.Thread(target=read, daemon=True).start()
    environ = clean_environ() | {"TERM": "xterm", "COLUMNS": "100"}
    command = [str(VEZA), "live", "tty", str(tone), "--server", server.url, "--key", server.key("tty")]
    process = subprocess.Popen(command, env=environ, stderr=slave, stdin=slave)
    os.close(slave)
    try:
        wait_until(lambda: "█" in shown.decode(errors="replace") and b" dB" in shown)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        os.close(master)
