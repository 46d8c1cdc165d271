"""The client that people use, unchanged, from npm: over a line that breaks, to a server that is killed."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import get_json, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, start_server
from tests.support.severing import HEADS_BYTES, severable
from tests.support.waiting import wait_until

CLIENT = Path(__file__).with_name("tus_client.mjs")
TIMEOUT_S = 60
DURATION_MS = 30_000
BYTES_PER_S = 3_000_000
PACKET_BYTES = 64 << 10
FIND = "/api/v1/tracks?ref=tus-js-client"


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tones") / "tone.wav", seconds=DURATION_MS // 1000)


@contextmanager
def client(tone: Path, url: str, chunk_bytes: int = 0) -> Iterator[subprocess.Popen[str]]:
    node = shutil.which("node")
    assert node, "node is missing: run scripts/setup serve"
    command = [node, str(CLIENT), str(tone), f"{url}/api/v1/uploads", str(chunk_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def end_of(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """All that the client said, once it has ended well."""
    output, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, output
    return [json.loads(line) for line in output.splitlines()]


def received(server: Server) -> int:
    items = get_json(server.url + FIND)["items"]
    return int(items[0]["received_bytes"]) if items else 0


def on_disk(server: Server) -> int:
    """How much of the one upload lies there."""
    return sum(file.stat().st_size for file in server.data_dir.glob("tracks/*/source"))


def has_more(server: Server, than: int) -> bool:
    return received(server) > than


def check(server: Server, said: list[dict[str, Any]], data: bytes) -> None:
    track_id = said[-1]["done"].rpartition("/")[2]
    track = wait_for_track(server.url, track_id)
    assert (track["state"], track["filename"]) == ("ready", "by tus-js-client.wav")
    assert (track["duration_ms"], track["packaged_ms"]) == (DURATION_MS, DURATION_MS)
    assert (server.data_dir / "tracks" / track_id / "source").read_bytes() == data


def test_it_goes_on_where_the_line_was_cut(tmp_path: Path, tone: Path) -> None:
    data = tone.read_bytes()
    server = start_server(tmp_path / "data")
    try:
        with severable(server.port, BYTES_PER_S) as line, client(tone, line.url) as process:
            for share in (4, 2):
                wait_until(partial(has_more, server, len(data) // share), "a part is there")
                line.cut()
                line.mend()
            said = end_of(process)
            resent = line.forwarded_bytes - len(data)
        assert sum("resumed" in words for words in said) == 2
        assert 0 < resent < HEADS_BYTES, "not one byte of what had arrived is sent again"
        check(server, said, data)
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_goes_on_after_a_restart(tmp_path: Path, tone: Path, how: signal.Signals) -> None:
    data = tone.read_bytes()
    server = start_server(tmp_path / "data")
    try:
        taken = partial(on_disk, server)
        with severable(server.port, BYTES_PER_S, taken) as line, client(tone, line.url) as process:
            wait_until(partial(has_more, server, len(data) // 3), "a part is there")
            server.stop(how)
            server = start_server(tmp_path / "data")
            line.target_port = server.port
            said = end_of(process)
            resent = line.forwarded_bytes - len(data)
        assert next(words["resumed"] for words in said if "resumed" in words) > len(data) // 3
        # What lay in the dead process' memory and socket is all that is sent again.
        assert resent < HEADS_BYTES + PACKET_BYTES
        check(server, said, data)
    finally:
        assert server.stop() == 0


def test_it_may_send_in_chunks(tmp_path: Path, tone: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        with client(tone, server.url, 1_000_000) as process:
            said = end_of(process)
        check(server, said, tone.read_bytes())
    finally:
        assert server.stop() == 0
