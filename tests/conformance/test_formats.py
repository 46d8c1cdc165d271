"""Whatever people record in becomes a track of the same length and sound, to the bit where it is lossless."""

import asyncio
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hls.report import Finished, Opened
from tests.support.audio import make_tone
from tests.support.pcm import decode, exact_samples, honoured, likeness
from tests.support.worker import package, renditions, worker_pool

SECONDS = 0.8
SURROUND = "pan=5.1|c0=c0|c1=c1|c2=c0|c3=c1|c4=c0|c5=c1"
SEVEN_ONE = "pan=7.1|c0=c0|c1=c1|c2=c0|c3=c1|c4=c0|c5=c1|c6=c0|c7=c1"
SIXTEEN = "pan=hexadecagonal|" + "|".join(f"c{place}=c{place % 2}" for place in range(16))
JOINT_S = 0.06  # what a codec adds or leaves out where its container does not say how much
FEW_SAMPLES = 0.003  # what ffmpeg's own Vorbis and Opus files are short of


@dataclass(frozen=True)
class Source:
    """How a source is made, and what is expected of it.

    Attributes:
        file: its name, whose ending says what it is.
        flac: it is lossless, and FLAC's rate, channels and samples are to be its own.
        off_by_s: how far its length may be from the sound it was made of.
        change: what is done to its bytes.
    """

    file: str
    rate: int = 44_100
    channels: int = 2
    options: tuple[str, ...] = ()
    flac: bool = False
    off_by_s: float = 0.0
    change: Callable[[bytes], bytes] | None = None


def huge_cover(mp3: bytes) -> bytes:
    """The MP3 behind an ID3v2.3 tag with a picture of 3 MB."""
    picture = b"\0image/jpeg\0\3\0" + b"\xff\xd8\xff\xe0" + bytes(range(256)) * 12_000
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame + mp3


def claims_five_gigabytes(rf64: bytes) -> bytes:
    """The RF64 with sizes that need 64 bits, as of a recording that was cut off while it was sent."""
    at = rf64.index(b"ds64") + 8
    return rf64[:at] + struct.pack("<QQQ", 5 << 30, 5 << 30, 0) + rf64[at + 24 :]


def twice(data: bytes) -> bytes:
    return data + data


RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000)
SOURCES = (
    *(Source(f"{rate}.wav", rate, flac=rate >= 44_100) for rate in RATES),
    *(Source(f"{rate}-24.flac", rate, options=("-sample_fmt", "s32"), flac=True) for rate in RATES[5:]),
    Source("mono.flac", 48_000, 1, flac=True),
    Source("mono.mp3", 22_050, 1),
    Source("5.1.flac", 48_000, options=("-af", SURROUND), flac=True),
    Source("7.1.wav", 48_000, options=("-af", SEVEN_ONE), flac=True),
    Source("5.1.m4a", 48_000, options=("-af", SURROUND)),
    Source("16.wav", 48_000, options=("-af", SIXTEEN, "-c:a", "pcm_f32le", "-t", "0.77"), off_by_s=0.03),
    Source("odd-rate.m4a", 22_050),
    Source("odd-rate-mono.m4a", 32_000, 1),
    Source("u8.wav", options=("-c:a", "pcm_u8"), flac=True),
    Source("s24.wav", 48_000, options=("-c:a", "pcm_s24le"), flac=True),
    Source("s32.wav", options=("-c:a", "pcm_s32le")),
    Source("float.wav", options=("-c:a", "pcm_f32le")),
    Source("double.wav", options=("-c:a", "pcm_f64le")),
    Source("alaw.wav", 8_000, 1, ("-c:a", "pcm_alaw")),
    Source("adpcm.wav", options=("-c:a", "adpcm_ms"), off_by_s=JOINT_S),
    Source("rf64.wav", options=("-rf64", "always"), flac=True),
    Source("5gb.wav", options=("-rf64", "always"), flac=True, change=claims_five_gigabytes),
    Source("wave.w64", 96_000, options=("-c:a", "pcm_s24le"), flac=True),
    Source("tone.aiff", flac=True),
    Source("s24.aiff", 192_000, options=("-c:a", "pcm_s24be"), flac=True),
    Source("tone.caf", options=("-c:a", "pcm_s16be"), flac=True),
    Source("tone.au", flac=True),
    Source("alac.m4a", options=("-c:a", "alac"), flac=True),
    Source("alac-24.m4a", 96_000, options=("-c:a", "alac", "-sample_fmt", "s32p"), flac=True),
    Source("tone.wv", options=("-sample_fmt", "s16p"), flac=True),
    Source("tone.tta", flac=True),
    Source("flac.ogg", options=("-c:a", "flac"), flac=True),
    Source("flac.mka", options=("-c:a", "flac"), flac=True),
    Source("pcm.mov", options=("-c:a", "pcm_s16le"), flac=True),
    Source("tone.mp3"),
    Source("vbr.mp3", options=("-q:a", "3", "-write_xing", "0", "-id3v2_version", "0"), off_by_s=JOINT_S),
    Source("cover.mp3", change=huge_cover),
    Source("tone.mp2", options=("-c:a", "mp2"), off_by_s=JOINT_S),
    Source("tone.ogg", options=("-c:a", "libvorbis"), off_by_s=FEW_SAMPLES),
    Source("chained.ogg", options=("-c:a", "libvorbis"), off_by_s=JOINT_S, change=twice),
    Source("tone.opus", 48_000, options=("-c:a", "libopus"), off_by_s=FEW_SAMPLES),
    Source("tone.webm", 48_000, options=("-c:a", "libopus"), off_by_s=JOINT_S),
    Source("tone.mka", options=("-c:a", "libvorbis"), off_by_s=JOINT_S),
    Source("index-at-end.m4a"),
    Source("index-first.m4a", options=("-movflags", "+faststart")),
    Source("fragments.mp4", options=("-movflags", "+frag_keyframe+empty_moov"), off_by_s=JOINT_S),
    Source("tone.aac", off_by_s=JOINT_S),
    Source("tone.wma", options=("-c:a", "wmav2"), off_by_s=2 * JOINT_S),
    Source("tone.ac3", 48_000, off_by_s=JOINT_S),
    Source("tone.eac3", 48_000, off_by_s=JOINT_S),
    Source("tone.ts", 48_000, options=("-c:a", "aac"), off_by_s=JOINT_S),
    Source("tone.flv", options=("-c:a", "aac"), off_by_s=JOINT_S),
    Source("film.mp4", 48_000, options=("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-shortest")),
    Source("film.mkv", 48_000, options=("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-c:a", "flac")),
)


