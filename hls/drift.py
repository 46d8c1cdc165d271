"""How much faster than our clock a source's clock runs, told from when its sound arrives."""

import math
from collections import deque

_WINDOW_S = 5.0
_MAX_WINDOWS = 120  # ten minutes
_FEWEST_WINDOWS = 6
_STEP_S = 0.02  # in one window: a hundred times more than any clock drifts, so sound was lost or put in
_SEEN_S = 0.004  # what has drifted in all has to be more than the network's mood
_SEEN_ERRORS = 5  # standard errors of the slope


class Drift:
    """The slope of the shortest delays: sound can come late, but never early.

    The delay of a block is when it came, less when it would have by the count of its samples alone. Of five
    seconds, the least is kept; the slope over up to ten minutes is the drift. Bound: 120 pairs of numbers.

    Attributes:
        ppm: how much faster (> 0) the source's clock is; 0 until half a minute is known.
        seen: so much has drifted that it can't be chance.
    """

    def __init__(self) -> None:
        self.ppm = 0.0
        self.seen = False
        self._least: deque[tuple[float, float]] = deque(maxlen=_MAX_WINDOWS)
        self._begins_at: float | None = None
        self._delay_s = 0.0

    def feed(self, now: float, delay_s: float) -> None:
        """A block came; `now` in seconds of a clock that never goes back."""
        if self._begins_at is None:
            self._begins_at, self._delay_s = now, delay_s
        elif now - self._begins_at < _WINDOW_S:
            self._delay_s = min(self._delay_s, delay_s)
        else:
            self._close(self._begins_at + _WINDOW_S / 2, self._delay_s)
            self._begins_at, self._delay_s = now, delay_s

    def _close(self, at: float, delay_s: float) -> None:
        if self._least and abs(delay_s - self._least[-1][1]) > _STEP_S:
            self._least.clear()
        self._least.append((at, delay_s))
        if len(self._least) >= _FEWEST_WINDOWS:
            self._estimate()

    def _estimate(self) -> None:
        count = len(self._least)
        mean_at = sum(at for at, _ in self._least) / count
        mean_delay = sum(delay for _, delay in self._least) / count
        spread = sum((at - mean_at) ** 2 for at, _ in self._least)
        slope = sum((at - mean_at) * (delay - mean_delay) for at, delay in self._least) / spread
        rest = sum((delay - mean_delay - slope * (at - mean_at)) ** 2 for at, delay in self._least)
        error = math.sqrt(rest / (count - 2) / spread)
        span_s = self._least[-1][0] - self._least[0][0]
        self.ppm = -slope * 1e6
        self.seen = abs(slope) > max(_SEEN_S / span_s, _SEEN_ERRORS * error)
