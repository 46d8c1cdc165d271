"""The waveform over HTTP: every zoom in one file, a part of it, or one that is as fine as a page needs."""

import struct
from collections.abc import Iterator

import pytest

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.server import Server, running_server
from tests.support.wire import Wire

SECONDS = 60
RATE = 44_100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("waveform")) as server:
        yield server


@pytest.fixture(scope="module")
def path(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    tone = make_tone(tmp_path_factory.mktemp("tone") / "tone.flac", seconds=SECONDS, rate=RATE)
    track = wait_for_track(server.url, upload(server.url, tone)["id"])
    return f"{track['links']['self']}/waveform"


def heads(data: bytes) -> list[tuple[int, int]]:
    """Scale and length of every block, from the first byte to the last."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        version, flags, rate, scale, length, channels = struct.unpack_from("<iIiiIi", data, at)
        assert (version, flags, rate, channels) == (2, 1, RATE, 1)
        found.append((scale, length))
        at += 24 + 2 * length
        assert struct.unpack_from("<I", data, at) == (24 + 2 * length,)
        at += 4
    return found


def test_the_file_has_every_zoom_and_the_overview_at_its_end(server: Server, path: str) -> None:
    with Wire(server.url) as wire:
        whole = wire.request("GET", f"{path}.dat")
        assert (whole.status, whole.headers["accept-ranges"]) == (200, "bytes")
        assert "immutable" in whole.headers["cache-control"]
        pairs = -(-SECONDS * RATE // 512)
        assert heads(whole.body) == [(512, pairs), (2048, -(-pairs // 4)), (8192, -(-pairs // 16))]
        end = wire.request("GET", f"{path}.dat", {"Range": "bytes=-2076"})
        assert (end.status, end.body) == (206, whole.body[-2076:])
        (size,) = struct.unpack("<I", end.body[-4:])
        assert struct.unpack("<iIiiIi", end.body[-4 - size :][:24])[3:5] == (8192, -(-pairs // 16))
        same = wire.request("GET", f"{path}.dat", {"If-None-Match": whole.headers["etag"]})
        assert (same.status, same.body) == (304, b"")


def test_a_page_asks_for_as_much_as_it_draws(server: Server, path: str) -> None:
    finest = get_json(f"{server.url}{path}.json")
    assert (finest["samples_per_pixel"], finest["sample_rate"], finest["bits"]) == (512, RATE, 8)
    some = get_json(f"{server.url}{path}.json?length=300")
    step = 2 * some["samples_per_pixel"] // 512
    assert 300 <= some["length"] <= 400
    data = finest["data"]
    assert some["data"][::2] == [min(data[at : at + step : 2]) for at in range(0, len(data), step)]
    scaled = get_json(f"{server.url}{path}.json?samples_per_pixel=8192")
    assert (scaled["samples_per_pixel"], scaled["length"]) == (8192, -(-SECONDS * RATE // 8192))
    with Wire(server.url) as wire:
        binary = wire.request("GET", f"{path}.dat?length=300")
        assert struct.unpack_from("<iIiiIi", binary.body)[3:5] == (some["samples_per_pixel"], some["length"])
        assert wire.request("GET", f"{path}.json?length=0").status == 400
