"""Two tracks cut from one recording, played one after the other, are the recording: in every rendition.

A player that honours what the boxes say starts behind the delay of the edit list, and ends where the
durations of the fragments end.
"""

from pathlib import Path

import numpy as np
import pytest

from hls import ladder
from tests.support.audio import AUDIO_DIR, make_tone
from tests.support.boxes import presented
from tests.support.pcm import exact_samples, honoured, likeness, samples_as_heard
from tests.support.worker import package, renditions, worker_pool

ALL = (*ladder.DEFAULT, "opus96")
CUT = 223_457  # inside of an access unit of every codec
CUT_MS = 223_440  # and at a millisecond of 48 kHz: ffmpeg's MP4 says in milliseconds how long its sound is
SECONDS = 9.371
LEAST_LIKENESS = {"aac64": 0.9, "opus96": 0.94}


def cut_in_two(whole: Path, folder: Path, ending: str, *options: str, cut: int = CUT) -> list[Path]:
    halves = []
    for number, half in enumerate((f"end_sample={cut}", f"start_sample={cut},asetpts=PTS-STARTPTS")):
        source = ("-i", str(whole), "-map", "1", "-af", f"atrim={half}", *options)
        halves.append(make_tone(folder / f"{number}.{ending}", seconds=0.1, options=source))
    return halves


async def heard_back_to_back(halves: list[Path], folder: Path, names) -> dict[str, list[np.ndarray]]:
    """What a player makes of each rendition, half by half: of shape (samples, channels)."""
    heard: dict[str, list[np.ndarray]] = {}
    async with worker_pool(names) as pool:
        for half in halves:
            out = folder / f"{half.name}.out"
            for name, one in renditions(await package(pool, half, out)).items():
                samples = honoured(out / f"{name}.mp4")
                assert presented(out / f"{name}.mp4")[-1][1] == one.duration_ticks / one.timescale
                assert len(samples) == one.duration_ticks
                heard.setdefault(name, []).append(samples)
    return heard


def continues(reference: np.ndarray, whole: np.ndarray, cut: int, least: float) -> None:
    """Not a sample early or late on either side of the cut, and the sound goes on across it.

    An encoder that begins in the middle of a wave has not found its balance yet: a frame with more noise.
    """
    for part in (slice(cut - 40_000, cut), slice(cut, cut + 40_000)):
        alike = likeness(reference[part], whole[part])
        assert alike.lag_samples == 0
        assert alike.correlation > least
    across = slice(cut - 2048, cut + 2048)
    assert likeness(reference[across], whole[across]).correlation > least - 0.05


@pytest.mark.parametrize("rate", [44_100, 48_000])
async def test_an_album_goes_on_to_the_sample(tmp_path, rate):
    whole = make_tone(tmp_path / "whole.wav", seconds=SECONDS, rate=rate)
    heard = await heard_back_to_back(cut_in_two(whole, tmp_path, "flac"), tmp_path, ALL)
    reference = exact_samples(whole)
    assert list(heard) == ["aac128", "aac64", "aac256", "flac", "opus96"]
    assert np.array_equal(np.concatenate(heard.pop("flac")), reference / 2.0**31)
    for name, (first, second) in heard.items():
        if rate != 48_000 and name == "opus96":
            # Of other rates each half is to the nearest sample of 48 kHz.
            expected = [round(length * 48_000 / rate) for length in (CUT, len(reference) - CUT)]
            assert [len(first), len(second)] == expected
            continue
        assert (len(first), len(first) + len(second)) == (CUT, len(reference))
        least = LEAST_LIKENESS.get(name, 0.97)
        continues(reference / 2.0**31, np.concatenate([first, second]), CUT, least)


async def test_an_album_of_aac_goes_on_to_the_sample(tmp_path):
    """What was AAC already is passed on, and what is decoded of it is what ffmpeg decodes of the source."""
    whole = make_tone(tmp_path / "whole.wav", seconds=SECONDS, rate=48_000)
    halves = cut_in_two(whole, tmp_path, "m4a", "-b:a", "192k", cut=CUT_MS)
    heard = await heard_back_to_back(halves, tmp_path, ladder.DEFAULT)
    assert list(heard) == ["aac", "aac128", "aac64"]
    reference = exact_samples(whole) / 2.0**31
    for half, copied in zip(halves, heard["aac"], strict=True):
        assert np.array_equal(copied, samples_as_heard(half)[: len(copied)])
    for name, (first, second) in heard.items():
        assert (len(first), len(first) + len(second)) == (CUT_MS, len(reference))
        continues(reference, np.concatenate([first, second]), CUT_MS, LEAST_LIKENESS.get(name, 0.97))


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
async def test_two_halves_of_a_recording_are_the_recording(tmp_path):
    assert AUDIO_DIR is not None
    halves = [AUDIO_DIR / f"album-{number}.flac" for number in (1, 2)]
    heard = await heard_back_to_back(halves, tmp_path, ladder.DEFAULT)
    reference = np.concatenate([exact_samples(half) for half in halves]) / 2.0**31
    assert np.array_equal(np.concatenate(heard.pop("flac")), reference)
    for first, second in heard.values():
        assert (len(first), len(second)) == (503_867, 377_685)
        continues(reference, np.concatenate([first, second]), 503_867, 0.9)
