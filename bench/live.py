"""LL-HLS at 320 ms parts: what a listener costs, how many are held, how quickly they are told.

Each listener does a blocking reload and then fetches the part. The server is `bench.live_show`, in a process
of its own; the listeners are all in this one.
"""

import contextlib
import http.client
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from statistics import quantiles

from bench.listeners import Crowd, Heard
from bench.live_show import PART_S, ROOM
from bench.measure import allow_open_files, cpu_s, rss_bytes
from hls.live import GRID

HELD = 8_000
TARGET_US = 30
PROXIED = 2_000
RELEASED = 1_000
RELEASED_S = 0.020
SESSIONS = 50_000
WAVE = 1_000
WAVE_S = 1.0
WARM_WAVES = 30  # before the first reading of memory, so that all that is bounded is full
TARGET_GROWTH = 0.02
HEADS = 1_100
SETTLE_S = 3
ROUND_S = 12


@contextlib.contextmanager
def show() -> Iterator[tuple[int, int]]:
    """A running server: its process id and port."""
    command = [sys.executable, "-m", "bench.live_show"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.pid, int(server.stdout.readline())
        finally:
            server.terminate()


def next_part(port: int) -> int:
    """The part after the one that comes next, counted from media sequence number 0."""
    url = f"http://127.0.0.1:{port}/hls/live/{ROOM}/aac128.m3u8"
    with urllib.request.urlopen(url) as answer:
        hint = re.search(rb'PRELOAD-HINT:TYPE=PART,URI="aac128/(\d+)\.(\d+)\.m4s"', answer.read())
    assert hint is not None
    return int(hint[1]) * GRID.parts_per_segment + int(hint[2]) + 1


def joined(port: int, count: int, *, proxied: bool = False) -> Crowd:
    """Listeners who are all in step."""
    crowd = Crowd(port, proxied=proxied)
    while count:
        some = min(count, 500)
        crowd.grow(some, next_part(port))
        crowd.listen(2 * PART_S)
        count -= some
    crowd.listen(SETTLE_S)
    return crowd


def fill_memory(port: int) -> None:
    """Ask in more ways than the server remembers."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(HEADS):
        line.request("GET", f"/hls/live/{ROOM}/aac128.m3u8", headers={"X-Number": str(number)})
        line.getresponse().read()
    line.close()


def worst(heard: Heard) -> str:
    """p50, p99 and max of how long it took until all were told."""
    cuts = quantiles(heard.released_s, n=100)
    most = max(heard.released_s)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, last {most * 1000:.1f} ms"


def release(pid: int, port: int) -> None:
    crowd = joined(port, RELEASED)
    heard = crowd.listen(ROUND_S, patient=True)
    crowd.close()
    verdict = "met" if quantiles(heard.released_s, n=100)[98] <= RELEASED_S else "MISSED"
    print(
        f"{RELEASED} blocking reloads, from the part to the playlist's arrival: {worst(heard)} "
        f"(aim <= {RELEASED_S * 1000:.0f} ms: {verdict}); {heard.missed} of {heard.pairs} missed",
        flush=True,
    )


def hold(pid: int, port: int) -> None:
    crowd = joined(port, HELD)
    before, begun_s = cpu_s(pid), time.monotonic()
    heard = crowd.listen(ROUND_S)
    spent, lasted_s = cpu_s(pid) - before, time.monotonic() - begun_s
    crowd.close()
    us = spent / heard.pairs * 1e6
    verdict = "met" if us <= TARGET_US else "MISSED"
    held = "met" if not heard.missed and heard.pairs >= HELD * (ROUND_S / PART_S - 2) else "MISSED"
    print(
        f"{HELD} listeners: {us:.1f} us of server CPU per reload and part (aim <= {TARGET_US}: {verdict}), "
        f"{spent / lasted_s:.0%} of a core; {worst(heard)}; "
        f"{heard.missed} of {heard.pairs} missed (aim: none: {held})",
        flush=True,
    )


def hold_behind_proxy(pid: int, port: int) -> None:
    """No two of the listeners send the same bytes, because a proxy says in each request whose it is."""
    crowd = joined(port, PROXIED, proxied=True)
    before = cpu_s(pid)
    heard = crowd.listen(ROUND_S)
    us = (cpu_s(pid) - before) / heard.pairs * 1e6
    crowd.close()
    verdict = "met" if us <= TARGET_US else "MISSED"
    print(
        f"{PROXIED} listeners behind a proxy: {us:.1f} us of server CPU per reload and part "
        f"(aim <= {TARGET_US}: {verdict}); {heard.missed} of {heard.pairs} missed",
        flush=True,
    )


def stay_flat(pid: int, port: int) -> None:
    """Listeners come, hear a few parts and go, from a new address each. What is bounded is full before."""
    fill_memory(port)
    sessions, before = 0, 0
    while sessions < SESSIONS + WARM_WAVES * WAVE:
        crowd = Crowd(port, first_address=20_000 + sessions)
        crowd.grow(WAVE, next_part(port))
        crowd.listen(WAVE_S)
        crowd.close()
        sessions += WAVE
        if sessions == WARM_WAVES * WAVE:
            before = rss_bytes(pid)
    time.sleep(SETTLE_S)
    growth = rss_bytes(pid) / before - 1
    verdict = "met" if growth <= TARGET_GROWTH else "MISSED"
    print(
        f"memory over {SESSIONS} sessions: {before / 2**20:.1f} MB and {growth:+.1%} "
        f"(aim <= {TARGET_GROWTH:+.0%}: {verdict})",
        flush=True,
    )


def main(wanted: list[str]) -> None:
    allow_open_files(HELD + 2048)
    for part in (release, hold, hold_behind_proxy, stay_flat):
        if not wanted or part.__name__ in wanted:
            with show() as (pid, port):
                time.sleep(2 * PART_S)
                part(pid, port)


if __name__ == "__main__":
    main(sys.argv[1:])
