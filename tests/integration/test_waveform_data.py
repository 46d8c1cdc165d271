"""The waveform as people's players read it: with the library that they take for it, unchanged, from npm."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.api import upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.pcm import decode
from tests.support.server import running_server

CLIENT = Path(__file__).with_name("waveform_client.mjs")
SECONDS = 30
RATE = 44_100
WIDTH = 100
FINEST = 512
TIMEOUT_S = 60


def read(*addresses: str) -> list[dict[str, Any]]:
    node = shutil.which("node")
    assert node, "node is missing: run scripts/setup serve"
    command = [node, str(CLIENT), str(WIDTH), *addresses]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def waveforms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The recording, and what the library makes of each address that we give for it."""
    folder = tmp_path_factory.mktemp("waveform-data")
    tone = make_tone(folder / "tone.flac", seconds=SECONDS, rate=RATE)
    with running_server(folder) as server:
        track = wait_for_track(server.url, upload(server.url, tone)["id"])
        waveform = f"{server.url}{track['links']['self']}/waveform"
        ways = ("", "?length=300", "?samples_per_pixel=4096")
        asked = [f"{ending}{way}" for way in ways for ending in (".dat", ".json")]
        return tone, read(*(f"{waveform}{each}" for each in asked))


def test_it_reads_the_same_from_the_file_and_from_json(waveforms: tuple[Path, list[dict[str, Any]]]) -> None:
    _, read = waveforms
    for data, text in zip(read[::2], read[1::2], strict=True):
        assert data == text
        assert (data["found"]["rate"], data["found"]["bits"], data["found"]["channels"]) == (RATE, 8, 1)
        assert WIDTH <= data["drawn"]["length"] <= WIDTH + 1, "it takes a whole number of samples a point"
        scale = data["found"]["scale"]
        assert data["found"]["seconds"] == pytest.approx(SECONDS, abs=scale / RATE)


def test_it_takes_the_finest_for_the_whole_file(waveforms: tuple[Path, list[dict[str, Any]]]) -> None:
    """What stands behind it in `waveform.dat`, coarser zooms, is none of its business."""
    tone, (whole, *_) = waveforms
    found = whole["found"]
    assert (found["scale"], found["length"]) == (FINEST, -(-SECONDS * RATE // FINEST))
    mono = decode(tone, rate=RATE, channels=2).mean(axis=1)
    pieces = mono[: len(mono) // FINEST * FINEST].reshape(-1, FINEST) * 128
    assert np.allclose(found["min"][: len(pieces)], pieces.min(axis=1), atol=1.5)
    assert np.allclose(found["max"][: len(pieces)], pieces.max(axis=1), atol=1.5)


def test_it_gets_as_much_as_it_asks_for(waveforms: tuple[Path, list[dict[str, Any]]]) -> None:
    _, read = waveforms
    assert read[2]["found"]["length"] >= 300
    assert read[4]["found"]["scale"] == 4096
