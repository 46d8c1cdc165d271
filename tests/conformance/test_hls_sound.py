"""What comes out is what went in: the HLS of every recording, decoded by ffmpeg, beside its source."""

from pathlib import Path

import pytest

from hls import ladder, playlist
from hls.report import Finished
from tests.support.audio import make_tone, recordings
from tests.support.m3u8 import read_media, read_multivariant
from tests.support.pcm import audible, decode, likeness
from tests.support.worker import package, renditions, worker_pool

FRAME = 1024
DELAY = 2 * FRAME  # which ffmpeg plays too where a playlist stands before the file

# Correlation of what is left by 128 kbit/s: music with cymbals and noise at 5.1 or 24 bits loses the most.
LEAST_LIKENESS = 0.95

EXCERPT_S = 15  # of the beginning and of the end: what is lost or added in between shows in the second

TONES = {
    "tone.wav": {"rate": 44_100},
    "tone.mp3": {"rate": 44_100},
    "tone.m4a": {"rate": 48_000},
    "tone.opus": {"rate": 48_000},
    "voice.wav": {"rate": 22_050, "channels": 1},
}


async def track(source: Path, folder: Path, renditions=ladder.DEFAULT):
    """The first rendition of a track, with its playlists beside it as a server would give them."""
    return next(iter((await tracks(source, folder, renditions)).values()))


async def tracks(source: Path, folder: Path, names=ladder.DEFAULT):
    """The renditions of a track, with its playlists beside them as a server would give them."""
    async with worker_pool(names) as pool:
        reports = await package(pool, source, folder)
    assert isinstance(last := reports[-1], Finished)
    made = renditions(reports)
    for one in made.values():
        assert round(one.duration_ticks * 1000 / one.timescale) == last.duration_ms
    for one in made.values():
        (folder / f"{one.name}.m3u8").write_text(playlist.media(one, f"{one.name}.mp4"))
    text = playlist.multivariant(list(made.values()), lambda each: f"{each.name}.m3u8")
    (folder / "index.m3u8").write_text(text)
    return made


async def check(source: Path, folder: Path, heard_of=(*ladder.DEFAULT, "opus96")) -> None:
    """Make every rendition there is, and listen to some."""
    every = await tracks(source, folder, (*ladder.DEFAULT, "opus96"))
    made = {name: one for name, one in every.items() if name in heard_of}
    originals = {rate: decode(source, rate=rate) for rate in {one.timescale for one in made.values()}}
    for one in made.values():
        original, rate = originals[one.timescale], one.timescale
        for address in (f"{one.name}.m3u8", f"{one.name}.mp4"):
            heard = decode(folder / address, rate=rate)
            for start in {0, max(len(original) - EXCERPT_S * rate, 0)}:
                excerpt = slice(start, start + EXCERPT_S * rate)
                alike = likeness(audible(original[excerpt], rate), audible(heard[excerpt], rate))
                # Half the bits lose twice as much, and more of what is above 16 kHz.
                assert alike.correlation >= (0.9 if one.name == "aac64" else LEAST_LIKENESS), address
                assert 0 <= alike.lag_samples <= rate // 1000 + DELAY, address
            assert abs(len(heard) - alike.lag_samples - len(original)) <= DELAY + FRAME, address
        # ffmpeg skips neither more nor less at the start of the source than this did; but it plays the
        # padding at the end of an MP4 of AAC, where its edit list ends before.
        padding = len(original) - one.duration_ticks
        assert -1 <= padding <= (FRAME if source.suffix in (".m4a", ".mp4") else 1), one.name


@pytest.mark.parametrize("source", recordings(), ids=lambda path: path.name)
async def test_recording(tmp_path, source):
    await check(source, tmp_path / "out", ("aac128", "flac", "opus96"))


@pytest.mark.parametrize("name", TONES)
async def test_tone(tmp_path, name):
    await check(make_tone(tmp_path / name, seconds=9, **TONES[name]), tmp_path / "out")


async def test_playlists_say_what_the_file_is(tmp_path):
    one = await track(make_tone(tmp_path / "tone.flac", seconds=13), tmp_path / "out")
    media = read_media((tmp_path / "out/aac128.m3u8").read_text())
    assert sum(piece.duration_s for piece in media.pieces) == 13
    size = (tmp_path / "out/aac128.mp4").stat().st_size
    assert media.pieces[-1].offset + media.pieces[-1].size == size
    variants = read_multivariant((tmp_path / "out/index.m3u8").read_text()).variants
    codecs = [variant.attributes["CODECS"] for variant in variants]
    assert codecs == ["mp4a.40.2", "mp4a.40.2", "mp4a.40.2", "fLaC"]
    variant = variants[0]
    average = int(variant.attributes["AVERAGE-BANDWIDTH"])
    assert average == pytest.approx(size * 8 / 13, rel=0.01)
    assert average <= int(variant.attributes["BANDWIDTH"]) <= 160_000
    assert one.complete


async def test_lost_packets_leave_silence_and_the_rest_in_its_place(tmp_path):
    tone = make_tone(tmp_path / "tone.flac", seconds=12)
    data = bytearray(tone.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    damaged = tmp_path / "damaged.flac"
    damaged.write_bytes(data)
    one = await track(damaged, tmp_path / "out")
    assert one.duration_ticks == 12 * 44_100
    original = decode(tone, rate=44_100)
    heard = decode(tmp_path / "out/aac128.mp4", rate=44_100)
    for part in (slice(44_100, 3 * 44_100), slice(9 * 44_100, 11 * 44_100)):
        alike = likeness(original[part], heard[part])
        assert alike.correlation > 0.9
        assert abs(alike.lag_samples - DELAY) <= 2


async def test_an_album_goes_on_without_a_gap(tmp_path):
    whole = make_tone(tmp_path / "whole.wav", seconds=8)
    lengths = []
    for name, cut in (("one.flac", "0:123457"), ("two.flac", "123457:9999999")):
        start, end = cut.split(":")
        options = ("-i", str(whole), "-map", "1", "-af", f"atrim=start_sample={start}:end_sample={end}")
        make_tone(tmp_path / name, seconds=1, options=options)
        lengths.append((await track(tmp_path / name, tmp_path / name[:3])).duration_ticks)
    assert lengths == [123_457, 8 * 44_100 - 123_457]
