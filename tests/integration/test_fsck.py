"""`veza fsck`: a data folder broken in every way there is, each on a track of its own."""

import json
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from streamer.settings import Settings
from tests.support.api import get_json, wait_for_track
from tests.support.audio import ROOT
from tests.support.server import Server, running_server
from tests.support.waiting import wait_until
from tests.support.wave import make_wave
from tests.support.wire import Wire

TRACKS = "/api/v1/tracks"
NOBODY = "0" * 26


def send(server: Server, data: bytes) -> str:
    with Wire(server.url) as wire:
        reply = wire.request("POST", f"{TRACKS}?filename=a.wav", {}, data)
    assert reply.status == 201, reply
    track_id: str = reply.json["id"]
    return track_id


def heard(server: Server, track_id: str, rendition: str = "aac128") -> bytes:
    with urllib.request.urlopen(f"{server.url}/hls/{track_id}/{rendition}.mp4") as answer:
        found: bytes = answer.read()
        return found


class Broken:
    """A data folder, and what was done to it."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def file(self, track_id: str, name: str = "") -> Path:
        return self.data / "tracks" / track_id / name

    def cut(self, track_id: str, name: str) -> None:
        content = self.file(track_id, name).read_bytes()
        self.file(track_id, name).write_bytes(content[:-10])

    def lengthen(self, track_id: str, name: str) -> None:
        with self.file(track_id, name).open("ab") as file:
            file.write(b"something else")

    def flip(self, track_id: str, name: str, what: bytes) -> None:
        content = self.file(track_id, name).read_bytes()
        at = content.rindex(what)
        self.file(track_id, name).write_bytes(content[:at] + b"\xff" + content[at + 1 :])

    def sql(self, query: str, *values: object) -> None:
        with closing(sqlite3.connect(self.data / "veza.db")) as connection, connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute(query, values)


Break = Callable[[Broken, str], None]
GOOD = "source aac128.mp4 aac64.mp4 peaks".split()


def lose(*names: str) -> Break:
    def lose_them(it: Broken, track_id: str) -> None:
        for name in names:
            it.file(track_id, name).unlink()

    return lose_them


def write(name: str) -> Break:
    def write_it(it: Broken, track_id: str) -> None:
        it.file(track_id, name).write_bytes(b"x")

    return write_it


def interrupt(it: Broken, track_id: str) -> None:
    it.sql("UPDATE tracks SET state = 'packaging' WHERE id = ?", track_id)
    it.cut(track_id, "source")


def say(query: str, *values: object) -> Break:
    return lambda it, track_id: it.sql(f"{query} WHERE id = ?", *values, track_id)


PACKAGE, LET_GO, GIVE_UP = "package-again", "let-source-go", "give-up"
WAYS: dict[str, tuple[Break, set[tuple[str, str]]]] = {
    "a rendition is missing": (lose("aac64.mp4"), {("rendition-lost", PACKAGE)}),
    "a rendition is short": (lambda it, track: it.cut(track, "aac128.mp4"), {("rendition-damaged", PACKAGE)}),
    "a rendition is long": (
        lambda it, track: it.lengthen(track, "aac64.mp4"),
        {("rendition-damaged", PACKAGE)},
    ),
    "a box is damaged": (
        lambda it, track: it.flip(track, "aac64.mp4", b"tfdt"),
        {("rendition-damaged", PACKAGE)},
    ),
    "the source is damaged": (
        lambda it, track: it.flip(track, "source", b"\x00"),
        {("source-damaged", LET_GO)},
    ),
    "the source is short": (lambda it, track: it.cut(track, "source"), {("source-damaged", LET_GO)}),
    "the source is missing": (lose("source"), {("source-lost", LET_GO)}),
    "the source and a rendition are missing": (
        lose("source", "aac64.mp4"),
        {("source-lost", LET_GO), ("rendition-lost", "drop-rendition")},
    ),
    "everything is missing": (
        lambda it, track: shutil.rmtree(it.file(track)),
        {("source-lost", GIVE_UP), ("rendition-lost", GIVE_UP)},
    ),
    "the waveform is missing": (lose("peaks"), {("peaks-lost", PACKAGE)}),
    "the waveform is damaged": (write("peaks"), {("peaks-lost", PACKAGE)}),
    "a file that nobody knows": (write("notes.txt"), {("file-unknown", "set-aside")}),
    "work was interrupted": (write(".peaks.part"), {("leftover", "remove")}),
    "the row names another folder": (
        say("UPDATE tracks SET media_id = ?", "1" * 26),
        {("media-elsewhere", "relink")},
    ),
    "the hash is not known": (say("UPDATE tracks SET sha256 = NULL"), {("hash-unknown", "fill-in")}),
    "the original is gone": (
        say("UPDATE tracks SET duplicate_of = ?", NOBODY),
        {("original-gone", "forget-original")},
    ),
    "it failed, and the disk is back": (
        say("UPDATE tracks SET state = 'failed', reason = 'x', playable = 0"),
        {("files-back", "revive"), ("index-stale", "index-again")},
    ),
    "it has no table": (
        lambda it, track: it.sql("UPDATE renditions SET segments = x'00' WHERE track_id = ?", track),
        {("table-lost", PACKAGE)},
    ),
    "it has no renditions": (
        lambda it, track: it.sql("DELETE FROM renditions WHERE track_id = ?", track),
        {("table-lost", PACKAGE), ("file-unknown", "set-aside")},
    ),
    "the search does not know it": (
        lambda it, track: it.sql("DELETE FROM search_words WHERE track_id = ?", track),
        {("index-stale", "index-again")},
    ),
    "its upload was cut by a crash": (
        say("UPDATE tracks SET state = 'receiving', playable = 0"),
        {("upload-ended", GIVE_UP), ("index-stale", "index-again")},
    ),
    "it was to be packaged from half a source": (
        interrupt,
        {("source-lost", GIVE_UP)},
    ),
    "nothing": (lambda it, track: None, set()),
}
LOST = {"everything is missing", "its upload was cut by a crash", "it was to be packaged from half a source"}


def fsck(data: Path, *options: str, code: int) -> Any:
    """What the command says, run as a person runs it."""
    command = [sys.executable, "-c", "from streamer.cli import main; main()", "fsck", *options]
    env = {"VEZA_DATA_DIR": str(data), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in options else done.stdout + done.stderr


def found_in(report: Any) -> dict[str | None, set[tuple[str, str]]]:
    found: dict[str | None, set[tuple[str, str]]] = {}
    for finding in report["findings"]:
        remedy = finding["remedy"]
        found.setdefault(finding["track"], set()).add((finding["kind"], remedy))
    return found


Library = tuple[Path, dict[str, str], dict[str, bytes]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A data folder with a track for every way to break it, its ids, and what it sounded like."""
    folder = tmp_path_factory.mktemp("fsck")
    with running_server(folder, renditions="aac128,aac64") as server:
        ids = {way: send(server, make_wave(number)) for number, way in enumerate(WAYS)}
        for track_id in ids.values():
            assert wait_for_track(server.url, track_id)["state"] == "ready"
        ids["shared, first"] = send(server, make_wave(99))
        wait_for_track(server.url, ids["shared, first"])
        ids["shared, second"] = send(server, make_wave(99))
        sounds = {way: heard(server, track_id) for way, track_id in ids.items()}
        gone = folder / "data" / "tracks" / ids["shared, second"]
        wait_until(lambda: not gone.exists(), "one copy")
        assert fsck(folder / "data", "--json", "--deep", code=0)["running"]
    yield folder / "data", ids, sounds


