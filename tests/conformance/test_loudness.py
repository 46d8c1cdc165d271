"""How loud a track or an album is, beside what ffmpeg's own ebur128 says of the same sound."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hls.loudness import Loudness, combine
from hls.report import LoudnessMeasured
from tests.support.audio import AUDIO_DIR, make_tone
from tests.support.worker import package, worker_pool

RECORDINGS = ("music-44k.flac", "music-5.1.flac", "music-96k-24bit.flac", "music-vbr.mp3")

# A sweep that swells and dies away has a range.
SWELL = "volume='0.5+0.45*sin(t*0.7)':eval=frame"
SOUNDS: dict[str, dict[str, Any]] = {
    "tone.wav": {"seconds": 9.77},
    "swell.flac": {"seconds": 20, "options": ("-af", SWELL)},
    "mono.wav": {"channels": 1, "rate": 16_000},
    "surround.flac": {"rate": 48_000, "options": ("-af", "pan=5.1|c0=c0|c1=c1|c2=c0|c3=c1|c4=c0|c5=c1")},
    "192.wav": {"rate": 192_000, "seconds": 5},
    "loud.wav": {"options": ("-af", "volume=12dB", "-c:a", "pcm_f32le")},
    "short.wav": {"seconds": 0.61},
    "quiet.flac": {"options": ("-af", "volume=-18dB")},
}
ALBUMS = {
    "contrast": (SWELL, f"{SWELL},volume=-6dB", f"{SWELL},volume=-3dB"),
    "a gated part": (SWELL, "volume=-45dB", f"{SWELL},volume=-3dB"),
}


def by_ffmpeg(source: Path) -> tuple[float, float, float]:
    """Integrated loudness, range and true peak, as the summary of ffmpeg's ebur128 says."""
    command = ["ffmpeg", "-nostdin", "-nostats", "-i", str(source), "-map", "0:a:0"]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stderr
    summary = said.rpartition("Summary:")[2]
    found = {name: float(value) for name, value in re.findall(r"(I|LRA|Peak):\s+(-?[\d.]+|-inf)", summary)}
    return found["I"], found["LRA"], found["Peak"]


async def measured(source: Path, folder: Path) -> LoudnessMeasured:
    async with worker_pool(("aac128",)) as pool:
        reports = await package(pool, source, folder)
    (found,) = (report for report in reports if isinstance(report, LoudnessMeasured))
    return found


def figures(loudness: Loudness | LoudnessMeasured) -> tuple[float | None, float | None, float | None]:
    return loudness.integrated_lufs, loudness.range_lu, loudness.true_peak_dbtp


async def is_as_loud_as_ffmpeg_says(source: Path, folder: Path) -> None:
    ours, said = await measured(source, folder), by_ffmpeg(source)
    assert figures(ours) == pytest.approx(said, abs=0.1)
    # An album of one track is that track.
    assert figures(combine([ours.histogram])) == pytest.approx(said, abs=0.1)


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
@pytest.mark.parametrize("name", RECORDINGS)
async def test_a_recording_is_as_loud_as_ffmpeg_says(tmp_path, name):
    assert AUDIO_DIR is not None
    await is_as_loud_as_ffmpeg_says(AUDIO_DIR / name, tmp_path / "out")


@pytest.mark.parametrize("name", SOUNDS)
async def test_a_sound_is_as_loud_as_ffmpeg_says(tmp_path, name):
    await is_as_loud_as_ffmpeg_says(make_tone(tmp_path / name, **SOUNDS[name]), tmp_path / "out")


@pytest.mark.parametrize(
    ("seconds", "volume", "peak"), [(3, "0", None), (0.3, "1", -2.0), (0.001, "0.1", -50.0)]
)
async def test_silence_and_what_is_too_short_has_a_peak_at_most(tmp_path, seconds, volume, peak):
    tone = make_tone(tmp_path / "tone.wav", seconds=seconds, options=("-af", f"volume={volume}"))
    ours = await measured(tone, tmp_path / "out")
    assert (ours.integrated_lufs, ours.range_lu) == (None, None)
    assert (ours.true_peak_dbtp is None) == (peak is None)
    if peak is not None:
        assert -60 < ours.true_peak_dbtp <= 0


@pytest.mark.parametrize("name", ALBUMS)
async def test_an_album_is_as_loud_as_all_of_it_in_one_file(tmp_path, name):
    """Its tracks are measured one by one, and never decoded again."""
    tracks = []
    for number, volume in enumerate(ALBUMS[name]):
        seconds = 40 + 7 * number
        track = make_tone(tmp_path / f"{number}.wav", seconds=seconds, options=("-af", volume))
        tracks.append((track, await measured(track, tmp_path / str(number))))
    album = tmp_path / "album.wav"
    inputs = [argument for track, _ in tracks for argument in ("-i", str(track))]
    join = f"concat=n={len(tracks)}:v=0:a=1"
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex", join, str(album)]
    subprocess.run(command, check=True, timeout=60)
    about_the_same(combine([found.histogram for _, found in tracks]), album)


def about_the_same(ours: Loudness, album: Path) -> None:
    """To 0.1 LU; but the range to half of one, since the cuts of so short an album are a part of it."""
    integrated, loudness_range, peak = by_ffmpeg(album)
    assert (ours.integrated_lufs, ours.true_peak_dbtp) == pytest.approx((integrated, peak), abs=0.1)
    assert ours.range_lu == pytest.approx(loudness_range, abs=0.5)


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
async def test_an_album_of_recordings_is_as_loud_as_the_whole(tmp_path):
    assert AUDIO_DIR is not None
    paths = [AUDIO_DIR / name for name in ("album-1.flac", "album-2.flac")]
    found = [await measured(path, tmp_path / path.stem) for path in paths]
    album = tmp_path / "album.wav"
    inputs = [argument for path in paths for argument in ("-i", str(path))]
    command = ["ffmpeg", "-nostdin", "-v", "error", *inputs, "-filter_complex", "concat=n=2:v=0:a=1"]
    subprocess.run([*command, str(album)], check=True, timeout=60)
    about_the_same(combine([one.histogram for one in found]), album)
