"""Live sources and the encoder of a show, in real processes: containers, renditions, to a sample."""

import time
from pathlib import Path

import av
import numpy as np
import pytest

from hls import live_ladder
from hls.live import GRID, LIVE_RATE, Begun, ChunkCut, ClockBegun, Ended
from hls.live_source import SourceEnded, SourceOpened, SourceTitled
from hls.loudness import combine
from hls.report import LoudnessMeasured, PeaksCut
from tests.support.audio import make_tone, recordings
from tests.support.live_rig import Rig, rig, stream
from tests.support.pcm import honoured, likeness, undecodable

SECONDS = 3
CONTAINERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "mp3": ("sent.mp3", "mp3", ("-b:a", "128k")),
    "mp3 without a tag": ("sent.mp3", "mp3", ("-id3v2_version", "0", "-write_xing", "0")),
    "adts": ("sent.aac", "aac", ("-c:a", "aac")),
    "vorbis": ("sent.ogg", "ogg", ("-c:a", "libvorbis", "-page_duration", "20000")),
    "opus": ("sent.ogg", "ogg", ("-c:a", "libopus", "-page_duration", "20000")),
    "ogg flac": ("sent.oga", "ogg", ("-c:a", "flac", "-page_duration", "20000")),
    "webm": ("sent.webm", "matroska", ("-c:a", "libopus", "-cluster_time_limit", "100", "-live", "1")),
    "flv": ("sent.flv", "flv", ("-c:a", "aac")),
    "flv of mp3": ("sent.flv", "flv", ("-c:a", "libmp3lame", "-ar", "44100")),
    "wav": ("sent.wav", "wav", ()),
    "wav of 24 bits": ("sent.wav", "wav", ("-c:a", "pcm_s24le")),
    "flac": ("sent.flac", "flac", ()),
    "fragmented mp4": (
        "sent.mp4",
        "mov",
        ("-c:a", "aac", "-movflags", "empty_moov+frag_every_frame+default_base_moof"),
    ),
    "mpeg transport stream": ("sent.ts", "mpegts", ("-c:a", "aac")),
}


@pytest.fixture(scope="module")
def tone(tmp_path_factory) -> Path:
    return make_tone(tmp_path_factory.mktemp("tone") / "tone.flac", seconds=SECONDS, rate=LIVE_RATE)


def heard(rigged: Rig) -> np.ndarray:
    return np.frombuffer(bytes(rigged.sound_bytes), np.float32).reshape(-1, 2)


def source_opened(rigged: Rig) -> list[SourceOpened]:
    return [told for _, told in rigged.told if isinstance(told, SourceOpened)]


@pytest.mark.parametrize("name", CONTAINERS)
async def test_every_container_is_heard_at_once_and_to_its_end(name, tone, tmp_path):
    file, container, options = CONTAINERS[name]
    data = stream(tone, tmp_path, file, *options)
    # Code books come before Vorbis, and FFmpeg wants to see ten frames of FLAC.
    first = len(data) * {"vorbis": 30, "flac": 50}.get(name, 10) // 100
    async with rig() as rigged:
        await rigged.feed(data[:first])
        await rigged.until(lambda: rigged.samples)
        await rigged.feed(data[first:])
        await rigged.end()
    assert rigged.source_ended == SourceEnded()
    assert [opened.container for opened in source_opened(rigged)] == [container]
    assert abs(rigged.samples - SECONDS * LIVE_RATE) < 2_500, "but for what encoders put before and behind"
    original = stream(tone, tmp_path, "tone.wav", "-c:a", "pcm_f32le")[-SECONDS * LIVE_RATE * 8 :]
    same = likeness(np.frombuffer(original, np.float32).reshape(-1, 2), heard(rigged))
    assert same.correlation > 0.98


async def test_enhanced_rtmp_audio_is_heard(tone, tmp_path):
    file = tmp_path / "sent.flv"
    with av.open(str(tone)) as given, av.open(str(file), "w") as made:
        track = made.add_stream("libopus", rate=LIVE_RATE)
        for frame in given.decode(audio=0):
            made.mux(track.encode(frame))
        made.mux(track.encode(None))
    async with rig(container="flv") as rigged:
        await rigged.feed(file.read_bytes())
        await rigged.end()
    assert [opened.codec for opened in source_opened(rigged)] == ["opus"]
    assert abs(rigged.samples - SECONDS * LIVE_RATE) < 2_000


