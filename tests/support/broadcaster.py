"""Somebody who broadcasts with `veza live`."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import Server

VEZA = (sys.executable, "-c", "from streamer.cli import main; main()")


def _run(server: Server, *arguments: str) -> str:
    env = {"VEZA_DATA_DIR": str(server.data_dir), "PATH": os.environ["PATH"]}
    done = subprocess.run([*VEZA, *arguments], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_key(server: Server, room: str) -> str:
    """A stream key of a room."""
    return _run(server, "key", room)


@contextmanager
def broadcasting(server: Server, room: str, recording: Path, key: str) -> Iterator[None]:
    """A recording is sent as fast as it plays; at the end the line breaks."""
    command = [*VEZA, "live", room, str(recording), "--server", server.url, "--key", key]
    env = {name: value for name, value in os.environ.items() if not name.startswith("VEZA_")}
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
