"""HTTP by hand: uploads that are slow, cut short, or not what a client library would send."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30


@dataclass
class Reply:
    """A response, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self.socket = socket.create_connection((parts.hostname, parts.port), TIMEOUT_S)
        self._buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def request(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Send a whole request and read the answer."""
        length = {"Content-Length": str(len(body))} if body else {}
        self.begin(method, target, length | (headers or {}))
        self.socket.sendall(body)
        return self.reply(head=method == "HEAD")

    def begin(self, method: str, target: str, headers: dict[str, str]) -> None:
        """Send a head."""
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{k}: {v}" for k, v in ({"Host": "veza.test"} | headers).items()),
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def chunk(self, data: bytes) -> None:
        """Send one chunk of a chunked body; empty data ends it."""
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def interim(self) -> int:
        """Read an interim response (1xx) and return its status."""
        head = self._read_until(b"\r\n\r\n")
        return int(head.split(b" ")[1])

    def reply(self, *, head: bool = False) -> Reply:
        """Read a response with a Content-Length, or without a body."""
        lines = self._read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(lines[0].split(" ")[1])
        size = 0 if head or status in (204, 304) else int(headers.get("content-length", 0))
        while len(self._buffer) < size:
            self._receive()
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return Reply(status, headers, body)

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _receive(self) -> None:
        data = self.socket.recv(1 << 16)
        assert data, f"the server closed the connection after {self._buffer!r}"
        self._buffer += data
