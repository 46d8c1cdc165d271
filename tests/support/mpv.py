"""mpv's JSON IPC: ask a running player where it is, and tell it where to go."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.waiting import wait_until

TIMEOUT_S = 30


class Mpv:
    """A connection to the player that listens at `path`."""

    def __init__(self, path: Path) -> None:
        wait_until(path.exists, "mpv opens its socket")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        wait_until(lambda: self._socket.connect_ex(str(path)) == 0, "mpv listens")
        self._lines = self._socket.makefile("rb")
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def command(self, *words: str | float) -> Any:
        """What mpv answers to a command; None where a property has no value yet."""
        self._requests += 1
        request = {"command": words, "request_id": self._requests}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while line := self._lines.readline():
            answer = json.loads(line)
            if answer.get("request_id") == self._requests and "error" in answer:
                return answer.get("data")
        raise AssertionError("mpv closed the connection")

    def get(self, name: str) -> Any:
        return self.command("get_property", name)
