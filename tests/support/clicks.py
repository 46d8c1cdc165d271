"""A source that clicks every three seconds at known moments, so that what is heard somewhere can be dated."""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

RATE = 48_000
_BLOCK = 960  # 20 ms
_CLICK = 96  # 2 ms
EVERY_S = 3  # more than any way to hear it is late


def _header() -> bytes:
    """Of a WAVE file without an end."""
    fmt = struct.pack("<HHIIHH", 1, 2, RATE, RATE * 4, 4, 16)
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data\xff\xff\xff\xff"


@dataclass
class Clicks:
    """Streams to a room until it is stopped. `at_s`: when each click left, seconds since the epoch."""

    url: str
    room: str
    key: str
    at_s: list[float] = field(default_factory=list)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Clicks":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)

    def _run(self) -> None:
        parts = urlsplit(self.url)
        assert parts.hostname and parts.port
        try:
            with socket.create_connection((parts.hostname, parts.port), 10) as line:
                head = (
                    f"PUT /live/{self.room} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
                    "Content-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                line.sendall(head.encode() + _chunk(_header()))
                self._stream(line)
                line.sendall(b"0\r\n\r\n")
        except OSError as error:
            self.error = error

    def _stream(self, line: socket.socket) -> None:
        quiet = _chunk(bytes(_BLOCK * 4))
        loud = _chunk(struct.pack("<hh", 24_000, 24_000) * _CLICK + bytes((_BLOCK - _CLICK) * 4))
        begun_s, number = time.monotonic(), 0
        while not self._stopped.wait(max(0.0, begun_s + number * _BLOCK / RATE - time.monotonic())):
            clicks = number % (EVERY_S * RATE // _BLOCK) == 0
            if clicks:
                self.at_s.append(time.time())
            line.sendall(loud if clicks else quiet)
            number += 1


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
