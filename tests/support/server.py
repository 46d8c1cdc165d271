"""A real Veza in a process of its own, on a free port of loopback."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.audio import ROOT
from tests.support.zygote import Forked

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
LADDER = "aac128,aac64,aac256,flac"
"""What the server makes where nobody says, for tests to which the renditions matter, or a long packaging."""
_LISTENING = re.compile(r"veza: listening on (http://\S+:(\d+))")


@dataclass
class Server:
    """A running server. `output` collects what it printed, for a failing test to show."""

    url: str
    port: int
    data_dir: Path
    process: subprocess.Popen[str] | Forked
    output: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return "".join(self.output)

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Signal the server and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(STOP_TIMEOUT_S)


def spawn(env: dict[str, str]) -> subprocess.Popen[str]:
    """Start `python -m streamer`, as an operator does."""
    return subprocess.Popen(
        [sys.executable, "-m", "streamer"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


launch: Callable[[dict[str, str]], subprocess.Popen[str] | Forked] = spawn
"""How servers are started. Tests fork theirs (`tests/conftest.py`)."""


def start_server(data_dir: Path, **env: str | int) -> Server:
    """Start `python -m streamer` on `data_dir` and return when it listens. It makes one rendition of a track.

    Args:
        env: settings without their prefix, `max_upload_bytes=1000` for VEZA_MAX_UPLOAD_BYTES.

    Raises:
        AssertionError: it did not come up; the message has its output.
    """
    settings = {"HOST": "127.0.0.1", "PORT": "0", "DATA_DIR": str(data_dir), "RENDITIONS": "aac128"}
    settings |= {"RTMP_PORT": "-1"}
    settings |= {key.upper(): str(value) for key, value in env.items()}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("VEZA_")}
    process = launch(inherited | {f"VEZA_{key}": value for key, value in settings.items()})
    server = Server("", 0, data_dir, process)
    listening = threading.Event()

    def read_output() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                server.output.append(line)
                if not server.port and (match := _LISTENING.search(line)):
                    server.url, server.port = match[1], int(match[2])
                    listening.set()
        listening.set()  # the process ended: do not keep the test waiting

    threading.Thread(target=read_output, daemon=True).start()
    listening.wait(START_TIMEOUT_S)
    if not server.port:
        process.kill()
        process.wait()
        raise AssertionError(f"the server did not come up:\n{server.log}")
    return server


@contextmanager
def running_server(tmp_path: Path, **env: str | int) -> Iterator[Server]:
    """A server for the length of a `with`, its data in `tmp_path/data`."""
    server = start_server(tmp_path / "data", **env)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
            try:
                server.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()
                raise AssertionError(f"the server did not stop on SIGTERM:\n{server.log}") from None
