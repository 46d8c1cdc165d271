"""A real server that shows go through: its keys, how a room's show is, and what sources need."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.server import Server, running_server
from tests.support.waiting import wait_until

VEZA = Path(sys.executable).with_name("veza")


def clean_environ() -> dict[str, str]:
    """The environment without Veza's settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("VEZA_")}


@dataclass
class LiveServer:
    """`token` is an operator's, who sees the cockpit; `rooms` had a key made, and may have a show."""

    server: Server
    token: str
    rooms: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def port(self) -> int:
        return self.server.port

    def veza(self, *arguments: str) -> str:
        """What the command prints, run where the server's data is."""
        environ = clean_environ() | {"VEZA_DATA_DIR": str(self.server.data_dir)}
        done = subprocess.run([VEZA, *arguments], env=environ, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def key(self, room: str, *options: str) -> str:
        """A new stream key of a room; with options, as the command makes one."""
        self.rooms.add(room)
        if options:
            return self.veza("key", room, *options)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self.url}/api/v1/rooms/{room}/keys", b"{}", headers)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            made: dict[str, Any] = json.load(answer)
        return str(made["key"])

    def look(self, room: str) -> dict[str, Any]:
        """GET /api/v1/rooms/ROOM/live, as an operator sees it."""
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.url}/api/v1/rooms/{room}/live", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def end(self, room: str) -> None:
        """POST /api/v1/rooms/ROOM/live/end, as an operator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.url}/api/v1/rooms/{room}/live/end"
        with urllib.request.urlopen(urllib.request.Request(url, b"", headers), timeout=10) as answer:
            assert answer.status == 204

    def end_deserted(self) -> None:
        """End each show whose sources have gone: for as long as it waits for them, it is encoded."""
        for room in sorted(self.rooms):
            show = self.look(room)
            if show["state"] == "interrupted" and not show["cockpit"]["sources"]:
                self.end(room)
                self.rooms.remove(room)

    def wait(
        self, room: str, seen: Callable[[dict[str, Any]], object], timeout_s: float = 90
    ) -> dict[str, Any]:
        """Wait until the room's show is as it shall be."""
        last: dict[str, Any] = {}

        def look() -> bool:
            last.clear()
            last.update(self.look(room))
            return bool(seen(last))

        try:
            wait_until(look, f"what was awaited of {room}", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}\n{self.server.log[-2000:]}") from None
        return last


running: list[LiveServer] = []
"""Those of this process."""


@contextmanager
def live_server(tmp_path: Path, **env: str | int) -> Iterator[LiveServer]:
    """One for the length of a `with`."""
    with running_server(tmp_path, **env) as server:
        live = LiveServer(server, "")
        live.token = live.veza("token", "op", "--operator")
        running.append(live)
        try:
            yield live
        finally:
            running.remove(live)


def heard(show: dict[str, Any]) -> dict[str, Any] | None:
    """The source that listeners hear, if one is there."""
    cockpit = show["cockpit"] or {"sources": []}
    return next((source for source in cockpit["sources"] if source["heard"]), None)
