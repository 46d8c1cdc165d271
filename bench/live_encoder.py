"""A live source and the encoder of a show in their processes, at real time: their cost and their delay.

`python -m bench.live_encoder SECONDS` takes so long for each set of renditions. Where all are made, what
comes out is compared with what went in, sample by sample.
"""

import asyncio
import sys
import tempfile
import time
from bisect import bisect_right
from pathlib import Path
from statistics import quantiles

import numpy as np

from bench.measure import cpu_s, rss_bytes
from hls.live import GRID, LIVE_RATE, AnyLiveReport, ChunkCut, Ended, Metered, PartCut
from tests.support.audio import make_tone, recordings
from tests.support.live_rig import Rig, rig, stream
from tests.support.pcm import honoured, likeness

SECONDS = 20
TARGET_PERCENT = 3.0
TARGET_MS = 60.0
CHUNK_TARGET_MS = 200.0
_BLOCK = LIVE_RATE // 50
_HEAD_BYTES = 44
SETS = (
    ("aac128",),
    ("aac128", "aac64"),
    ("aac128", "aac64", "mp3"),
    ("aac128", "aac64", "flac", "opus96", "mp3"),
)


class Watch(Rig):
    """Knows when each report came."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[float] = []

    def reported(self, report: AnyLiveReport) -> None:
        self.came.append(time.monotonic())
        super().reported(report)


class Sent:
    """When each sample was given to the source."""

    def __init__(self) -> None:
        self._samples: list[int] = []
        self._at: list[float] = []

    async def send(self, watch: Rig, wave: bytes, begin: int) -> None:
        """Samples of 16 bits, in blocks of 20 ms, on time."""
        block = _BLOCK * 4
        start = time.monotonic()
        for number, at in enumerate(range(begin, len(wave), block)):
            await asyncio.sleep(max(0.0, start + number * _BLOCK / LIVE_RATE - time.monotonic()))
            self._samples.append(number * _BLOCK)
            self._at.append(time.monotonic())
            watch.source.write(wave[at : at + block])

    def at(self, sample: int) -> float:
        """Monotonic seconds."""
        return self._at[bisect_right(self._samples, max(0, sample)) - 1]


def percentile(values: list[float], share: int) -> float:
    """Of milliseconds."""
    return quantiles(values, n=100)[share - 1]


def report_delays(watch: Watch, sent: Sent) -> None:
    """From when a sample went in to when what holds it came out, less the length of the part."""
    parts, chunks = [], []
    for came, report in zip(watch.came, watch.reports, strict=True):
        if isinstance(report, PartCut) and report.duration_ticks == GRID.part_ticks:
            parts.append((came - sent.at(report.at_ticks)) * 1000 - GRID.part_ticks / LIVE_RATE * 1000)
        elif isinstance(report, ChunkCut) and report.rendition == "aac128":
            chunks.append((came - sent.at(report.at_ticks)) * 1000)
    p99 = percentile(parts, 99)
    verdict = "met" if p99 <= TARGET_MS else "MISSED"
    print(
        f"  sound in to part available, beyond the part: p10 {percentile(parts, 10):.0f}, "
        f"p50 {percentile(parts, 50):.0f}, p99 {p99:.0f} ms "
        f"(aim <= {TARGET_MS:.0f}: {verdict})"
    )
    print(
        f"  sound in to chunk out: p50 {percentile(chunks, 50):.0f}, p99 {percentile(chunks, 99):.0f} ms "
        f"(aim <= {CHUNK_TARGET_MS:.0f})"
    )


def report_likeness(watch: Watch, folder: Path) -> None:
    """Every rendition against the source: at the beginning, in the middle and at the end.

    What was filled in for late sound makes what is behind it late by as much.
    """
    original = np.frombuffer(bytes(watch.sound_bytes), np.float32).reshape(-1, 2)
    for name, file in watch.write_files(folder).items():
        sound = honoured(file)
        span = min(len(original), 10 * LIVE_RATE)
        places = (0, (len(original) - span) // 2, len(original) - span)
        lags = [likeness(original[at : at + span], sound[at : at + span]).lag_samples for at in places]
        print(f"  {name}: {len(sound) - len(original):+d} samples, late by {lags} samples")


async def measure(renditions: tuple[str, ...], wave: bytes, seconds: float, folder: Path) -> float:
    """One show; CPU of its encoder in percent of a core."""
    async with rig(renditions, rigged=(watch := Watch())):
        sent = Sent()
        watch.source.write(wave[:_HEAD_BYTES])
        sending = asyncio.ensure_future(sent.send(watch, wave, _HEAD_BYTES))
        await asyncio.sleep(1)
        encoder, source = watch.encoder.pid, watch.source.pid
        assert encoder is not None and source is not None
        before, source_before, since = cpu_s(encoder), cpu_s(source), time.monotonic()
        await asyncio.sleep(seconds)
        lasted = time.monotonic() - since
        percent = (cpu_s(encoder) - before) / lasted * 100
        decoding = (cpu_s(source) - source_before) / lasted * 100
        print(
            f"{', '.join(renditions)}: encoder {percent:.2f}% of a core, {rss_bytes(encoder) >> 20} MiB; "
            f"source {decoding:.2f}%"
        )
        await sending
        await watch.end()
    levels = [report for report in watch.reports if isinstance(report, Metered)]
    print(
        f"  ticks late: p99 {percentile([level.late_ms for level in levels], 99):.0f} ms; "
        f"filled {levels[-1].filled_ticks}, dropped {levels[-1].dropped_ticks} samples; "
        f"{watch.of(Ended)[0].duration_ticks / LIVE_RATE:.3f} s"
    )
    report_delays(watch, sent)
    report_likeness(watch, folder)
    return percent


async def main(seconds: float, sets: tuple[tuple[str, ...], ...]) -> bool:
    """Measure every set; whether an AAC rendition costs no more than it may."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        music = [file for file in recordings() if file.name == "music-48k.ogg"]
        source = music[0] if music else make_tone(folder / "tone.flac", seconds=seconds + 2, rate=LIVE_RATE)
        options = ("-stream_loop", "-1") if music else ()
        wave = stream(
            source, folder, "sent.wav", "-t", f"{seconds + 2}", "-fflags", "+bitexact",
            "-flags:a", "+bitexact", before=options,
        )  # fmt: skip
        cost = [await measure(renditions, wave, seconds, folder) for renditions in sets]
    if len(cost) < 2:
        return True
    each = cost[1] - cost[0]
    print(
        f"an AAC rendition: {each:.2f}% of a core (aim <= {TARGET_PERCENT}); the rest: {cost[0] - each:.2f}%"
    )
    return each <= TARGET_PERCENT


if __name__ == "__main__":
    wanted = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    which = SETS if len(sys.argv) < 3 else SETS[-1:]
    sys.exit(0 if asyncio.run(main(wanted, which)) else 1)
