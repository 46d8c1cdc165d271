"""What the renditions of one track promise each other, and FLAC the source: read back by FFmpeg."""

from pathlib import Path

import av
import numpy as np
import pytest

from hls import ladder
from hls.report import RenditionFinished, SegmentCut
from tests.support.audio import AUDIO_DIR, make_tone
from tests.support.boxes import presented
from tests.support.pcm import exact_samples, likeness, samples_as_heard, undecodable
from tests.support.worker import package, renditions, worker_pool

ALL = (*ladder.DEFAULT, "opus96")

RECORDINGS = (
    "music-44k.flac",
    "music-96k-24bit.flac",
    "music-5.1.flac",
    "music-alac.m4a",
    "music.aiff",
    "music-rf64.wav",
)


async def ladder_of(source: Path, folder: Path, names=ladder.DEFAULT):
    async with worker_pool(names) as pool:
        return renditions(await package(pool, source, folder))


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
@pytest.mark.parametrize("name", RECORDINGS)
async def test_flac_is_the_recording_to_the_bit(tmp_path, name):
    assert AUDIO_DIR is not None
    made = await ladder_of(AUDIO_DIR / name, tmp_path / "out", ("aac128", "flac"))
    original = exact_samples(AUDIO_DIR / name)
    assert made["flac"].timescale == av.open(str(AUDIO_DIR / name)).streams.audio[0].rate
    assert np.array_equal(exact_samples(tmp_path / "out/flac.mp4"), original)


@pytest.mark.parametrize("name", ["float.wav", "lossy.mp3", "eight.wav"])
async def test_what_is_not_lossless_or_does_not_fit_has_no_flac(tmp_path, name):
    options = {"float.wav": ("-c:a", "pcm_f32le"), "lossy.mp3": (), "eight.wav": ("-c:a", "pcm_s32le")}[name]
    made = await ladder_of(make_tone(tmp_path / name, seconds=2, options=options), tmp_path / "out")
    assert list(made) == ["aac128", "aac64", "aac256"]


@pytest.mark.parametrize(("rate", "skew_s"), [(44_100, 0.01), (48_000, 0), (96_000, 0)])
async def test_segments_end_together_and_leave_no_gap(tmp_path, rate, skew_s):
    """A player may go on with the next segment of any other rendition; Opus beside 44.1 kHz: nearly."""
    tone = make_tone(tmp_path / "tone.flac", seconds=13, rate=rate)
    made = await ladder_of(tone, tmp_path / "out", ALL)
    reference = presented(tmp_path / "out/aac128.mp4")
    assert len(reference) == 4
    assert reference[-1][1] == 13
    for name, one in made.items():
        spans = presented(tmp_path / f"out/{name}.mp4")
        lengths = [segment.duration_ticks / one.timescale for segment in one.segments]
        assert lengths == pytest.approx([end - start for start, end in spans])
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]
        assert sum(segment.duration_ticks for segment in one.segments) == 13 * one.timescale
        for ours, theirs in zip(spans, reference, strict=True):
            assert ours == pytest.approx(theirs, abs=skew_s if name == "opus96" else 1e-9)


async def test_an_odd_rate_ends_at_the_same_sample_in_every_rendition(tmp_path):
    tone = make_tone(tmp_path / "tone.wav", rate=96_000, options=("-af", "atrim=end_sample=480001"))
    made = await ladder_of(tone, tmp_path / "out", ALL)
    assert made["flac"].duration_ticks == 480_001
    assert {one.duration_ticks for one in made.values() if one.timescale == 48_000} == {240_001}


@pytest.mark.parametrize("bitrate", ["128k", "256k"])
async def test_aac_in_mp4_is_passed_on(tmp_path, bitrate):
    tone = make_tone(tmp_path / "tone.m4a", seconds=9, options=("-b:a", bitrate, "-movflags", "+faststart"))
    made = await ladder_of(tone, tmp_path / "out")
    assert next(iter(made)) == "aac"
    assert {one.duration_ticks for one in made.values()} == {9 * 44_100}
    with av.open(str(tone)) as source, av.open(str(tmp_path / "out/aac.mp4")) as copy:
        ours = [bytes(packet) for packet in copy.demux(audio=0) if packet.size]
        theirs = [bytes(packet) for packet in source.demux(audio=0) if packet.size]
    assert ours == theirs[: len(ours)]
    assert len(ours) == -(-(9 * 44_100 + 1024) // 1024)
    heard, original = samples_as_heard(tmp_path / "out/aac.mp4"), samples_as_heard(tone)
    assert np.array_equal(heard[: 9 * 44_100], original[: 9 * 44_100])


async def test_what_is_passed_on_is_complete_before_anything_is_encoded(tmp_path):
    tone = make_tone(tmp_path / "tone.m4a", seconds=30, options=("-b:a", "192k"))
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    cuts = [report for report in reports if isinstance(report, SegmentCut)]
    copied = [cut for cut in cuts if cut.rendition == "aac"]
    assert len(copied) == 8
    assert cuts[:8] == copied
    finished = reports.index(RenditionFinished("aac"))
    assert reports.index(copied[-1]) < finished < reports.index(cuts[8])


@pytest.mark.parametrize("bytes_lost", [200, 3_000, 40_000])
async def test_aac_that_is_damaged_keeps_its_place_in_every_rendition(tmp_path, bytes_lost):
    tone = make_tone(tmp_path / "tone.m4a", seconds=9, options=("-b:a", "256k", "-movflags", "+faststart"))
    data = bytearray(tone.read_bytes())
    middle = len(data) // 2
    data[middle : middle + bytes_lost] = b"\xff" * bytes_lost
    tone.write_bytes(data)
    made = await ladder_of(tone, tmp_path / "out")
    assert list(made) == ["aac", "aac128", "aac64"]
    assert {one.duration_ticks for one in made.values()} == {9 * 44_100}
    assert undecodable(tmp_path / "out/aac.mp4") == 0, "players stop at what they can't decode"
    one, other = (samples_as_heard(tmp_path / f"out/{name}.mp4") for name in ("aac", "aac128"))
    for part in (slice(44_100, 132_300), slice(300_000, 380_000)):
        alike = likeness(one[part], other[part])
        assert alike.correlation > 0.95
        assert alike.lag_samples == 0
