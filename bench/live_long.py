"""A long show of every rendition that has parts, as fast as it can be made: does it stay in step, and small?

`python -m bench.live_long MINUTES` (10 unless told) feeds the show of `hls.ffmpeg.live_show` blocks of 20 ms
on a clock of its own, on time, and ticks when it says so. Each minute of each rendition is decoded by FFmpeg,
laid over what went in, and must not be a sample early or late; FLAC must be the same to the bit. Memory is
looked at after each tenth. `python -m bench.live_long 120 memory` looks at nothing else, and keeps no files.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.measure import rss_bytes
from hls import live_ladder
from hls.ffmpeg.live_show import LiveShow
from hls.live import LIVE_CHANNELS, LIVE_RATE, AnyLiveReport, Begun, PartCut
from hls.reservoir import Samples
from tests.support.audio import make_tone, recordings
from tests.support.pcm import decode, honoured, likeness

MINUTES = 10
TARGET_PERCENT = 2.0  # that memory may grow by behind the first tenth
_BLOCK = LIVE_RATE // 50
_MINUTE = 60 * LIVE_RATE
_CHECKED = 10 * LIVE_RATE  # of each minute


class Files:
    """Writes what a show reports, rendition by rendition."""

    def __init__(self, folder: Path, kept: bool) -> None:
        self.paths: dict[str, Path] = {}
        self._folder = folder
        self._kept = kept

    def report(self, report: AnyLiveReport) -> None:
        match report:
            case Begun(renditions):
                for rendition in renditions:
                    if rendition.init:  # MP3 is for progressive listeners: it has no parts, and no end either
                        self.paths[rendition.name] = self._folder / f"{rendition.name}.mp4"
                        self.paths[rendition.name].write_bytes(rendition.init)
            case PartCut() if self._kept:
                with self.paths[report.rendition].open("ab") as file:
                    file.write(report.data)


def blocks(music: Samples, minutes: int) -> Iterator[Samples]:
    """Music over and over, each time as loud as no other time, 16 bits deep."""
    random = np.random.default_rng(1)
    left = minutes * _MINUTE
    while left > 0:
        loud = random.uniform(0.2, 0.9)
        again = (np.round(music * loud * 32767) / 32768).astype(np.float32)
        for at in range(0, len(again) - _BLOCK + 1, _BLOCK):
            if left <= 0:
                return
            yield again[at : at + _BLOCK]
            left -= _BLOCK


def run(music: Samples, minutes: int, files: Files) -> bool:
    """Make the show; whether memory stayed flat."""
    now = 0.0
    show = LiveShow(live_ladder.NAMES, files.report, first_part=0, first_ticks=0, hold_ms=40)
    sizes = []
    each = minutes * 60 * 50 // 10
    for number, block in enumerate(blocks(music, minutes)):
        arrival = number * _BLOCK / LIVE_RATE
        while (due := show.due(now)) <= arrival:
            now = due
            show.tick(lambda: now)  # noqa: B023  # called at once
        now = arrival
        show.sound(block.tobytes(), now)
        if number % each == each - 1:
            sizes.append(rss_bytes(os.getpid()))
    show.finish()
    grown = (sizes[-1] / sizes[0] - 1) * 100
    flat = grown <= TARGET_PERCENT
    print(
        f"memory: {sizes[0] >> 20} MiB after a tenth, {sizes[-1] >> 20} MiB at the end, {grown:+.1f} % "
        f"(aim <= {TARGET_PERCENT} %: {'met' if flat else 'MISSED'})"
    )
    return flat


def compare(music: Samples, minutes: int, files: Files) -> bool:
    """Lay every rendition over the source; whether all are in step."""
    source = np.concatenate(list(blocks(music, minutes)))
    good = True
    for name, path in files.paths.items():
        sound = honoured(path)
        lags = []
        for at in range(0, len(source) - _CHECKED, _MINUTE):
            span = slice(at, at + _CHECKED)
            lags.append(likeness(source[span], sound[span]).lag_samples)
        exact = name != "flac" or np.array_equal(sound[: len(source)], source)
        in_step = set(lags) == {0} and exact
        good &= in_step
        print(
            f"{name}: {len(sound) - len(source):+d} samples; late by {sorted(set(lags))} samples in "
            f"{len(lags)} minutes{', the same to the bit' if name == 'flac' and exact else ''}: "
            f"{'met' if in_step else 'MISSED'}"
        )
    return good


def main(minutes: int, what: str = "") -> bool:
    """Make a show and look at it; whether all aims were met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [file for file in recordings() if file.name == "music-48k.ogg"]
        song = found[0] if found else make_tone(folder / "tone.flac", seconds=60, rate=LIVE_RATE)
        music = decode(song, rate=LIVE_RATE, channels=LIVE_CHANNELS)
        files = Files(folder, kept=what != "memory")
        flat = run(music, minutes, files)
        return flat if what == "memory" else flat & compare(music, minutes, files)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    sys.exit(0 if main(wanted, *sys.argv[2:3]) else 1)
