"""Packaging in real worker processes: what a complete source becomes."""

from pathlib import Path

import pytest

from hls.report import Finished, Opened, PeaksCut, Refused, RenditionStarted, SegmentCut, Tagged
from tests.support.audio import hostile, make_tone
from tests.support.boxes import parse
from tests.support.worker import package, rendition, renditions, worker_pool

NO_RECORDING = "it is not a recording in a format that is known here"
HOSTILE: dict[str, str | int] = {
    "bit-flips.flac": 15_673,
    "bursts.mp3": 38_924,
    "channels-65535.wav": "no sound in it could be decoded",
    "concat-script.flac": NO_RECORDING,
    "empty.mp3": NO_RECORDING,
    "forty-streams.mka": 2_043,
    "no-samples.wav": "no sound in it could be decoded",
    "no-sound.mp4": "there is no sound in it",
    "noise.bin": NO_RECORDING,
    "playlist-to-local-files.mp3": NO_RECORDING,
    "rate-1hz.wav": "a sample rate of 1 Hz is outside of 1000 to 768000 Hz",
    "rate-4ghz.wav": NO_RECORDING,
    "says-ten-hours.wav": 500,
    "text.mp3": NO_RECORDING,
    "truncated-header.m4a": "its sound is in a codec that is not known here",
    "truncated-no-index.m4a": NO_RECORDING,
    "truncated.flac": 2_194,
}


async def test_reports_come_in_their_order(tmp_path):
    tone = make_tone(tmp_path / "tone.flac", seconds=10, options=("-metadata", "title=A  tone\x07"))
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert [type(report) for report in reports[:7]] == [Opened, Tagged, PeaksCut, *[RenditionStarted] * 4]
    started = [report.name for report in reports if isinstance(report, RenditionStarted)]
    assert started == ["aac128", "aac64", "aac256", "flac"]
    cuts = [report.rendition for report in reports if isinstance(report, SegmentCut)]
    assert cuts[0] == "aac128"
    assert sorted(cuts) == sorted(started * 3)
    assert reports[0] == Opened("flac", "flac", 44_100, 2, 10_000)
    assert reports[1] == Tagged("A tone", None, None, None)
    assert reports[-1] == Finished(10_000)
    peaks = b"".join(report.data for report in reports if isinstance(report, PeaksCut))
    assert len(peaks) == 2 * -(-441_000 // 512)
    assert {file.stem for file in (tmp_path / "out").iterdir()} == set(started)


async def test_the_file_holds_what_was_reported_and_nothing_else(tmp_path):
    tone = make_tone(tmp_path / "tone.wav", seconds=9, rate=48_000)
    async with worker_pool() as pool:
        track = rendition(await package(pool, tone, tmp_path / "out"))
    data = (tmp_path / "out/aac128.mp4").read_bytes()
    assert len(data) == track.size_bytes
    assert track.duration_ticks == 9 * 48_000
    boxes = parse(data)
    assert [box.kind for box in boxes] == ["ftyp", "moov"] + ["moof", "mdat"] * len(track.segments)
    decode_time = 0
    for moof in (box for box in boxes if box.kind == "moof"):
        assert moof["traf/tfdt"].fields["base_media_decode_time"] == decode_time
        run = moof["traf/trun"].fields
        default = moof["traf/tfhd"].fields["default_duration"]
        decode_time += sum(run.get("durations", [default] * run["sample_count"]))
    assert decode_time == 9 * 48_000 + 2048


async def test_the_same_source_makes_the_same_bytes(tmp_path):
    tone = make_tone(tmp_path / "tone.ogg", seconds=5)
    async with worker_pool() as pool:
        first = await package(pool, tone, tmp_path / "1")
        again = await package(pool, tone, tmp_path / "2")
    assert renditions(first) == renditions(again)
    for name in renditions(first):
        assert (tmp_path / f"1/{name}.mp4").read_bytes() == (tmp_path / f"2/{name}.mp4").read_bytes()


async def test_a_cover_is_kept_as_it_is(tmp_path):
    picture = tmp_path / "cover.png"
    make_tone(picture, options=("-f", "lavfi", "-i", "color=red:s=64x64", "-map", "1:v", "-frames:v", "1"))
    tone = tmp_path / "tone.mp3"
    make_tone(tone, seconds=2, options=("-i", str(picture), "-map", "0:a", "-map", "1:v", "-c:v", "copy"))
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert reports[1] == Tagged(None, None, None, "image/png")
    assert (tmp_path / "out/cover").read_bytes() == picture.read_bytes()


@pytest.mark.parametrize("layout", ["mono", "3.0", "7.1"])
async def test_channels_are_kept_or_mixed_down(tmp_path, layout):
    tone = make_tone(tmp_path / "tone.wav", seconds=1, options=("-af", f"aformat=channel_layouts={layout}"))
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert rendition(reports).channels == (1 if layout == "mono" else 2)


async def test_samples_that_are_no_numbers_do_not_end_the_track(tmp_path):
    tone = make_tone(tmp_path / "tone.wav", seconds=3, options=("-c:a", "pcm_f32le"))
    data = bytearray(tone.read_bytes())
    data[200_000:200_016] = bytes.fromhex("0000c07f0000807f000080ffffff7f7f")  # NaN, inf, -inf, the largest
    tone.write_bytes(data)
    async with worker_pool() as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert reports[-1] == Finished(3_000)


async def test_a_source_may_change_its_format_on_the_way(tmp_path):
    one = make_tone(tmp_path / "one.aac", seconds=3, rate=44_100)
    two = make_tone(tmp_path / "two.aac", seconds=3, rate=32_000, channels=1)
    both = tmp_path / "both.aac"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    async with worker_pool() as pool:
        reports = await package(pool, both, tmp_path / "out")
    track = rendition(reports)
    assert (track.timescale, track.channels) == (44_100, 2)
    assert track.duration_ticks / track.timescale == pytest.approx(6, abs=0.2)


async def test_a_recording_longer_than_the_bound_is_refused(tmp_path):
    tone = make_tone(tmp_path / "tone.wav", seconds=3)
    async with worker_pool(max_duration_s=2) as pool:
        reports = await package(pool, tone, tmp_path / "out")
    assert reports[-1] == Refused("it is longer than 2 s")


@pytest.mark.parametrize("source", hostile(), ids=lambda path: path.name)
async def test_hostile_file(tmp_path, source: Path):
    expected = HOSTILE[source.name]
    async with worker_pool() as pool:
        reports = await package(pool, source, tmp_path / "out")
    if isinstance(expected, str):
        assert reports == [Refused(expected)]
        assert list((tmp_path / "out").iterdir()) == []
    else:
        assert reports[-1] == Finished(expected)
        for name, track in renditions(reports).items():
            assert track.size_bytes == (tmp_path / f"out/{name}.mp4").stat().st_size
    claims = [report.duration_ms or 0 for report in reports if isinstance(report, Opened)]
    assert all(claim < 60_000 for claim in claims)