async def test_all_renditions_are_the_source_to_a_sample(tone, tmp_path):
    async with rig(live_ladder.NAMES) as rigged:
        await rigged.feed(stream(tone, tmp_path, "sent.wav"))
        await rigged.end()
        files = rigged.write_files(tmp_path)
    assert rigged.encoder_ended is None
    assert rigged.levels.filled_ticks == rigged.levels.dropped_ticks == 0
    assert rigged.of(Ended) == [Ended(SECONDS * LIVE_RATE)]
    original = heard(rigged)
    assert len(original) == SECONDS * LIVE_RATE
    assert set(files) == {"aac128", "aac64", "flac", "opus96"}
    for name, file in files.items():
        assert undecodable(file) == 0
        sound = honoured(file)
        assert len(sound) == len(original), name
        same = likeness(original, sound)
        assert same.lag_samples == 0, name
        assert same.correlation > (0.9 if name == "opus96" else 0.99), name
    assert np.array_equal(np.rint(honoured(files["flac"]) * 32768), np.rint(original * 32768))
    mp3 = tmp_path / "chunks.mp3"
    mp3.write_bytes(b"".join(unit for chunk in rigged.chunks("mp3") for unit in chunk.units))
    assert rigged.chunks("mp3")[0].at_ticks == -1105
    with av.open(str(mp3)) as decoded:
        sound = np.concatenate([frame.to_ndarray().T for frame in decoded.decode(audio=0)])[1105:]
    assert likeness(original, sound[: len(original)]).lag_samples == 0


async def test_parts_and_chunks_are_on_the_grid(tone, tmp_path):
    before_s = time.monotonic()
    async with rig(live_ladder.NAMES) as rigged:
        await rigged.feed(stream(tone, tmp_path, "sent.wav"))
        await rigged.end()
    (begun,), (clock,) = rigged.of(Begun), rigged.of(ClockBegun)
    assert before_s < clock.at_s < time.monotonic(), "a file is no pile, and their clock is ours"
    assert rigged.reports.index(clock) < rigged.reports.index(rigged.of(ChunkCut)[0])
    assert [rendition.name for rendition in begun.renditions] == list(live_ladder.NAMES)
    whole, rest = divmod(SECONDS * LIVE_RATE, GRID.part_ticks)
    for rendition in begun.renditions[:-1]:
        parts = rigged.parts(rendition.name)
        assert [part.number for part in parts] == list(range(whole + 1))
        assert [part.at_ticks for part in parts] == [GRID.part_ticks * at for at in range(whole + 1)]
        assert [part.duration_ticks for part in parts] == [GRID.part_ticks] * whole + [rest]
        units = [unit for chunk in rigged.chunks(rendition.name) for unit in chunk.units]
        inside = b"".join(part.data[part.data.rindex(b"mdat") + 4 :] for part in parts)
        assert b"".join(units) == inside, "chunks and parts are the same access units"
    (loudness,) = rigged.of(LoudnessMeasured)
    assert loudness.integrated_lufs is not None
    assert loudness.true_peak_dbtp == pytest.approx(20 * np.log10(0.4), abs=0.3)
    peaks = b"".join(cut.data for cut in rigged.of(PeaksCut))
    assert len(peaks) == 2 * -(-SECONDS * LIVE_RATE // 512)
    assert rigged.reports[-1] == Ended(SECONDS * LIVE_RATE)


async def test_how_loud_it_is_is_said_on_the_way_for_an_encoder_may_be_killed(tmp_path):
    tone = make_tone(tmp_path / "tone.flac", seconds=6, rate=LIVE_RATE)
    async with rig(["aac64"]) as rigged:
        await rigged.feed(stream(tone, tmp_path, "sent.wav"))
        await rigged.end()
    on_the_way, whole = rigged.of(LoudnessMeasured)
    assert on_the_way.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=0.2)
    assert combine([on_the_way.histogram]).integrated_lufs == pytest.approx(whole.integrated_lufs, abs=0.2)


