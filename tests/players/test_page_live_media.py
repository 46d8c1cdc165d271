"""Live shows in browsers without WebCodecs: the WebSocket's sound goes through a MediaSource."""

import io
import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.audio.codeccontext import AudioCodecContext
from av.audio.format import AudioFormat
from av.audio.layout import AudioLayout
from playwright.sync_api import Browser, Page

from hls.codecs import flac_metadata
from tests.players.test_page_live import EAR, PLAY, late_s, until
from tests.support.chromium import browsing
from tests.support.clicks import Clicks
from tests.support.live_server import LiveServer

Samples = npt.NDArray[np.generic]

HERE = Path(__file__).parent
LISTEN = """() => {
  const context = new AudioContext();
  const element = document.querySelector("audio[data-live]");
  window.stream = context.createMediaStreamSource(element.captureStream());
  stream.connect(context.destination);
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def page(chromium: Browser, live: LiveServer) -> Iterator[Page]:
    with browsing(chromium, live.url) as (watched, _):
        watched.add_init_script(EAR)
        watched.add_init_script("delete window.AudioDecoder;")
        watched.goto(live.url + "/library")
        yield watched


FORMS = {
    "mp4a.40.2": ("aac", "fltp", 1024),
    "Opus": ("libopus", "s16", 960),
    "fLaC": ("flac", "s16", 1024),
}


@pytest.mark.parametrize("codec", FORMS)
def test_what_the_page_puts_into_fragments_is_decoded_as_it_was_encoded(codec: str) -> None:
    """By FFmpeg, sample for sample, against what its decoder makes of the units alone."""
    name, form, frame_ticks = FORMS[codec]
    description, units, wanted = encoded(name, form, frame_ticks)
    step = 5
    asked = {
        "form": {
            "codec": codec,
            "sample_rate": 48_000,
            "channels": 2,
            "frame_ticks": frame_ticks,
            "description": b64encode(description).decode(),
        },
        "frames": [
            {"at_us": 1_000_000 * at, "units": [b64encode(one).decode() for one in units[at : at + step]]}
            for at in range(0, len(units), step)
        ],
    }
    node = shutil.which("node")
    assert node, "node is missing: run scripts/setup serve"
    done = subprocess.run(
        [node, str(HERE / "fragments.mjs")], input=json.dumps(asked).encode(), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    with av.open(io.BytesIO(done.stdout), "r") as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (48_000, 2)
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert [bytes(packet) for packet in packets] == units
    assert [packet.pts for packet in packets] == [frame_ticks * at for at in range(len(units))]
    with av.open(io.BytesIO(done.stdout), "r") as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    np.testing.assert_array_equal(heard[:, -wanted.shape[1] :], wanted[:, -heard.shape[1] :])


def encoded(name: str, form: str, frame_ticks: int) -> tuple[bytes, list[bytes], Samples]:
    """What a decoder must know before, a second of units, and their sound."""
    encoder = AudioCodecContext.create(name, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, AudioLayout("stereo"), AudioFormat(form)
    if name == "flac":
        encoder.options = {"frame_size": str(frame_ticks)}
    encoder.open()
    rng = np.random.default_rng(6)
    units = []
    for at in range(48):
        noise = rng.integers(-9000, 9000, (1, 2 * frame_ticks)).astype(np.int16)
        samples: Any = (noise.reshape(-1, 2).T / 32768).astype(np.float32) if form == "fltp" else noise
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), form, "stereo")
        frame.sample_rate, frame.pts = 48_000, at * frame_ticks
        units += [bytes(packet) for packet in encoder.encode(frame)]
    description = bytes(encoder.extradata or b"")
    decoder = AudioCodecContext.create(name.removeprefix("lib"), "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.extradata = description
    decoder.sample_rate, decoder.layout = 48_000, AudioLayout("stereo")
    sound = [frame.to_ndarray() for unit in units for frame in decoder.decode(av.Packet(unit))]
    if name == "flac":
        description = b"fLaC" + flac_metadata(description)
    return description, units, np.concatenate(sound, axis=1)


def test_it_is_heard_soon_and_goes_over_to_hls_and_back(page: Page, clicks: Clicks) -> None:
    assert page.evaluate("'AudioDecoder' in window") is False
    page.evaluate(PLAY, {})
    until(page, "sound.state === 'playing'")
    assert page.evaluate("sound.way") == "websocket"
    page.evaluate(LISTEN)
    late = late_s(page, clicks, 6, page.evaluate("heard.length"))
    buffer, said = page.evaluate("sound.buffer"), page.evaluate("delays")
    print("mediasource: late", [round(each, 3) for each in late], "said", said[-3:], buffer)
    assert 0.97 <= buffer["rate"] <= 1.03
    page.evaluate(HIDE, True)
    until(page, "sound.way === 'hls'")
    page.evaluate(HIDE, False)
    until(page, "sound.way === 'websocket'")
    until(page, "sound.state === 'playing'")
    assert page.locator("audio[data-live]").count() == 1
    page.evaluate("sound.stop()")
    assert page.locator("audio[data-live]").count() == 0
    assert set(page.evaluate("states")) <= {"loading", "playing", "stalled", "idle"}


def test_the_cockpit_says_how_late_it_is(page: Page, clicks: Clicks, live: LiveServer) -> None:
    page.evaluate(PLAY, {"way": "websocket"})
    until(page, "sound.state === 'playing'")
    delays = live.wait("lobby", lambda show: show["cockpit"]["delays_ms"]["websocket"])
    print(delays["cockpit"]["delays_ms"], "said", page.evaluate("delays"))
    assert 320 <= delays["cockpit"]["delays_ms"]["websocket"] < 10_000
    assert delays["cockpit"]["delays_ms"]["progressive"] is None
    page.evaluate("sound.stop()")


def test_a_line_that_stands_still_is_waited_for_with_more_in_hand(page: Page, clicks: Clicks) -> None:
    page.evaluate(PLAY, {"way": "websocket"})
    until(page, "sound.state === 'playing'")
    least_s = page.evaluate("sound.buffer.target_s")
    page.evaluate("socket.unlisten('lobby')")
    until(page, "sound.buffer.ranOut === 1")
    assert page.evaluate("sound.buffer.target_s") > least_s
    page.evaluate("socket.listen('lobby')")
    until(page, "sound.state === 'playing'")
    page.evaluate("sound.stop()")
