"""A line between a browser and a server that a test can cut, and mend."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_CHUNK_BYTES = 65536
# Request heads, each with its line's handshake; far below what one read of a socket brings.
HEADS_BYTES = 16 << 10
_LOOK_S = 0.002
_HELD_SEGMENT_BYTES = 1400  # as on Ethernet; what a kernel takes at once is counted in segments
# What a browser says of it in its console.
LINE_BROKE = (
    r"WebSocket connection|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET"
    r"|ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED_ENCODING"  # what was on its way then
)


class Line:
    """Forwards TCP to `target_port`; while cut, connections die and new ones are refused.

    `bytes_per_s` is how fast each connection sends to the server; `forwarded_bytes` is all that went there.
    `taken` says how much of it the server has: a connection sends no more before it has all but the heads of
    what was sent there, so that on a busy machine too no more than one piece lies in sockets and in memory.
    `refuse_next` is how many more connections are refused although the line is whole. `hold_bytes` is how
    much each connection sends to the server until that is taken away; little more leaves whoever sends.
    """

    def __init__(
        self,
        target_port: int,
        bytes_per_s: int | None = None,
        taken: Callable[[], int] | None = None,
        hold_bytes: int | None = None,
    ) -> None:
        self.target_port = target_port
        self.forwarded_bytes = 0
        self.refuse_next = 0
        self.bytes_per_s = bytes_per_s
        self.hold_bytes = hold_bytes
        self._taken = taken
        self._whole = threading.Event()
        self._whole.set()
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        if hold_bytes is not None:  # else the kernel takes megabytes, and sends them for who is long gone
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK_BYTES)
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _HELD_SEGMENT_BYTES)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole.is_set() or self.refuse_next:
                self.refuse_next = max(0, self.refuse_next - 1)
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target_port))
            except ConnectionRefusedError:  # its server is away
                near.close()
                continue
            for ends in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, upwards: bool) -> None:
        self._ends.add(source)
        ends, sent = (source, target), 0
        before = self._taken() if self._taken else 0
        with contextlib.suppress(OSError):
            while data := source.recv(self._allowed(ends, sent) if upwards else _CHUNK_BYTES):
                target.sendall(data)
                sent += len(data)
                if upwards:
                    self.forwarded_bytes += len(data)
                if upwards and self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)
                # Closed by the other direction: whoever was there is not any more.
                while upwards and self._taken and target.fileno() >= 0:
                    if self._taken() - before >= sent - HEADS_BYTES:
                        break
                    time.sleep(_LOOK_S)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        self._ends.discard(source)
        source.close()

    def _allowed(self, ends: tuple[socket.socket, socket.socket], sent: int) -> int:
        """How much may be read, once that is something; what is held is lost when either end goes."""
        while (limit := self.hold_bytes) is not None and sent >= limit:
            if _gone(ends):
                raise ConnectionAbortedError
        return _CHUNK_BYTES if limit is None else min(_CHUNK_BYTES, limit - sent)


def _gone(ends: tuple[socket.socket, socket.socket]) -> bool:
    """Whether one of them goes within a moment, or has gone."""
    numbers = [end.fileno() for end in ends]
    watch = select.poll()
    for number in numbers:
        if number < 0:
            return True
        watch.register(number, select.POLLRDHUP)
    return bool(watch.poll(_LOOK_S * 1000))


@contextmanager
def severable(
    target_port: int,
    bytes_per_s: int | None = None,
    taken: Callable[[], int] | None = None,
    hold_bytes: int | None = None,
) -> Iterator[Line]:
    line = Line(target_port, bytes_per_s, taken, hold_bytes)
    try:
        yield line
    finally:
        line.close()
