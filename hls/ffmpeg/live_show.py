"""A show as its process sees it: sound in at any time, parts out on time."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hls import analysis, live_ladder, loudness
from hls.beginning import MAX_AHEAD_S, WATCH_S
from hls.bridge import Bridge
from hls.ffmpeg.live_encoder import Encoders, frame_of
from hls.ffmpeg.loudness import LoudnessMeter
from hls.ladder import AAC_FRAME_TICKS
from hls.levels import LevelMeter
from hls.live import (
    CHUNK_TICKS,
    LIVE_CHANNELS,
    LIVE_RATE,
    AnyLiveReport,
    Begun,
    ClockBegun,
    Ended,
    Marked,
    Metered,
)
from hls.live_ladder import LOOKAHEAD_TICKS
from hls.mender import Mender
from hls.meter import Meter
from hls.reservoir import Samples

_STEP_TICKS = AAC_FRAME_TICKS
"""So much is encoded at a time, as soon as it is there: little is left to be done when a part is due."""
_MAX_EARLY_TICKS = CHUNK_TICKS - _STEP_TICKS
_FULL_TICKS = 3 * LIVE_RATE
_FULL_AT_FIRST_TICKS = round((MAX_AHEAD_S + WATCH_S) * LIVE_RATE)  # nothing is taken meanwhile
_NEVER_S = 1.0
_MIN_HOLD_S = 0.010  # a source whose clock is 200 ppm slow takes 6 ms until that is known
_HELD_JITTERS = 4
_LOOK_S = 0.02
_LOUDNESS_TICKS = 5 * LIVE_RATE
"""So often it is said how loud the whole is: an encoder that is killed says nothing at its end."""


class LiveShow:
    """The clock, what waits for it, and the encoders behind it. Times are monotonic seconds.

    The clock begins with the first sound, or earlier by what had piled up at its source: that is encoded at
    once, as soon as it is known how much it is. A show that goes on begins no earlier, behind what it has
    given. The first tick takes what the encoders look ahead, in addition.
    While sound goes on, it is encoded as it comes, but for the last step of a tick; the tick takes what is
    left, and fills what is missing.

    Attributes:
        ended: `Ended` was reported.
    """

    def __init__(
        self,
        renditions: Sequence[str],
        report: Callable[[AnyLiveReport], None],
        *,
        first_part: int,
        first_ticks: int,
        hold_ms: int,
    ) -> None:
        """Open the encoders; see EncoderOrder."""
        self.ended = False
        self._report = report
        self._encoders = Encoders(
            live_ladder.plan(renditions), first_part=first_part, first_ticks=first_ticks
        )
        self._max_hold_s = hold_ms / 1000
        self._hold_s = 0.0
        hold_ticks = hold_ms * LIVE_RATE // 1000
        self._bridge = Bridge(LIVE_RATE, hold_ticks=hold_ticks, full_ticks=_FULL_TICKS)
        self._mender = Mender(self._bridge, full_ticks=_FULL_TICKS)
        self._waveform = Meter(LIVE_RATE, report)
        self._loudness = LoudnessMeter()
        self._levels = LevelMeter(LIVE_RATE)
        self._began: float | None = None
        self._may_be_earlier = not first_part
        self._ready_at: float | None = None  # when it was known how the clock begins
        self._ticks = 0  # of the clock
        self._early: list[Samples] = []  # steps of the next tick
        self._early_ticks = 0
        self._loudness_ticks = _LOUDNESS_TICKS
        report(Begun(self._encoders.renditions))

    @property
    def full(self) -> bool:
        """So much waits that its source has to wait, too."""
        if self._ready_at is None and self._may_be_earlier and self._bridge.watching:
            return len(self._mender) >= _FULL_AT_FIRST_TICKS
        return self._mender.full

    def due(self, now: float) -> float:
        """When the clock ticks next."""
        if self._began is None:
            return now + _NEVER_S
        if self._ready_at is None:
            self._hold()
            due = self._at(CHUNK_TICKS)
            if now < due:
                return due
            if not self._ready(now):
                return now + _LOOK_S
        return self._at(CHUNK_TICKS)

    def sound(self, data: bytes, now: float) -> None:
        """Samples have come."""
        samples = np.frombuffer(data, np.float32).reshape(-1, LIVE_CHANNELS)
        if not len(samples):
            return
        if analysis.is_wild(samples):
            samples = analysis.tame(samples)
        if self._began is None:
            self._began = now
        self._mender.put(now, samples)
        while self._ticks and self._early_ticks < _MAX_EARLY_TICKS and self._mender.goes_on(_STEP_TICKS):
            self._early_ticks += _STEP_TICKS
            self._encode(self._mender.take(self._at(self._early_ticks), _STEP_TICKS))

    def mark(self, number: int) -> None:
        """What comes next is behind a mark."""
        self._mender.mark(number)

    def switched(self) -> None:
        """What comes next is another source's."""
        self._mender.switch()

    def lost(self) -> None:
        """There is no source."""
        self._mender.lose()

    def tick(self, now: Callable[[], float]) -> bool:
        """Let the clock tick if it is time; whether it did."""
        began = now()
        due = self.due(began)
        if began < due:
            return False
        wanted = CHUNK_TICKS - self._early_ticks + (0 if self._ticks else LOOKAHEAD_TICKS)
        self._ticks += 1
        self._early_ticks = 0
        # What the clock says, not when it was heard: one tick that is late is not a source that is early.
        self._encode(self._mender.take(due, wanted))
        self._tell(self._encoders.tick())
        self._measure()
        assert self._ready_at is not None
        self._tell_levels((now() - max(due, self._ready_at)) * 1000)
        return True

    def finish(self) -> None:
        """The show is over: what waits is heard, and no more."""
        if self._began is not None and self._ready_at is None:
            self._begin(self._began, 0.0)
        while len(self._mender):
            self._encode(self._mender.rest(CHUNK_TICKS))
        self._measure()
        self._tell(self._encoders.finish() if self._mender.given else ())
        if not self._ticks:  # it never was said how it sounds
            self._tell_levels(0.0)
        self._waveform.finish()
        self._report(self._loudness.finish())
        self._report(Ended(self._mender.given))
        self.ended = True

    def _hold(self) -> None:
        """How steadily the first blocks have come says how little is enough to begin with."""
        self._hold_s = min(self._max_hold_s, max(_MIN_HOLD_S, _HELD_JITTERS * self._bridge.jitter_s))

    def _ready(self, now: float) -> bool:
        """Begin the clock if it is known when it begins."""
        ahead_s = self._bridge.ahead_s(now) if self._may_be_earlier else 0.0
        if ahead_s is not None:
            self._begin(now, ahead_s)
        return ahead_s is not None

    def _begin(self, now: float, ahead_s: float) -> None:
        assert self._began is not None
        self._ready_at = now
        self._began -= ahead_s
        self._hold()
        self._report(ClockBegun(self._began))

    def _at(self, ticks: int) -> float:
        """When so much of the next tick is due."""
        assert self._began is not None
        return self._began + self._hold_s + (LOOKAHEAD_TICKS + self._ticks * CHUNK_TICKS + ticks) / LIVE_RATE

    def _encode(self, samples: Samples) -> None:
        for at_ticks, mark in self._mender.marks():
            self._report(Marked(mark, at_ticks))
        self._tell(self._encoders.feed(samples))
        self._early.append(samples)

    def _measure(self) -> None:
        """Look at the sound of a tick."""
        if not self._early:
            return
        samples = np.concatenate(self._early)
        self._early.clear()
        self._waveform.feed(samples.T)
        self._loudness.feed(frame_of(samples, "flt"))
        self._levels.feed(samples)
        if self._mender.given >= self._loudness_ticks:
            self._loudness_ticks += _LOUDNESS_TICKS
            self._report(self._loudness.measured)

    def _tell(self, cuts: Iterable[AnyLiveReport]) -> None:
        for cut in cuts:
            self._report(cut)

    def _tell_levels(self, late_ms: float) -> None:
        told = self._loudness.told
        whole = loudness.told(told)
        momentary_lufs, short_lufs = loudness.momentary(told)
        levels = self._levels.take()
        bridge = self._bridge
        self._report(
            Metered(
                at_ticks=self._mender.given,
                momentary_lufs=momentary_lufs,
                short_lufs=short_lufs,
                integrated_lufs=whole.integrated_lufs,
                range_lu=whole.range_lu,
                peak_dbfs=levels.peak_dbfs,
                true_peak_dbtp=whole.true_peak_dbtp,
                clipped=levels.clipped,
                silent_ms=levels.silent_ms,
                mono=levels.mono,
                filled_ticks=bridge.filled_ticks,
                dropped_ticks=bridge.dropped_ticks,
                buffered_ms=len(self._mender) * 1000 // LIVE_RATE,
                jitter_ms=round(bridge.jitter_s * 1000, 1),
                drift_ppm=round(bridge.drift.ppm, 1),
                late_ms=round(late_ms, 1),
            )
        )
