"""A Redis of one's own, from Debian's package, in a temporary folder and on a port of loopback."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START_TIMEOUT_S = 30


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has, each another one."""
    with contextlib.ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in taken]


def find_server() -> str | None:
    return shutil.which("redis-server")


class Redis:
    """A server that can be killed, stopped, and started again with what it has on disk, or without."""

    def __init__(self, folder: Path, *options: str, port: int | None = None) -> None:
        """Args: `options` as on the command line of redis-server; without any, nothing is kept on disk."""
        self.folder = folder
        self.port = port or free_ports(1)[0]
        self.options = options
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return when it answers."""
        server = find_server()
        assert server is not None, "redis-server is missing: run scripts/setup test"
        command = [server, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--logfile", str(self.folder / "log"), *self.options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while True:
            with contextlib.suppress(OSError, AssertionError):
                assert self.say("PING") == "PONG"
                return
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline_s
            time.sleep(0.01)

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As a power cut does."""
        self.stop(signal.SIGKILL)

    def pause(self) -> None:
        self.send(signal.SIGSTOP)

    def go_on(self) -> None:
        self.send(signal.SIGCONT)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)
                self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def say(self, *words: str | int) -> Any:
        """Send one command and return its answer: text, a number, None, or a list of these."""
        parts = [str(word).encode() for word in words]
        packed = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            line.sendall(packed)
            with line.makefile("rb") as answer:
                return _read(answer)


def _read(answer: Any) -> Any:
    line = answer.readline()
    assert line.endswith(b"\r\n"), line
    kind, rest = line[:1], line[1:-2]
    if kind == b"$":
        if rest == b"-1":
            return None
        data = answer.read(int(rest) + 2)
        return data[:-2].decode()
    if kind == b"*":
        return [_read(answer) for _ in range(int(rest))]
    assert kind != b"-", rest
    return int(rest) if kind == b":" else rest.decode()


@contextmanager
def running_redis(folder: Path, *options: str) -> Iterator[Redis]:
    """A server for the length of a `with`."""
    server = Redis(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
