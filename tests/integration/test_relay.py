"""Recordings read packet by packet, and carried in containers that begin anywhere: nothing is lost."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hls.ffmpeg.relay import Relay
from hls.job import MediaRefused
from tests.support.audio import make_tone

SECONDS = 6
TONES = {
    "mp3": ("audio/mpeg", ()),
    "m4a": ("audio/aac", ()),
    "aac": ("audio/aac", ()),
    "opus": ("audio/ogg", ()),
    "ogg": ("audio/ogg", ("-c:a", "libvorbis")),
    "flac": ("audio/ogg", ()),
    "webm": ("audio/ogg", ()),
    "wav": ("audio/ogg", ()),
    "mka": ("audio/ogg", ("-c:a", "alac")),
}


def seconds_of(data: bytes) -> float:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", "-", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=True)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, "<i2").size / 8000


@pytest.mark.parametrize("ending", TONES)
@pytest.mark.parametrize("bitrate", [None, 96_000])
def test_two_containers_carry_all_of_it(tmp_path: Path, ending: str, bitrate: int | None) -> None:
    media_type, options = TONES[ending]
    path = make_tone(tmp_path / f"tone.{ending}", seconds=SECONDS, options=("-metadata", "title=T", *options))
    relay = Relay(str(path), bitrate)
    assert (relay.media_type, relay.title) == (
        "audio/ogg" if bitrate else media_type,
        "" if ending == "aac" else "T",
    )
    halves = [bytearray(), bytearray()]
    carriers = [relay.carrier(halves[0].extend), relay.carrier(halves[1].extend)]
    last_us, peak = -1, 0.0
    for packet in relay.packets():
        assert packet.at_us > last_us
        last_us, peak = packet.at_us, max(peak, *packet.peaks, 0.0)
        carriers[packet.at_us >= SECONDS * 500_000].put(packet)
    for carrier in carriers:
        carrier.end()
    relay.close()
    assert 0.3 < peak <= 0.7
    assert (SECONDS - 0.3) * 1e6 < last_us < (SECONDS + 0.1) * 1e6
    assert sum(seconds_of(bytes(half)) for half in halves) == pytest.approx(SECONDS, abs=0.3)


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    data = make_tone(tmp_path / "tone.mp3", seconds=2).read_bytes()
    assert sum(1 for _ in Relay(io.BytesIO(data)).packets()) > 50


def test_a_recording_that_begins_anew_goes_on(tmp_path: Path) -> None:
    data = make_tone(tmp_path / "tone.ogg", seconds=2, options=("-c:a", "libvorbis")).read_bytes()
    relay = Relay(io.BytesIO(data + data))
    out = bytearray()
    carrier = relay.carrier(out.extend)
    places = []
    for packet in relay.packets():
        carrier.put(packet)
        places.append(packet.at_us)
    carrier.end()
    assert places == sorted(places)
    assert places[-1] == pytest.approx(4e6, abs=1e5)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("words\n" * 100)
    with pytest.raises(MediaRefused):
        Relay(str(text))
    with pytest.raises(FileNotFoundError):
        Relay(str(tmp_path / "nothing"))
    video = tmp_path / "v.mp4"
    make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=16x16:d=1", str(video)]
    subprocess.run(make, check=True, timeout=60)
    with pytest.raises(MediaRefused, match="no sound"):
        Relay(str(video))
