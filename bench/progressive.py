"""Server CPU per listener and second of MP3 at 128 kbit/s with titles: Veza beside Icecast, in turn.

Both get the same MP3. What a server takes with nobody listening is taken off, and so are Veza's encoders,
which are processes of their own: what is measured is what one more listener costs.
"""

import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.icecast import PASSWORD, icecast
from bench.measure import Figure, allow_open_files, own_cpu_s
from tests.support.live_server import live_server

LISTENERS = 400
ROUNDS = 4
ROUND_S = 10.0
SETTLE_S = 4.0
AIM_US = 50.0
_RECEIVE_BYTES = 1 << 16


@contextmanager
def source(port: int, mount: str, password: str) -> Iterator[None]:
    """Music-like noise at 128 kbit/s, as long as it lasts."""
    command = [
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-re", "-f", "lavfi"),
        *("-i", "anoisesrc=color=pink:amplitude=0.3:sample_rate=48000", "-ac", "2"),
        *("-c:a", "libmp3lame", "-b:a", "128k", "-content_type", "audio/mpeg", "-f", "mp3"),
        f"icecast://source:{password}@127.0.0.1:{port}{mount}",
    ]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


class Crowd:
    """Connections that read what comes."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._lines: dict[int, socket.socket] = {}
        self.received_bytes = 0

    def grow(self, port: int, path: str, count: int) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\nIcy-MetaData: 1\r\n\r\n".encode()
        for _ in range(count):
            line = socket.create_connection(("127.0.0.1", port))
            line.sendall(request)
            line.setblocking(False)
            self._lines[line.fileno()] = line
            self._epoll.register(line, select.EPOLLIN)

    def listen(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            for descriptor, _ in self._epoll.poll(0.05, 1024):
                data = os.read(descriptor, _RECEIVE_BYTES)
                if not data:
                    raise SystemExit("a listener was cut off")
                self.received_bytes += len(data)

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


def us_per_listener_s(pid: int, port: int, path: str) -> tuple[float, float]:
    """What one more listener costs, and what it gets in kbit/s."""
    nobody = Crowd()
    idle_s = _taken(pid, nobody)
    crowd = Crowd()
    crowd.grow(port, path, LISTENERS)
    crowd.listen(SETTLE_S)
    crowd.received_bytes = 0
    busy_s = _taken(pid, crowd)
    crowd.close()
    rate = crowd.received_bytes * 8 / 1000 / LISTENERS / ROUND_S
    time.sleep(1)
    return (busy_s - idle_s) / LISTENERS / ROUND_S * 1e6, rate


def _taken(pid: int, crowd: Crowd) -> float:
    before_s = own_cpu_s(pid)
    crowd.listen(ROUND_S)
    return own_cpu_s(pid) - before_s


def main() -> None:
    allow_open_files(4096)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        with live_server(folder / "veza") as veza, icecast(folder / "icecast", LISTENERS + 100) as peer:
            key = veza.key("bench")
            with source(veza.port, "/live/bench", key), source(peer.port, "/bench", PASSWORD):
                veza.wait("bench", lambda show: show["links"]["mp3"])
                time.sleep(SETTLE_S)
                ours, theirs, rates = [], [], []
                for _ in range(ROUNDS):
                    cost, rate = us_per_listener_s(veza.server.pid, veza.port, "/live/bench.mp3")
                    ours.append(cost)
                    rates.append(rate)
                    cost, rate = us_per_listener_s(peer.pid, peer.port, "/bench")
                    theirs.append(cost)
                    rates.append(rate)
    unit = "us of server CPU per listener and second"
    print(Figure(f"MP3 with titles to {LISTENERS}", unit, ours, "icecast2", theirs, 1.0))
    print(f"aim <= {AIM_US:g} us: {'met' if median(ours) <= AIM_US else 'MISSED'}")
    print(f"each round: Veza {_shown(ours)}, icecast2 {_shown(theirs)}; kbit/s received {_shown(rates)}")


def _shown(figures: list[float]) -> str:
    return ", ".join(f"{figure:.1f}" for figure in figures)


if __name__ == "__main__":
    main()
