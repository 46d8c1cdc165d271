"""Loudness as EBU R128 has it, measured by FFmpeg's filter beside the encoders."""

from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av import AudioFrame

from hls import loudness
from hls.ffmpeg import sound
from hls.report import LoudnessMeasured


class LoudnessMeter:
    """Takes blocks of one format. `feed` may run in a thread of its own."""

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None
        self._last: AudioFrame | None = None
        self._samples = 0
        self._told: dict[str, str] = {}
        self._histogram = loudness.Histogram()

    def feed(self, block: AudioFrame) -> None:
        """Take a block. It is only read."""
        if self._graph is None:
            self._begin(block)
        self._last = block
        self._samples += block.samples
        self._in.push(block)
        with suppress(BlockingIOError):
            self._pull()

    @property
    def told(self) -> Mapping[str, str]:
        """What the filter said last, by its names; nothing before the first tenth of a second."""
        return self._told

    @property
    def measured(self) -> LoudnessMeasured:
        """So far."""
        return self._measured(self._told, self._histogram)

    def finish(self) -> LoudnessMeasured:
        """Nothing more comes; what was measured."""
        told, histogram = self._told, self._histogram
        if self._last is not None:
            self._histogram = loudness.Histogram()  # for what is not of the track
            # The filter looks at whole tenths of a second, and would say nothing of a peak in the last. What
            # makes it whole adds no edge that sounds have not, and does not count for their loudness.
            rest = -self._samples % (self._last.sample_rate // 10)
            if rest:
                self.feed(sound.mirrored(self._last, rest))
            self._in.push(None)
            with suppress(EOFError):
                self._pull()
        peak = {name: value for name, value in self._told.items() if name == loudness.TRUE_PEAK}
        return self._measured({**told, **peak}, histogram)

    def _measured(self, told: Mapping[str, str], histogram: loudness.Histogram) -> LoudnessMeasured:
        whole = loudness.told(told)
        histogram.true_peak_dbtp = whole.true_peak_dbtp
        return LoudnessMeasured(
            whole.integrated_lufs, whole.range_lu, whole.true_peak_dbtp, histogram.to_bytes()
        )

    def _begin(self, block: AudioFrame) -> None:
        self._graph = graph = av.filter.Graph()  # kept, because its parts refer to it weakly
        tick = Fraction(1, block.sample_rate)
        self._in = graph.add_abuffer(None, block.sample_rate, block.format, block.layout, time_base=tick)
        meter = graph.add("ebur128", peak="true", metadata="1", framelog="quiet")
        self._out: Any = graph.add("abuffersink")
        graph.link_nodes(self._in, meter, self._out).configure()

    def _pull(self) -> None:
        while True:
            self._told = told = self._out.pull().metadata or self._told
            if told:
                self._histogram.count(float(told["lavfi.r128.M"]), float(told["lavfi.r128.S"]))