def test_every_way_to_break_it(library: Library) -> None:
    data, ids, sounds = library
    assert fsck(data, "--json", "--deep", code=0)["findings"] == []
    it = Broken(data)
    for way, (break_it, _) in WAYS.items():
        break_it(it, ids[way])
    lose("aac64.mp4")(it, ids["shared, first"])
    it.file(NOBODY).mkdir()
    it.file(NOBODY, "source").write_bytes(b"whose is this?")
    it.file("somebody's folder").mkdir()
    it.sql("INSERT INTO uploads VALUES (?, 1, NULL, 1)", NOBODY)

    expected: dict[str | None, set[tuple[str, str]]] = {
        ids[way]: kinds for way, (_, kinds) in WAYS.items() if kinds
    }
    expected[ids["shared, first"]] = {("rendition-lost", PACKAGE)}
    expected[None] = {("folder-unknown", "set-aside"), ("row-dangling", "delete-row")}
    assert found_in(fsck(data, "--json", "--deep", code=1)) == expected
    assert found_in(fsck(data, "--json", "--deep", code=1)) == expected, "looking changes nothing"
    words = fsck(data, "--repair", "--deep", code=1)
    assert "done: package it again from its source" in words
    assert fsck(data, "--json", "--deep", code=0)["findings"] == []
    assert (data / "lost+found" / NOBODY / "source").read_bytes() == b"whose is this?"
    assert (data / "lost+found" / ids["its upload was cut by a crash"] / "source").exists()

    with running_server(data.parent, renditions="aac128,aac64") as server:
        for way, track_id in ids.items():
            track = wait_for_track(server.url, track_id)
            assert track["state"] == ("failed" if way in LOST else "ready"), (way, track)
            if way not in LOST:
                assert heard(server, track_id) == sounds[way], way
        shared = {ids["shared, first"], ids["shared, second"]}
        folders = data / "tracks"
        wait_until(lambda: len([p for p in folders.iterdir() if p.name in shared]) == 1, "one copy again")
        alone = get_json(f"{server.url}{TRACKS}/{ids['the source and a rendition are missing']}")
        assert [one["name"] for one in alone["renditions"]] == ["aac128"]
        with Wire(server.url) as wire:
            assert wire.request("GET", alone["links"]["source"]).status == 404
        refused = fsck(data, "--repair", code=2)
        assert "stop it before --repair" in refused
        wait_until(lambda: fsck_is_clean(data), "a clean folder")
    assert fsck(data, "--json", "--deep", code=0)["findings"] == []


def fsck_is_clean(data: Path) -> bool:
    return not fsck(data, "--json", code=0)["findings"]


@pytest.mark.parametrize("missing", ["folder", "database"])
def test_where_there_is_nothing_nothing_is_made(tmp_path: Path, missing: str) -> None:
    data = tmp_path / "data"
    if missing == "database":
        data.mkdir()
    assert fsck(data, code=2).startswith("veza: ")
    assert not data.exists() or not (data / "veza.db").exists()


def test_a_damaged_database_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "veza.db").write_bytes(b"SQLite format 3\x00" + b"x" * 4096)
    assert fsck(tmp_path, code=2).startswith("veza: ")
    assert Settings(data_dir=str(tmp_path)).data_path.exists()
