"""kill -9 at any moment, again and again, while a few recordings are uploaded over and over.

What a client was told holds, what it was not told may have happened or not, nothing is stored twice or left
over, and `veza fsck` finds nothing.
"""

import contextlib
import http.client
import json
import random
import signal
import sqlite3
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.integration.test_fsck import fsck
from tests.support.api import get_json, wait_for_track
from tests.support.server import Server, start_server
from tests.support.tus import add, create, offset
from tests.support.waiting import wait_until
from tests.support.wave import make_wave
from tests.support.wire import Wire

TRACKS = "/api/v1/tracks"
ROUNDS = 3
CLIENTS = 4
_CUT = (OSError, AssertionError, http.client.HTTPException, json.JSONDecodeError)


class Clients:
    """People who upload the same three recordings, delete some, and resume what was cut."""

    def __init__(self, seed: int) -> None:
        self.recordings = [make_wave(number, seconds=6) for number in range(3)]
        self.seed = seed
        self.told: dict[str, bytes] = {}  # tracks that were answered 201 or 204, and what they are made of
        self.open: dict[str, bytes] = {}  # uploads that can be resumed
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def work(self, server: Server, number: int) -> None:
        """Until the line is dead, or all should stop."""
        chance = random.Random(f"{self.seed}-{number}-{server.port}")
        with contextlib.suppress(*_CUT):
            while not self._stop.is_set():
                data = chance.choice(self.recordings)
                what = chance.choice([self._post, self._tus, self._post, self._resume, self._delete])
                what(server, data, chance)

    def _post(self, server: Server, data: bytes, _chance: random.Random) -> None:
        with Wire(server.url) as wire:
            reply = wire.request("POST", f"{TRACKS}?filename=a.wav", {}, data)
        assert reply.status == 201, reply
        with self._lock:
            self.told[reply.json["id"]] = data

    def _tus(self, server: Server, data: bytes, chance: random.Random) -> None:
        path = create(server.url, len(data))
        with self._lock:
            self.open[path] = data
        add(server.url, path, 0, data[: chance.randrange(1, len(data))])

    def _resume(self, server: Server, _data: bytes, _chance: random.Random) -> None:
        with self._lock:
            path, data = self.open.popitem() if self.open else ("", b"")
        if not path:
            return
        try:
            at = offset(server.url, path)
            assert add(server.url, path, at, data[at:]).status == 204
        except _CUT:
            with self._lock:
                self.open[path] = data
            raise
        with self._lock:
            self.told[path.rpartition("/")[2]] = data

    def _delete(self, server: Server, _data: bytes, _chance: random.Random) -> None:
        with self._lock:
            track_id = next(iter(self.told), None)
            if track_id is None:
                return
            del self.told[track_id]
        with Wire(server.url) as wire:
            wire.request("DELETE", f"{TRACKS}/{track_id}")

    def run(self, server: Server, for_s: float) -> None:
        """Work for so long, then the server is killed under all of them."""
        self._stop.clear()
        with ThreadPoolExecutor(CLIENTS) as threads:
            working = [threads.submit(self.work, server, number) for number in range(CLIENTS)]
            time.sleep(for_s)  # the moment of the kill is what is tried, not a condition
            server.stop(signal.SIGKILL)
            self._stop.set()
            for done in wait(working).done:
                done.result()


def every_track(server: Server) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while cursor is not None:
        page = get_json(f"{server.url}{TRACKS}?limit=200{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next"]
    return found


def source(server: Server, track_id: str) -> bytes:
    with urllib.request.urlopen(f"{server.url}{TRACKS}/{track_id}/source") as answer:
        data: bytes = answer.read()
        return data


def has_one_copy_of_each(data_dir: Path) -> bool:
    """Tracks of the same bytes share a folder; every folder is in use, or waits for the rest of an upload."""
    with closing(sqlite3.connect(f"file:{data_dir}/veza.db?mode=ro", uri=True)) as database:
        ready = set(database.execute("SELECT sha256, media_id FROM tracks WHERE state = 'ready'"))
        waiting = {
            row[0] for row in database.execute("SELECT media_id FROM tracks WHERE state = 'receiving'")
        }
    folders = {path.name for path in (data_dir / "tracks").iterdir()}
    return len(ready) == len({sha256 for sha256, _ in ready}) and folders == waiting | {it for _, it in ready}


@pytest.mark.parametrize("seed", [4])
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    clients, chance, data_dir = Clients(seed), random.Random(seed), tmp_path / "data"
    for _ in range(ROUNDS):
        clients.run(start_server(data_dir, renditions="aac128"), for_s=chance.uniform(0.05, 1.2))
    server = start_server(data_dir, renditions="aac128")
    try:
        for path, data in clients.open.items():
            with contextlib.suppress(HTTPError):
                at = offset(server.url, path)
                if at < len(data):
                    assert add(server.url, path, at, data[at:]).status == 204
                clients.told[path.rpartition("/")[2]] = data
        for track_id, data in clients.told.items():
            track = wait_for_track(server.url, track_id)
            assert track["state"] == "ready", track
            assert source(server, track_id) == data
        for track in every_track(server):
            wait_for_track(server.url, track["id"])
        wait_until(lambda: has_one_copy_of_each(data_dir), "one copy of each recording, and nothing else")
        assert clients.told, "something was uploaded at all"
    finally:
        assert server.stop() == 0
    assert fsck(data_dir, "--json", "--deep", code=0)["findings"] == []
