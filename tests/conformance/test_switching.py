"""A player may go on with any other rendition behind any segment: nothing is missing, doubled or clicks."""

import asyncio
from dataclasses import dataclass
from itertools import chain, permutations
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hls import ladder, playlist
from hls.model import Rendition
from tests.support.audio import make_tone
from tests.support.boxes import parse
from tests.support.m3u8 import read_media, read_multivariant
from tests.support.pcm import exact_samples
from tests.support.worker import package, renditions, worker_pool

ALL = (*ladder.DEFAULT, "opus96")
SECONDS = 13
RATE = 48_000
AAC = ("aac64", "aac128", "aac256")
DELAY = 2048  # of AAC, by its edit list; FFmpeg's decoder of Opus leaves out that one's by itself


@dataclass(frozen=True)
class Song:
    folder: Path
    tracks: dict[str, Rendition]
    reference: np.ndarray

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.mp4"

    def end_of(self, segments: int) -> int:
        """The sample behind so many segments."""
        return sum(segment.duration_ticks for segment in self.tracks["flac"].segments[:segments])


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Song:
    """A sweep in every rendition."""
    folder = tmp_path_factory.mktemp("switching")
    tone = make_tone(folder / "tone.flac", seconds=SECONDS, rate=RATE)

    async def packaged() -> dict[str, Rendition]:
        async with worker_pool(ALL) as pool:
            return renditions(await package(pool, tone, folder))

    return Song(folder, asyncio.run(packaged()), exact_samples(tone) / 2.0**31)


def test_the_multivariant_playlist_says_what_the_files_are(song):
    assert list(song.tracks) == ["aac128", "aac64", "aac256", "flac", "opus96"]
    text = playlist.multivariant(list(song.tracks.values()), lambda one: f"{one.name}.m3u8")
    variants = read_multivariant(text).variants
    assert [variant.uri for variant in variants] == [f"{name}.m3u8" for name in song.tracks]
    codecs = [variant.attributes["CODECS"] for variant in variants]
    assert codecs == ["mp4a.40.2", "mp4a.40.2", "mp4a.40.2", "fLaC", "Opus"]
    for variant, (name, one) in zip(variants, song.tracks.items(), strict=True):
        pieces = read_media(playlist.media(one, f"{name}.mp4")).pieces
        assert sum(piece.duration_s for piece in pieces) == pytest.approx(SECONDS, abs=1e-6)
        size = song.file(name).stat().st_size
        assert pieces[-1].offset + pieces[-1].size == size
        # RFC 8216bis 4.4.6.2: the heaviest run of segments that is about as long as the target; and all.
        runs = (pieces[i:j] for j in range(len(pieces) + 1) for i in range(j))
        sums = ((sum(piece.size for piece in run), sum(piece.duration_s for piece in run)) for run in runs)
        peak = max(size * 8 / length_s for size, length_s in sums if 2 <= length_s <= 6)
        average = (size - one.init_size_bytes) * 8 / SECONDS
        assert int(variant.attributes["BANDWIDTH"]) == pytest.approx(peak, abs=1)
        assert int(variant.attributes["AVERAGE-BANDWIDTH"]) == pytest.approx(average, abs=1)


def joined(segments: list[list[bytes]]) -> list[bytes]:
    return list(chain.from_iterable(segments))


def units(path: Path) -> list[list[bytes]]:
    """The access units of a rendition, by segment."""
    data = path.read_bytes()
    boxes = parse(data)
    segments = []
    for moof, mdat in zip(
        (box for box in boxes if box.kind == "moof"),
        (box for box in boxes if box.kind == "mdat"),
        strict=True,
    ):
        at, found = mdat.offset + 8, []
        for size in moof["traf/trun"].fields["sizes"]:
            found.append(data[at : at + size])
            at += size
        segments.append(found)
    return segments


def decoded(path: Path, spliced: list[bytes]) -> np.ndarray:
    """Access units through one decoder, which was set up with the init segment of `path`: float, (n, 2).

    What the decoder leaves out at its start, as that of Opus does, is nothing here.
    """
    with av.open(str(path)) as file:
        codec: Any = av.CodecContext.create(file.streams.audio[0].codec_context.name, "r")
        codec.extradata = file.streams.audio[0].codec_context.extradata
    blocks = []
    for unit in [*spliced, None]:
        for frame in codec.decode(None if unit is None else av.Packet(unit)):
            block = frame.to_ndarray()
            channels = len(frame.layout.channels)
            blocks.append(block.T if frame.format.is_planar else block.reshape(-1, channels))
    whole = np.concatenate(blocks)
    if codec.name == "opus":
        left_out = len(spliced) * 960 - len(whole)
        whole = np.concatenate([np.zeros((left_out, whole.shape[1]), whole.dtype), whole])
    return whole if whole.dtype == np.float32 else whole / 2.0 ** (whole.dtype.itemsize * 8 - 1)


def error_about(joint: int, heard: np.ndarray, reference: np.ndarray, reach: int = 1500) -> float:
    around = slice(joint - reach, joint + reach)
    return float(np.abs(heard[around] - reference[around]).max())


def test_behind_any_segment_of_aac_any_other_goes_on(song):
    """One decoder takes what follows: the frames of all three lie on one grid, so halves of windows meet."""
    parts = {name: units(song.file(name)) for name in AAC}
    alone = {name: decoded(song.file(name), joined(parts[name]))[DELAY:] for name in AAC}
    for one, other in permutations(AAC, 2):
        for behind in range(1, len(parts[one])):
            spliced = joined(parts[one][:behind] + parts[other][behind:])
            heard = decoded(song.file(one), spliced)[DELAY:]
            assert 0 <= len(heard) - len(song.reference) < 1024
            joint = song.end_of(behind)
            usual = max(error_about(joint, alone[name], song.reference) for name in (one, other))
            assert error_about(joint, heard, song.reference) <= 1.5 * usual, (one, other, behind)


@pytest.mark.parametrize("name", [*AAC, "opus96"])
def test_between_codecs_the_sound_goes_on_at_the_same_sample(song, name):
    """From FLAC a player decodes the units of the roll distance first; to FLAC it just goes on."""
    flac, lossy = units(song.file("flac")), units(song.file(name))
    delay, frame, roll = (960, 960, 4) if name == "opus96" else (DELAY, 1024, 1)
    alone = decoded(song.file(name), joined(lossy))[delay:]
    for behind in range(1, len(flac)):
        joint = song.end_of(behind)
        usual = error_about(joint, alone, song.reference)
        before = decoded(song.file(name), joined(lossy[:behind]))[delay:]
        up = np.concatenate([before, decoded(song.file("flac"), joined(flac[behind:]))])
        assert len(up) == len(song.reference)
        assert error_about(joint, up, song.reference) <= 1.2 * usual, behind
        rolled = decoded(song.file(name), lossy[behind - 1][-roll:] + joined(lossy[behind:]))
        down = np.concatenate([decoded(song.file("flac"), joined(flac[:behind])), rolled[roll * frame :]])
        assert 0 <= len(down) - len(song.reference) < frame
        # Opus has half forgotten after 80 ms what its decoder did not hear; its standard finds that enough.
        allowed = 0.2 if name == "opus96" else 1.5 * usual
        assert error_about(joint, down, song.reference) <= allowed, behind
