"""Keeps the place of the sound when pieces of a damaged source are missing."""

from fractions import Fraction

_TOLERANCE_S = 0.05  # clocks of containers are as coarse as 1 ms, and some writers round a whole frame
_MAX_GAP_S = 10  # beyond it the time stamps are more likely to be wrong than the sound to be lost


class Timeline:
    """Compares the time stamps of decoded frames with the samples that came before.

    A source can't make more silence than it has sound, beyond the first ten seconds: else a small file with
    invented time stamps would become hours of nothing.
    """

    def __init__(self, sample_rate: int, time_base: Fraction | None) -> None:
        """Begin anew, as for every format that a source changes to.

        Args:
            sample_rate: Hz, > 0; what comes out is counted in its samples.
            time_base: seconds in a tick of the time stamps; None if the source has no idea of time.
        """
        samples_per_tick = (time_base or Fraction(0)) * sample_rate
        self._numerator, self._denominator = samples_per_tick.numerator, samples_per_tick.denominator
        self._tolerance = int(sample_rate * _TOLERANCE_S)
        self._max_gap = sample_rate * _MAX_GAP_S
        self._next: int | None = None
        self._decoded = 0
        self._silent = 0

    def feed(self, at_ticks: int | None, samples: int) -> int:
        """Take a frame that claims to start at `at_ticks`, if it claims anything, and has `samples`.

        Returns:
            Samples of silence that belong before it, >= 0.
        """
        gap = 0
        at = None if at_ticks is None else at_ticks * self._numerator // self._denominator
        if at is not None and self._next is not None and at - self._next > self._tolerance:
            gap = self._allowed(at - self._next)
        self._decoded += samples
        self._silent += gap
        if at is not None:
            self._next = at + samples
        elif self._next is not None:
            self._next += samples
        return gap

    def _allowed(self, gap: int) -> int:
        budget = max(self._max_gap, self._decoded)
        return gap if gap <= self._max_gap and self._silent + gap <= budget else 0