async def test_a_chain_may_change_everything(tone, tmp_path):
    links = [
        stream(
            tone, tmp_path, "1.ogg", "-c:a", "libvorbis", "-metadata", "title=One", "-metadata", "artist=A"
        ),
        stream(tone, tmp_path, "2.ogg", "-c:a", "libopus", "-metadata", "title=Two"),
        stream(tone, tmp_path, "3.oga", "-c:a", "flac", "-ar", "44100", "-metadata", "title=Three"),
        stream(tone, tmp_path, "4.ogg", "-c:a", "libvorbis", "-ac", "1", "-ar", "16000", "-t", "1"),
    ]
    async with rig(("flac",)) as rigged:
        await rigged.feed(b"".join(links))
        await rigged.end()
        (file,) = [file for name, file in rigged.write_files(tmp_path).items() if name == "flac"]
    told = [(told.codec, told.sample_rate, told.channels) for told in source_opened(rigged)]
    assert told == [("vorbis", 48_000, 2), ("opus", 48_000, 2), ("flac", 44_100, 2), ("vorbis", 16_000, 1)]
    titles = [
        (round(at / LIVE_RATE), told.title) for at, told in rigged.told if isinstance(told, SourceTitled)
    ]
    assert titles == [(0, "One"), (3, "Two"), (6, "Three")]
    assert abs(rigged.samples - 10 * LIVE_RATE) < 10
    assert len(honoured(file)) == rigged.samples


async def test_marks_are_where_their_sound_is(tone, tmp_path):
    data = stream(tone, tmp_path, "sent.wav")
    async with rig() as rigged:
        rigged.source.mark(1)
        await rigged.feed(data[: len(data) // 2])
        rigged.source.mark(2)
        await rigged.feed(data[len(data) // 2 :])
        await rigged.end()
    assert rigged.marks() == {told: at for at, told in rigged.told if isinstance(told, int)}
    assert rigged.marks()[1] == 0
    assert abs(rigged.marks()[2] - SECONDS * LIVE_RATE // 2) < 5_000


async def test_a_show_goes_on_in_the_same_file(tone, tmp_path):
    data = stream(tone, tmp_path, "sent.wav")
    async with rig(("aac128", "flac")) as first:
        await first.feed(data)
        await first.end()
    parts = SECONDS * LIVE_RATE // GRID.part_ticks  # and a short one, as if the server had crashed before it
    ticks = parts * GRID.part_ticks
    async with rig(("aac128", "flac"), first_part=parts, first_ticks=ticks) as second:
        await second.feed(data)
        await second.end()
    assert [part.number for part in second.parts("flac")] == list(range(parts, 2 * parts + 1))
    assert second.parts("aac128")[0].data[4:8] == b"styp"
    assert second.parts("aac128")[0].at_ticks == 0
    for name in ("aac128", "flac"):
        (begun,), (again,) = first.of(Begun), second.of(Begun)
        inits = [rendition.init for told in (begun, again) for rendition in told.renditions]
        assert inits[:2] == inits[2:]
        file = tmp_path / f"{name}.mp4"
        sound = [part.data for part in first.parts(name)[:parts] + second.parts(name)]
        file.write_bytes(begun.renditions[name == "flac"].init + b"".join(sound))
        assert undecodable(file) == 0
        assert len(honoured(file)) == ticks + SECONDS * LIVE_RATE
        again_heard = honoured(file)[ticks + 4096 :]
        assert likeness(heard(second)[4096:], again_heard).lag_samples == 0


@pytest.mark.parametrize("recording", recordings(), ids=lambda path: path.name)
async def test_real_recordings_are_heard_or_refused_in_words(recording):
    """As fast as they are taken, for three seconds; what can't be read forwards is refused."""
    data = recording.read_bytes()
    async with rig(("aac64",)) as rigged:
        rigged.source.write(data[:500_000])
        rigged.source.finish()
        await rigged.until(lambda: rigged.samples > LIVE_RATE or rigged.source_ended is not None)
        rigged.source.kill()
        rigged.encoder.finish()
        await rigged.until(lambda: rigged.encoder_done)
    assert rigged.encoder_ended is None
    if not rigged.samples:
        assert recording.suffix in (".m4a", ".mp4", ".mp3"), rigged.source_ended
