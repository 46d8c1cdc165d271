"""Thousands of LL-HLS listeners in one process: a blocking reload, then the part, then the next reload."""

import os
import select
import socket
import time
from dataclasses import dataclass, field

from bench.live_show import PART_S, ROOM, STAMP
from hls.live import GRID

_RECEIVE_BYTES = 1 << 15
_PART_NS = PART_S * 1e9
# What hls.js sends in Chromium, but for the address.
_FIELDS = (
    "Host: 127.0.0.1:8000\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36\r\nAccept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\nReferer: http://127.0.0.1:8000/rooms/bench\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n"
)


@dataclass
class Heard:
    """What listeners got.

    Attributes:
        pairs: a playlist with the part that was asked for, and then that part.
        released_s: how long after a part was there its playlist had arrived, of each pair.
        missed: pairs that were complete only when the next part was there already, or not.
    """

    pairs: int = 0
    released_s: list[float] = field(default_factory=list)
    missed: int = 0


class Listener:
    """One of them."""

    __slots__ = ("number", "playlist_ns", "received", "socket", "tag", "wants_part")

    def __init__(self, line: socket.socket, number: int) -> None:
        self.socket = line
        self.number = number  # of the part, counted in parts from media sequence number 0
        self.wants_part = False  # it waits for the part, else for the playlist
        self.playlist_ns = 0
        self.received = b""
        self.tag = b""  # of who is behind a proxy

    def sign(self, request: bytes) -> bytes:
        return request.replace(b"\r\nHost:", self.tag, 1) if self.tag else request


class Crowd:
    """All of them, on one epoll. What all get alike is read once: then its length says if it is all there."""

    def __init__(self, port: int, *, first_address: int = 0, proxied: bool = False) -> None:
        """Args: `proxied`: each says who it is, as a proxy would: no two send the same bytes."""
        self._port = port
        self._proxied = proxied
        self._epoll = select.epoll()
        self._listeners: dict[int, Listener] = {}
        self._requests: dict[tuple[bool, int], bytes] = {}
        self._sizes: dict[tuple[bool, int], int] = {}
        self._next_address = first_address
        self.heard = Heard()

    def grow(self, count: int, number: int) -> None:
        """Connect so many more, each from an address of its own; `number` is the part they begin with."""
        for _ in range(count):
            line = socket.socket()
            self._next_address += 1
            high, low = divmod(self._next_address, 250)
            line.bind((f"127.{1 + high // 250}.{high % 250}.{low + 1}", 0))
            line.connect(("127.0.0.1", self._port))
            line.setblocking(False)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._epoll.register(line, select.EPOLLIN)
            listener = Listener(line, number)
            if self._proxied:
                listener.tag = (
                    f"\r\nX-Forwarded-For: 10.{high // 250}.{high % 250}.{low + 1}\r\nHost:".encode()
                )
            self._listeners[line.fileno()] = listener
            line.send(listener.sign(self._request(False, number)))

    def close(self) -> None:
        """All of them leave."""
        for listener in self._listeners.values():
            listener.socket.close()
        self._listeners.clear()

    def listen(self, seconds: float, *, patient: bool = False) -> Heard:
        """Go on for a while; what was heard in it.

        `patient`: nobody asks for the part before all have the playlist. Else what the listeners themselves
        take of the machine counts as time in which they were not told.
        """
        self.heard = Heard()
        held: list[tuple[int, bytes]] | None = [] if patient else None
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            if not self._turn(held) and held:
                for descriptor, request in held:
                    os.write(descriptor, request)
                held.clear()
        return self.heard

    def _turn(self, held: list[tuple[int, bytes]] | None) -> bool:
        listeners, sizes, requests, heard = self._listeners, self._sizes, self._requests, self.heard
        released_s = heard.released_s
        ready = self._epoll.poll(0.002 if held else 0.05, 1024)
        for descriptor, _ in ready:
            data = os.read(descriptor, _RECEIVE_BYTES)
            listener = listeners[descriptor]
            wants_part, number = listener.wants_part, listener.number
            if len(data) != sizes.get((wants_part, number)):
                data = self._gather(listener, data)
                if not data:
                    continue
            now_ns = time.monotonic_ns()
            if wants_part:
                at_ns = STAMP.unpack_from(data, data.index(b"\r\n\r\n") + 4)[0]
                heard.pairs += 1
                heard.missed += now_ns - at_ns > _PART_NS
                released_s.append((listener.playlist_ns - at_ns) / 1e9)
                listener.number = number = number + 1
            else:
                listener.playlist_ns = now_ns
            listener.wants_part = wants_part = not wants_part
            request = requests.get((wants_part, number)) or self._request(wants_part, number)
            if listener.tag:
                request = listener.sign(request)
            if wants_part and held is not None:
                held.append((descriptor, request))
            else:
                os.write(descriptor, request)
        return bool(ready)

    def _gather(self, listener: Listener, data: bytes) -> bytes:
        """All of a response, once it is there; else nothing."""
        if not data:
            raise ConnectionError(f"closed at part {listener.number}")
        data = listener.received + data
        body = data.find(b"\r\n\r\n") + 4
        found = data.find(b"Content-Length: ") + 16
        size = body + int(data[found : data.index(b"\r", found)])
        if not data.startswith(b"HTTP/1.1 200") or len(data) > size:
            raise ConnectionError(f"at part {listener.number}: {data[:400]!r}")
        if len(data) < size:
            listener.received = data
            return b""
        listener.received = b""
        self._sizes[listener.wants_part, listener.number] = size
        return data

    def _request(self, wants_part: bool, number: int) -> bytes:
        segment, part = divmod(number, GRID.parts_per_segment)
        name = f".m3u8?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES"
        if wants_part:
            name = f"/{segment}.{part}.m4s"
        request = f"GET /hls/live/{ROOM}/aac128{name} HTTP/1.1\r\n{_FIELDS}".encode()
        self._requests[wants_part, number] = request
        return request