def made(source: Source, folder: Path) -> Path:
    channels = {"channels": source.channels}
    path = make_tone(
        folder / source.file, seconds=SECONDS, rate=source.rate, options=source.options, **channels
    )
    if source.change is not None:
        path.write_bytes(source.change(path.read_bytes()))
    return path


def check(source: Source, path: Path, folder: Path, reports: list) -> None:
    assert isinstance(reports[-1], Finished), reports[-1]
    opened = next(report for report in reports if isinstance(report, Opened))
    assert opened.sample_rate == source.rate
    tracks = renditions(reports)
    one = next(iter(tracks.values()))
    assert one.codecs == "mp4a.40.2"
    assert one.timescale == (44_100 if source.rate % 44_100 == 0 else 48_000)
    assert one.channels == min(opened.channels, 2)
    seconds = SECONDS * (2 if source.change is twice else 1)
    assert one.duration_ticks / one.timescale == pytest.approx(
        seconds, abs=source.off_by_s + 0.6 / one.timescale
    )
    first = slice(int((SECONDS - 0.1) * one.timescale))  # joints of a chain are not the same to every FFmpeg
    original = decode(path, rate=one.timescale, channels=one.channels)[first]
    alike = likeness(original, honoured(folder / f"{one.name}.mp4")[first])
    assert alike.correlation > 0.95
    assert abs(alike.lag_samples) <= one.timescale * source.off_by_s + 1
    flac = tracks.get("flac")
    lossless = source.flac or source.file == "film.mkv"
    assert (flac is not None) == lossless
    if flac is not None:
        assert (flac.timescale, flac.channels) == (source.rate, opened.channels)
        assert np.array_equal(exact_samples(path), exact_samples(folder / "flac.mp4"))


async def test_every_format_becomes_a_track(tmp_path):
    wrong = {}

    async def run(pool, source: Source) -> None:
        try:
            path = await asyncio.to_thread(made, source, tmp_path)
            folder = tmp_path / f"{source.file}.out"
            reports = await package(pool, path, folder)
            await asyncio.to_thread(check, source, path, folder, reports)
        except (AssertionError, subprocess.CalledProcessError) as error:
            wrong[source.file] = str(error).splitlines()[0]

    async with worker_pool(("aac128", "flac")) as pool:
        turns = asyncio.Semaphore(3)
        async with asyncio.TaskGroup() as tasks:
            for source in SOURCES:

                async def in_turn(source=source) -> None:
                    async with turns:
                        await run(pool, source)

                tasks.create_task(in_turn())
    assert wrong == {}
