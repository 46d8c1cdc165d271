"""Carries out what the bridge decides: gaps are filled and faded into and out of, speed is changed."""

import numpy as np
import numpy.typing as npt

from hls.bridge import Bridge, Plan
from hls.reservoir import Reservoir, Samples
from hls.stretch import Stretch

_ECHO_TICKS = 2880  # 60 ms at 48 kHz: of what was heard last, backwards, until it is silent
_RETURN_TICKS = 480  # 10 ms: how quickly sound comes back
_CHANNELS = 2


class Mender:
    """Sound in when it comes, sound out when it is wanted. Who feeds it looks at `full`.

    Attributes:
        given: ticks so far.
    """

    def __init__(self, bridge: Bridge, *, full_ticks: int) -> None:
        """`full_ticks`: so much may wait."""
        self.given = 0
        self._bridge = bridge
        self._full_ticks = full_ticks
        self._waiting = Reservoir()
        self._stretch = Stretch()
        self._echo = np.zeros((_ECHO_TICKS, _CHANNELS), np.float32)
        self._gap: int | None = None  # ticks since the last sound, while there is none
        self._fresh = 0  # samples of a new source that still are to be faded in
        self._marks: list[tuple[int, int]] = []

    def __len__(self) -> int:
        """Samples that wait."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """The source has to wait."""
        return len(self._waiting) >= self._full_ticks

    def put(self, now: float, samples: Samples) -> None:
        """A block came."""
        if self._fresh:
            count = min(self._fresh, len(samples))
            begin = _RETURN_TICKS - self._fresh
            samples = samples.copy()
            samples[:count] *= _rise()[begin : begin + count]
            self._fresh -= count
        self._waiting.put(samples)
        self._bridge.arrive(now, len(samples), len(self._waiting))

    def mark(self, number: int) -> None:
        """What comes next is behind a mark."""
        self._waiting.mark(number)

    def switch(self) -> None:
        """What comes next is another source."""
        kept = self._bridge.switch(len(self._waiting))
        self._waiting.cut(kept, _RETURN_TICKS)
        self._fresh = _RETURN_TICKS if kept else 0

    def lose(self) -> None:
        """There is no source."""
        self._bridge.lose()

    def goes_on(self, wanted: int) -> bool:
        """Whether so much can be taken now of sound that has not stopped."""
        return self._bridge.goes_on(wanted, len(self._waiting))

    def take(self, now: float, wanted: int) -> Samples:
        """The sound of a tick."""
        return self._carry_out(self._bridge.plan(now, wanted, len(self._waiting)))

    def rest(self, most: int) -> Samples:
        """What waits, at most so much at a time: the show is over."""
        return self._carry_out(Plan(play=min(most, len(self._waiting))))

    def marks(self) -> list[tuple[int, int]]:
        """Marks that were passed since the last call: where they are heard, and their numbers."""
        passed, self._marks = self._marks, []
        return passed

    def _carry_out(self, plan: Plan) -> Samples:
        begins = self.given
        if plan.skip:
            self._skip(plan.skip)
        self._marks += [(begins + plan.before, number) for _, number in self._waiting.passed()]
        pieces = []
        if plan.before:
            pieces.append(self._fill(plan.before))
        if plan.play:
            pieces.append(self._play(plan.play, plan.ppm))
            ends = begins + plan.before + plan.play
            self._marks += [(ends - ago, number) for ago, number in self._waiting.passed()]
        if plan.behind:
            pieces.append(self._fill(plan.behind))
        sound = np.concatenate(pieces) if pieces else np.empty((0, _CHANNELS), np.float32)
        self.given += len(sound)
        return sound

    def _skip(self, count: int) -> None:
        """Leave samples out. Where sound is going on, it goes over into what comes behind them."""
        if self._gap is None:
            self._gap = 0
            self._echo = np.concatenate((self._echo, self._waiting.peek(_RETURN_TICKS)[::-1]))
        self._waiting.take(count)

    def _play(self, count: int, ppm: float) -> Samples:
        if self._gap is not None:
            self._stretch.reset()
        sound = self._stretch.take(self._waiting, count, ppm)
        if self._gap is not None:
            fading = min(_RETURN_TICKS, count)
            rise = _rise()[:fading]
            echo = self._echo_at(self._gap, fading)
            sound = np.concatenate((sound[:fading] * rise + echo * (1 - rise), sound[fading:]))
            self._gap = None
        self._echo = np.concatenate((self._echo, sound[-_ECHO_TICKS:]))[-_ECHO_TICKS:]
        return sound

    def _fill(self, count: int) -> Samples:
        at = self._gap or 0
        self._gap = at + count
        return self._echo_at(at, count)

    def _echo_at(self, at: int, count: int) -> Samples:
        """What was heard last, backwards and ever softer, from a place in the gap on; then silence."""
        filled = np.zeros((count, _CHANNELS), np.float32)
        heard = max(0, min(count, _ECHO_TICKS - at))
        filled[:heard] = self._echo[::-1][at : at + heard] * _fall()[at : at + heard]
        return filled


def _rise() -> npt.NDArray[np.float32]:
    place = (np.arange(_RETURN_TICKS) + 0.5) / _RETURN_TICKS
    return (np.sin(place * np.pi / 2) ** 2).astype(np.float32)[:, None]


def _fall() -> npt.NDArray[np.float32]:
    place = (np.arange(_ECHO_TICKS) + 0.5) / _ECHO_TICKS
    return (np.cos(place * np.pi / 2) ** 2).astype(np.float32)[:, None]
