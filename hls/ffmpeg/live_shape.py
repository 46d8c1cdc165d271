"""Decoded frames of any format, as the samples of a show: 48 kHz, stereo, 32-bit float."""

from typing import Protocol

import numpy as np
from av import AudioCodecContext, AudioFrame, AudioResampler

from hls import analysis, intake
from hls.ffmpeg import sound
from hls.ffmpeg.shaper import kind
from hls.live import LIVE_RATE
from hls.live_source import SourceOpened, SourceTitled


class Sink(Protocol):
    """Where a source's sound goes."""

    def opened(self, opened: SourceOpened) -> None: ...

    def titled(self, titled: SourceTitled) -> None: ...

    def sound(self, samples: bytes) -> None:
        """Interleaved 32-bit floats, left and right."""
        ...


class Shape:
    """Frames in, samples out; tells when the format changes.

    Attributes:
        samples: so far.
    """

    def __init__(self, container: str, codec: AudioCodecContext, sink: Sink) -> None:
        self.samples = 0
        self._container = container
        self._codec = codec
        self._sink = sink
        self._kind: tuple[str, str, int] | None = None

    def feed(self, frame: AudioFrame) -> None:
        frame = sound.named(frame)
        if kind(frame) != self._kind:
            self.flush()
            self._begin(frame)
        frame.pts = None
        self._give(self._resampler.resample(frame))

    def flush(self) -> None:
        """What the resampler holds back."""
        if self._kind is not None:
            self._kind = None
            self._give(self._resampler.resample(None))

    def _begin(self, frame: AudioFrame) -> None:
        channels = len(frame.layout.channels)
        intake.check(frame.sample_rate, channels)
        self._kind = kind(frame)
        self._resampler = AudioResampler("flt", "stereo", LIVE_RATE)
        codec = self._codec
        self._sink.opened(
            SourceOpened(
                self._container, codec.name, frame.sample_rate, channels, max(0, codec.bit_rate or 0)
            )
        )

    def _give(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            samples = frame.to_ndarray().astype(np.float32, copy=False)
            if analysis.is_wild(samples):
                samples = analysis.tame(samples)
            self.samples += frame.samples
            self._sink.sound(samples.tobytes())
