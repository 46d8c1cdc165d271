"""What the renditions of one track promise each other, and FLAC the source: read back by FFmpeg."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hls import ladder
from tests.support.audio import AUDIO_DIR, make_tone
from tests.support.boxes import parse
from tests.support.pcm import likeness
from tests.support.worker import package, renditions, worker_pool

ALL = (*ladder.DEFAULT, "opus96")

LOSSLESS: dict[str, dict[str, Any]] = {
    "cd.wav": {"rate": 44_100},
    "mono.flac": {"rate": 48_000, "channels": 1},
    "eight-bit.wav": {"rate": 44_100, "options": ("-c:a", "pcm_u8")},
    "studio.wav": {"rate": 48_000, "options": ("-c:a", "pcm_s24le")},
    "88.flac": {"rate": 88_200, "options": ("-sample_fmt", "s32")},
    "96.m4a": {"rate": 96_000, "options": ("-c:a", "alac", "-sample_fmt", "s32p")},
    "176.wav": {"rate": 176_400, "options": ("-c:a", "pcm_s24le")},
    "192.aiff": {"rate": 192_000, "options": ("-c:a", "pcm_s24be")},
    "surround.wav": {"rate": 48_000, "options": ("-af", "pan=5.1|c0=c0|c1=c1|c2=c0|c3=c1|c4=c0|c5=c1")},
}
RECORDINGS = (
    "music-44k.flac",
    "music-96k-24bit.flac",
    "music-5.1.flac",
    "music-alac.m4a",
    "music.aiff",
    "music-rf64.wav",
)


def samples(path: Path) -> np.ndarray:
    """Every sample that FFmpeg decodes, of shape (n, channels), as signed integers of 32 bits."""
    pieces = []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            block = frame.to_ndarray()
            channels = len(frame.layout.channels)
            pieces.append(block.T if frame.format.is_planar else block.reshape(-1, channels))
    whole = np.concatenate(pieces)
    if whole.dtype == np.uint8:
        return (whole.astype(np.int32) - 128) << 24
    return whole.astype(np.int32) << 16 if whole.dtype == np.int16 else whole


async def ladder_of(source: Path, folder: Path, names=ladder.DEFAULT):
    async with worker_pool(names) as pool:
        return renditions(await package(pool, source, folder))


async def is_bit_exact(source: Path, folder: Path) -> None:
    made = await ladder_of(source, folder)
    original, kept = samples(source), samples(folder / "flac.mp4")
    assert made["flac"].timescale == av.open(str(source)).streams.audio[0].rate
    assert kept.shape == original.shape
    assert np.array_equal(kept, original)


@pytest.mark.parametrize("name", LOSSLESS)
async def test_flac_is_the_source_to_the_bit(tmp_path, name):
    await is_bit_exact(make_tone(tmp_path / name, seconds=5, **LOSSLESS[name]), tmp_path / "out")


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
@pytest.mark.parametrize("name", RECORDINGS)
async def test_flac_is_the_recording_to_the_bit(tmp_path, name):
    assert AUDIO_DIR is not None
    await is_bit_exact(AUDIO_DIR / name, tmp_path / "out")


@pytest.mark.parametrize("name", ["float.wav", "lossy.mp3", "eight.wav"])
async def test_what_is_not_lossless_or_does_not_fit_has_no_flac(tmp_path, name):
    options = {"float.wav": ("-c:a", "pcm_f32le"), "lossy.mp3": (), "eight.wav": ("-c:a", "pcm_s32le")}[name]
    made = await ladder_of(make_tone(tmp_path / name, seconds=2, options=options), tmp_path / "out")
    assert list(made) == ["aac128", "aac64", "aac256"]


def presented(path: Path) -> list[tuple[float, float]]:
    """Seconds from and to which each fragment is heard, by the boxes alone."""
    boxes = parse(path.read_bytes())
    movie = next(box for box in boxes if box.kind == "moov")
    timescale = movie["trak/mdia/mdhd"].fields["timescale"]
    has_edits = any(box.kind == "edts" for box in movie["trak"].children)
    delay = movie["trak/edts/elst"].fields["edits"][0][1] if has_edits else 0
    spans = []
    for moof in (box for box in boxes if box.kind == "moof"):
        start = moof["traf/tfdt"].fields["base_media_decode_time"]
        run = moof["traf/trun"].fields
        length = sum(
            run.get("durations", [moof["traf/tfhd"].fields["default_duration"]] * run["sample_count"])
        )
        spans.append((max(start - delay, 0) / timescale, (start + length - delay) / timescale))
    return spans


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


@pytest.mark.parametrize("bytes_lost", [200, 3_000, 40_000])
async def test_aac_that_is_damaged_keeps_its_place_in_every_rendition(tmp_path, bytes_lost):
    tone = make_tone(tmp_path / "tone.m4a", seconds=9, options=("-b:a", "256k", "-movflags", "+faststart"))
    data = bytearray(tone.read_bytes())
    middle = len(data) // 2
    data[middle : middle + bytes_lost] = b"\xff" * bytes_lost
    tone.write_bytes(data)
    made = await ladder_of(tone, tmp_path / "out")
    assert list(made) == ["aac", "aac128", "aac64"]
    assert len({one.duration_ticks for one in made.values()}) == 1
    one, other = (samples_as_heard(tmp_path / f"out/{name}.mp4") for name in ("aac", "aac128"))
    for part in (slice(44_100, 132_300), slice(300_000, 380_000)):
        alike = likeness(one[part], other[part])
        assert alike.correlation > 0.95
        assert abs(alike.lag_samples) <= 512


def samples_as_heard(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray().T for frame in file.decode(audio=0)])


@pytest.mark.skipif(AUDIO_DIR is None, reason="the recordings are not here")
async def test_an_album_goes_on_to_the_sample(tmp_path):
    """Two halves of one recording, played one after the other, are the recording."""
    assert AUDIO_DIR is not None
    exact, heard = [], []
    for name in ("album-1", "album-2"):
        source = AUDIO_DIR / f"{name}.flac"
        made = await ladder_of(source, tmp_path / name)
        original = samples(source)
        exact.append(np.array_equal(samples(tmp_path / name / "flac.mp4"), original))
        assert {one.duration_ticks for one in made.values()} == {len(original)}
        for rendition in ("aac128", "aac64", "aac256"):
            decoded = samples_as_heard(tmp_path / name / f"{rendition}.mp4")
            # FFmpeg leaves out the delay, and plays the last frame to its end: less than one too much.
            assert 0 <= len(decoded) - len(original) < 1024
            heard.append(decoded[: len(original)])
    assert exact == [True, True]
    for first, second in zip(heard[:3], heard[3:], strict=True):
        whole = np.concatenate([first, second])
        assert len(whole) == 503_867 + 377_685
        reference = np.concatenate([samples(AUDIO_DIR / f"album-{n}.flac") for n in (1, 2)])
        reference = (reference / (1 << 31)).astype(np.float32)
        # Not a sample late behind the cut, and no click at it.
        around = slice(503_867 - 2048, 503_867 + 2048)
        assert likeness(reference[around], whole[around]).correlation > 0.95
        for part in (slice(400_000, 500_000), slice(510_000, 610_000)):
            assert likeness(reference[part], whole[part]).lag_samples == 0
