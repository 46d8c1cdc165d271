"""What a show does with sources that crash, lie, stall or hurry, and what is left when its encoder dies."""

import os
import signal

import numpy as np
import pytest

from hls.live import GRID, LIVE_RATE, Ended
from hls.live_source import SourceEnded
from hls.report import Broken, Refused
from tests.support.audio import hostile, make_tone
from tests.support.live_rig import Rig, another_source, rig, stream
from tests.support.pcm import honoured, undecodable


@pytest.fixture(scope="module")
def wave(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("tone")
    return stream(make_tone(folder / "tone.flac", seconds=3, rate=LIVE_RATE), folder, "tone.wav")


async def parts_go_on(rigged: Rig) -> None:
    before = len(rigged.parts("aac64"))
    await rigged.until(lambda: len(rigged.parts("aac64")) >= before + 3)


async def test_a_killed_decoder_costs_silence_and_another_source_is_heard(wave, tmp_path):
    async with rig(("aac64", "flac")) as rigged:
        await rigged.feed(wave[: len(wave) // 3])
        await rigged.until(lambda: rigged.samples > LIVE_RATE // 2)
        assert rigged.source.pid is not None
        os.kill(rigged.source.pid, signal.SIGKILL)
        await rigged.until(lambda: rigged.source_ended is not None)
        assert rigged.source_ended == Broken(
            "the worker was killed (signal 9); the machine may have run out of memory"
        )
        rigged.encoder.lost()
        await parts_go_on(rigged)
        assert rigged.levels.filled_ticks > 0
        async with another_source(rigged):
            rigged.encoder.switched()
            rigged.encoder.mark(1)
            await rigged.feed(wave)
            await rigged.end()
        files = rigged.write_files(tmp_path)
    assert rigged.encoder_ended is None
    flac = honoured(files["flac"])
    assert rigged.of(Ended) == [Ended(len(flac))]
    again = flac[rigged.marks()[1] :]
    whole = np.frombuffer(bytes(rigged.sound_bytes[-3 * LIVE_RATE * 8 :]), np.float32).reshape(-1, 2)
    assert np.abs(again[2000:100_000] - whole[2000:100_000]).max() < 1e-4, "to a sample, behind its mark"
    assert not flac[rigged.marks()[1] - GRID.part_ticks : rigged.marks()[1]].any(), "silence before"


@pytest.mark.parametrize("file", hostile(), ids=lambda path: path.name)
async def test_hostile_sources_leave_the_encoder_going(file, wave):
    async with rig(("aac64",)) as rigged:
        rigged.encoder.write(np.zeros((LIVE_RATE, 2), np.float32).tobytes())
        await rigged.feed(file.read_bytes()[:100_000])
        rigged.source.finish()
        await rigged.until(lambda: rigged.source_ended is not None)
        assert isinstance(rigged.source_ended, SourceEnded | Refused), rigged.source_ended
        await parts_go_on(rigged)
        rigged.encoder.finish()
        await rigged.until(lambda: rigged.encoder_done)
    assert rigged.encoder_ended is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:4\nhttp://127.0.0.1/1.ts\n" * 99, "not sound in a format"),
        (b"\0" * 100_000, "not sound in a format"),
        (b"OggS" + b"\0" * 100_000, "not sound in a format"),
        (b"fLaC" + b"\xaa" * 100_000, "not sound in a format"),
        (b"\xff\xfb\x90\x64" + b"\xaa" * 100_000, "no frames of MPEG audio in it"),
        (b"", "not sound in a format"),
    ],
)
async def test_what_is_no_sound_is_refused_in_words(data, reason):
    async with rig(("aac64",)) as rigged:
        rigged.source.write(data)
        rigged.source.finish()
        await rigged.until(lambda: rigged.source_ended is not None)
    assert isinstance(rigged.source_ended, Refused)
    assert reason in rigged.source_ended.reason


async def test_damage_is_skipped(wave, tmp_path):
    tone = make_tone(tmp_path / "tone.flac", seconds=3, rate=LIVE_RATE)
    for name, options in (("t.mp3", ()), ("t.aac", ("-c:a", "aac")), ("t.ogg", ("-c:a", "libopus"))):
        data = bytearray(stream(tone, tmp_path, name, *options))
        middle = len(data) // 2
        data[middle : middle + 500] = b"\xa5" * 500
        async with rig(("aac64",)) as rigged:
            await rigged.feed(bytes(data))
            await rigged.end()
        assert rigged.source_ended == SourceEnded(), name
        assert rigged.samples > 1.8 * LIVE_RATE, name


async def test_a_killed_encoder_is_told(wave):
    async with rig(("aac64",)) as rigged:
        await rigged.feed(wave[:200_000])
        await rigged.until(lambda: rigged.parts("aac64"))
        assert rigged.encoder.pid is not None
        os.kill(rigged.encoder.pid, signal.SIGKILL)
        await rigged.until(lambda: rigged.encoder_done)
        assert isinstance(rigged.encoder_ended, Broken)
        assert "signal 9" in rigged.encoder_ended.reason
        rigged.encoder.write(bytes(8000))
        rigged.encoder.mark(1)
        rigged.encoder.finish()
        assert rigged.encoder.pid is None


async def test_a_file_as_fast_as_it_goes_is_held_back_and_all_of_it_is_heard(tmp_path):
    tone = make_tone(tmp_path / "tone.flac", seconds=8, rate=LIVE_RATE)
    async with rig(("flac",)) as rigged:
        await rigged.feed(stream(tone, tmp_path, "sent.wav"))
        await rigged.end()
        files = rigged.write_files(tmp_path)
    assert rigged.paused
    assert rigged.levels.dropped_ticks == rigged.levels.filled_ticks == 0
    sent = np.frombuffer(bytes(rigged.sound_bytes), np.float32).reshape(-1, 2)
    assert len(sent) == 8 * LIVE_RATE
    assert np.array_equal(np.rint(honoured(files["flac"]) * 32768), np.rint(sent * 32768))


async def test_a_stall_is_bridged_and_parts_stay_whole(wave, tmp_path):
    """Half a second, nothing for a second and a half, and then all at once, as after a bad network."""
    async with rig(("aac64", "flac")) as rigged:
        await rigged.feed(wave[: len(wave) // 6], seconds=0.5)
        await rigged.until(lambda: len(rigged.parts("flac")) >= 6)
        await rigged.feed(wave[len(wave) // 6 : 2 * len(wave) // 3])
        await rigged.until(lambda: len(rigged.parts("flac")) >= 9)
        await rigged.end()
        files = rigged.write_files(tmp_path)
    assert rigged.levels.filled_ticks > LIVE_RATE
    for name in ("aac64", "flac"):
        assert {part.duration_ticks for part in rigged.parts(name)[:-1]} == {GRID.part_ticks}
        assert undecodable(files[name]) == 0
    assert len(honoured(files["flac"])) == rigged.of(Ended)[0].duration_ticks


async def test_a_source_may_be_ended_before_it_has_begun():
    async with rig(("aac64",)) as rigged:
        rigged.source.kill()
        rigged.encoder.finish()
        await rigged.until(lambda: rigged.encoder_done)
    assert rigged.of(Ended) == [Ended(0)]
    assert rigged.parts("aac64") == []
