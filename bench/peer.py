"""Another server in a process of its own, on a free port of loopback: what our figures are compared with."""

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_TIMEOUT_S = 10
_LOOK_S = 0.02


@dataclass(frozen=True)
class Peer:
    pid: int
    port: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_peer(command: Sequence[str | Path], port: int) -> Iterator[Peer]:
    """Start it and wait until it listens on `port`; end it with the `with`."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_open(port, str(command[0]))
        yield Peer(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _wait_until_open(port: int, program: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{program} does not listen on port {port}") from None
            time.sleep(_LOOK_S)
