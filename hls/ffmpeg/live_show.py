"""A show as its process sees it: sound in at any time, parts out on time."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hls import analysis, live_ladder
from hls.ffmpeg.live_encoder import Encoders, frame_of
from hls.ffmpeg.loudness import LoudnessMeter
from hls.live import CHUNK_TICKS, LIVE_CHANNELS, LIVE_RATE, AnyLiveReport, Begun, Ended, Marked
from hls.live_ladder import LOOKAHEAD_TICKS
from hls.meter import Meter
from hls.reservoir import Reservoir, Samples

_HOLD_S = 0.06
_FULL_TICKS = 3 * LIVE_RATE


class LiveShow:
    """The clock, what waits for it, and the encoders behind it. Times are monotonic seconds.

    Attributes:
        ended: `Ended` was reported.
    """

    def __init__(
        self,
        renditions: Sequence[str],
        first_part: int,
        first_ticks: int,
        report: Callable[[AnyLiveReport], None],
    ) -> None:
        """Open the encoders; see EncoderOrder."""
        self.ended = False
        self._report = report
        self._encoders = Encoders(
            live_ladder.plan(renditions), first_part=first_part, first_ticks=first_ticks
        )
        self._waiting = Reservoir()
        self._meter = Meter(LIVE_RATE, report)
        self._loudness = LoudnessMeter()
        self._began: float | None = None
        self._ticks = 0  # of the clock
        self._given = 0  # samples
        report(Begun(self._encoders.renditions))

    @property
    def full(self) -> bool:
        """So much waits that its source has to wait, too."""
        return len(self._waiting) >= _FULL_TICKS

    def due(self, now: float) -> float:
        """When the clock ticks next."""
        if self._began is None:
            return now + 1.0
        return self._began + _HOLD_S + (LOOKAHEAD_TICKS + (self._ticks + 1) * CHUNK_TICKS) / LIVE_RATE

    def sound(self, data: bytes, now: float) -> None:
        """Samples have come."""
        samples = np.frombuffer(data, np.float32).reshape(-1, LIVE_CHANNELS)
        if analysis.is_wild(samples):
            samples = analysis.tame(samples)
        if len(samples) and self._began is None:
            self._began = now
        self._waiting.put(samples)

    def mark(self, number: int) -> None:
        """What comes next is behind a mark."""
        self._waiting.mark(number)

    def switched(self) -> None:
        """What comes next is another source's."""

    def lost(self) -> None:
        """There is no source."""

    def tick(self, now: float) -> bool:
        """Let the clock tick if it is time; whether it did."""
        if self._began is None or now < self.due(now):
            return False
        wanted = CHUNK_TICKS + (0 if self._ticks else LOOKAHEAD_TICKS)
        self._ticks += 1
        samples = self._waiting.take(wanted)
        missing = np.zeros((wanted - len(samples), LIVE_CHANNELS), np.float32)
        self._give(np.concatenate((samples, missing)), len(samples))
        return True

    def finish(self, now: float) -> None:
        """The show is over: what waits is heard, and no more."""
        while len(self._waiting):
            samples = self._waiting.take(CHUNK_TICKS)
            self._give(samples, len(samples))
        self._tell(self._encoders.finish() if self._given else ())
        self._meter.finish()
        self._report(self._loudness.finish())
        self._report(Ended(self._given))
        self.ended = True

    def _give(self, samples: Samples, real: int) -> None:
        for ago, mark in self._waiting.passed():
            self._report(Marked(mark, self._given + real - ago))
        self._given += len(samples)
        self._tell(self._encoders.feed(samples))
        self._meter.feed(samples.T)
        self._loudness.feed(frame_of(samples, "flt"))

    def _tell(self, cuts: Iterable[AnyLiveReport]) -> None:
        for cut in cuts:
            self._report(cut)
