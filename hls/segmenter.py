"""Cuts a run of access units into fragments, on sample counts alone."""

from fractions import Fraction

import msgspec

from hls.model import AccessUnit


class Fragment(msgspec.Struct, frozen=True):
    """Access units that become one `moof`+`mdat`: a segment of an upload, a part of a live stream.

    Attributes:
        sequence_number: 1 for the first, then one more each.
        decode_ticks: samples in all units before it, encoder delay included.
        units: in order, at least one.
        duration_ticks: how much of the presentation it covers: the encoder delay is taken off the start.
    """

    sequence_number: int
    decode_ticks: int
    units: list[AccessUnit]
    duration_ticks: int


class Segmenter:
    """Collects access units and hands out a fragment whenever enough have come together.

    Holds at most one unfinished fragment.
    """

    def __init__(
        self, *, fragment_frames: Fraction | int, delay_ticks: int, first_extra_frames: int = 0
    ) -> None:
        """Start at decode time 0.

        Args:
            fragment_frames: access units in a fragment, > 0. A live stream passes its part's length and
                groups the fragments into segments in its window. Where it is no whole number, fragments have
                one more or less in turn, and never drift away from it.
            delay_ticks: samples before presentation time 0, >= 0.
            first_extra_frames: access units that the first fragment has in addition: those of the delay,
                so that renditions with and without one are cut at the same moments.
        """
        self._fragment_frames = Fraction(fragment_frames)
        self._delay_ticks = delay_ticks
        self._extra = first_extra_frames
        self._sequence_number = 0
        self._start_ticks = 0
        self._end_ticks = 0
        self._units: list[AccessUnit] = []
        self._wanted = self._frames_until(1)

    @property
    def end_ticks(self) -> int:
        """Decode time at which the next unit will start."""
        return self._end_ticks

    def feed(self, unit: AccessUnit) -> Fragment | None:
        """Take one access unit; the fragment that it completes, or None."""
        self._units.append(unit)
        self._end_ticks += unit.duration_ticks
        if len(self._units) < self._wanted:
            return None
        return self._cut()

    def flush(self) -> Fragment | None:
        """The unfinished fragment, if there is one: at the end, and before a discontinuity."""
        return self._cut() if self._units else None

    def _cut(self) -> Fragment:
        self._sequence_number += 1
        presented_from = max(self._start_ticks - self._delay_ticks, 0)
        presented_to = max(self._end_ticks - self._delay_ticks, 0)
        fragment = Fragment(
            self._sequence_number, self._start_ticks, self._units, presented_to - presented_from
        )
        self._units = []
        self._start_ticks = self._end_ticks
        number = self._sequence_number
        self._wanted = self._frames_until(number + 1) - self._frames_until(number)
        return fragment

    def _frames_until(self, number: int) -> int:
        """Access units in the first so many fragments."""
        return self._extra + int(self._fragment_frames * number + Fraction(1, 2))
