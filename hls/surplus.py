"""Whether more sound is held than need be, or less: the least that was left over in each of the last windows.

After three minutes without a gap, the least that was ever left over is what need not be held. It goes by
playing up to 0.3% faster, which nobody hears. Where for a minute almost nothing is left over, some is gained
in the same way.
"""

from collections import deque

_WINDOW_S = 10.0
_QUIET_WINDOWS = 18  # three minutes
_SPARE_S = 0.012  # of what is left over, so much always stays
_SHED_FROM_S = 0.04  # less is not worth it: a steady source keeps its samples as they are
_SHED_PPM_PER_S = 10_000.0
_MIN_SHED_PPM, _MAX_SHED_PPM = 100.0, 3000.0
_SCARCE_S = 0.004
_SCARCE_WINDOWS = 6  # a minute
_GAIN_PPM = -100.0


class Surplus:
    """Counts alone. Bound: 18 windows of ten seconds."""

    def __init__(self, rate: int) -> None:
        """`rate`: ticks in a second."""
        self._rate = rate
        self._spares: deque[float] = deque(maxlen=_QUIET_WINDOWS)
        self._spare: float | None = None
        self._spare_from = 0.0
        self._shedding = False
        self._gaining = False

    @property
    def ppm(self) -> float:
        """How much faster than it came sound should be played, for no more to be held than need be."""
        if self._shedding:
            last_s = self._spares[-1] / self._rate - _SPARE_S
            return max(_MIN_SHED_PPM, min(_MAX_SHED_PPM, last_s * _SHED_PPM_PER_S))
        return _GAIN_PPM if self._gaining else 0.0

    def calm(self) -> None:
        """From here on, count the quiet minutes anew."""
        self._spares.clear()
        self._spare = None
        self._shedding = self._gaining = False

    def measure(self, now: float, spare: float) -> bool:
        """So many ticks were left when more came; whether that closed a window.

        Between two ticks as much counts as taken as time has gone by. What is left over at a tick itself
        would depend on where in a block the tick falls, which changes slowly where both are about as long.
        """
        if self._spare is None:
            self._spare, self._spare_from = spare, now
            return False
        if now - self._spare_from < _WINDOW_S:
            self._spare = min(self._spare, spare)
            return False
        self._spares.append(self._spare)
        self._spare, self._spare_from = spare, now
        self._decide()
        return True

    def _decide(self) -> None:
        """Whether more is held than need be."""
        excess_s = min(self._spares) / self._rate - _SPARE_S
        if len(self._spares) == _QUIET_WINDOWS and excess_s > _SHED_FROM_S:
            self._shedding = True
        elif excess_s <= 0:
            self._shedding = False
        last = list(self._spares)[-_SCARCE_WINDOWS:]
        if len(last) == _SCARCE_WINDOWS and max(last) < _SCARCE_S * self._rate:
            self._gaining = True
        elif last[-1] >= _SPARE_S * self._rate:
            self._gaining = False
