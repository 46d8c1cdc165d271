"""Brings decoded frames to one format, in even blocks, without losing count of a sample."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av import AudioFrame

from hls import intake
from hls.copier import whole_units
from hls.ffmpeg import sound
from hls.timeline import Timeline


def kind(frame: AudioFrame) -> tuple[str, str, int]:
    """What has to stay the same for one filter graph to go on."""
    return frame.format.name, frame.layout.name, frame.sample_rate


class Steady:
    """Puts silence where sound was lost. A source may change its format: chained Ogg and joined ADTS do."""

    def __init__(self, time_base: Fraction | None, unit_ticks: int = 1) -> None:
        """Begin.

        Args:
            time_base: seconds in a tick of the time stamps; None if the source has no idea of time.
            unit_ticks: silence is so many samples long, or a multiple of it.
        """
        self._time_base = time_base
        self._unit_ticks = unit_ticks
        self._kind: tuple[str, str, int] | None = None

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """The silence that belongs before a frame, and the frame."""
        frame = sound.named(frame)
        if kind(frame) != self._kind:
            intake.check(frame.sample_rate, len(frame.layout.channels))
            self._kind = kind(frame)
            self._timeline = Timeline(frame.sample_rate, self._time_base)
        lost = whole_units(self._timeline.feed(frame.pts, frame.samples), self._unit_ticks)
        while lost > 0:
            yield sound.silence(frame, min(lost, sound.BLOCK_SAMPLES))
            lost -= sound.BLOCK_SAMPLES
        frame.pts = None  # from here on, the place of a sample is its number
        yield frame


class Shaper:
    """Makes blocks of one format out of frames of any.

    What comes out has the length of what went in, to the nearest sample, whatever a resampler holds back or
    adds: renditions of different rates end together.
    """

    def __init__(self, sample_format: str, sample_rate: int, layout: str) -> None:
        self._form = {
            "sample_fmts": sample_format,
            "sample_rates": str(sample_rate),
            "channel_layouts": layout,
        }
        self._rate = sample_rate
        self._kind: tuple[str, str, int] | None = None
        self._taken: dict[int, int] = {}  # samples by their rate
        self._given = 0
        self._last: AudioFrame | None = None

    @property
    def due_ticks(self) -> int:
        """Samples that belong to what was taken, to the nearest."""
        if len(self._taken) == 1:  # as almost always, and asked for with every frame
            ((rate, samples),) = self._taken.items()
            return (2 * samples * self._rate + rate) // (2 * rate)
        exact = sum(Fraction(samples * self._rate, rate) for rate, samples in self._taken.items())
        return int(exact + Fraction(1, 2))

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """Take a frame; the blocks that it completes."""
        if kind(frame) != self._kind:
            yield from self._drain()
            self._adapt(frame)
        self._taken[frame.sample_rate] = self._taken.get(frame.sample_rate, 0) + frame.samples
        self._in.push(frame)
        self._held += frame.samples
        while self._held >= self._block:  # asking for a block that is not there would cost an exception
            try:
                block = self._out.pull()
            except BlockingIOError:  # the resampler holds some back
                return
            self._held -= self._block
            yield self._counted(block)

    def flush(self) -> Iterator[AudioFrame]:
        """What is left, the resampler's tail included, up to the last sample that is due."""
        due = self.due_ticks
        for block in self._drain():
            over = self._given - due
            if over < block.samples:
                yield sound.first(block, block.samples - over) if over > 0 else block
        if self._last is not None and self._given < due:
            yield sound.silence(self._last, due - self._given)

    def _drain(self) -> Iterator[AudioFrame]:
        if self._kind is not None:
            self._in.push(None)
            with suppress(EOFError):
                while True:
                    yield self._counted(self._out.pull())

    def _counted(self, block: AudioFrame) -> AudioFrame:
        self._given += block.samples
        self._last = block
        block.pts = None
        return block

    def _adapt(self, frame: AudioFrame) -> None:
        self._kind = kind(frame)
        self._held, self._block = 0.0, sound.BLOCK_SAMPLES * frame.sample_rate / self._rate
        self._graph = graph = av.filter.Graph()  # kept, because its parts refer to it weakly
        tick = Fraction(1, frame.sample_rate)
        self._in = graph.add_abuffer(None, frame.sample_rate, frame.format, frame.layout, time_base=tick)
        form = graph.add("aformat", **self._form)
        self._out: Any = graph.add("abuffersink")
        graph.link_nodes(self._in, form, self._out).configure()
        graph.set_audio_frame_size(sound.BLOCK_SAMPLES)
