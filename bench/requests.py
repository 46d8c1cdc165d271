"""Server CPU per media request: Veza beside nginx, same bytes, same client, in turn."""

import re
import shutil
import subprocess
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Figure, cpu_s
from bench.nginx import static_nginx
from tests.support.api import upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import running_server

ROUNDS = 5
ROUND_S = 1
CONNECTIONS = 64
TARGET = 0.8
SONG_S = 68  # its playlist has about 1 KB


@dataclass(frozen=True)
class Peer:
    pid: int
    url: str


def us_per_request(peer: Peer, headers: tuple[str, ...]) -> float:
    """Drive one server for a round and return its CPU per answered request, in microseconds."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_S}s"]
    for header in headers:
        command += ["-H", header]
    before = cpu_s(peer.pid)
    output = subprocess.run([*command, peer.url], check=True, capture_output=True, text=True).stdout
    spent = cpu_s(peer.pid) - before
    requests = re.search(r"(\d+) requests in", output)
    assert requests and "Non-2xx" not in output and "Socket errors" not in output, output
    return spent / int(requests[1]) * 1e6


def compare(name: str, veza: Peer, nginx: Peer, *headers: str) -> Figure:
    for warm in (veza, nginx):
        us_per_request(warm, headers)
    rounds = [(us_per_request(veza, headers), us_per_request(nginx, headers)) for _ in range(ROUNDS)]
    ours, theirs = zip(*rounds, strict=True)
    return Figure(name, "us of server CPU per request", list(ours), "nginx", list(theirs), TARGET)


def main() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: run scripts/setup bench")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # nginx's worker is another user
        root = folder / "www"
        root.mkdir()
        with running_server(folder) as server, static_nginx(folder / "nginx", root) as nginx:
            song = make_tone(folder / "song.flac", seconds=SONG_S)
            track = wait_for_track(server.url, upload(server.url, song)["id"])
            base = server.url + f"/hls/{track['id']}/"
            for name in ("aac128.m3u8", "aac128.mp4"):
                urllib.request.urlretrieve(base + name, root / name)
            size = (root / "aac128.m3u8").stat().st_size
            at = f"http://127.0.0.1:{nginx.port}/"

            def peers(name: str) -> tuple[Peer, Peer]:
                return Peer(server.pid, base + name), Peer(nginx.pid, at + name)

            print(compare(f"playlist of {size} bytes", *peers("aac128.m3u8")), flush=True)
            print(compare("range of 64 KiB", *peers("aac128.mp4"), "Range: bytes=65536-131071"), flush=True)


if __name__ == "__main__":
    main()
