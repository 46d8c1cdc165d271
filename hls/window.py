"""The sliding list of a live rendition: what is in it, and whether what a player waits for is there yet.

Source: RFC 8216bis (draft-pantos-hls-rfc8216bis), sections 6.2.1, 6.2.2 and 6.2.5.2.
"""

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from hls.directives import Directives
from hls.grid import Grid

_SEGMENTS_AHEAD = 2  # 6.2.5.2: further ahead nobody may ask
_US_PER_S = 1_000_000


class Part(Struct, frozen=True):
    """One `moof`+`mdat` as it was encoded.

    Attributes:
        size_bytes: > 0.
        duration_ticks: of the presentation, > 0; less than the grid's only at the end of a segment that was
            cut short, and where the encoder's delay is taken off.
    """

    size_bytes: int
    duration_ticks: int


class LiveSegment(Struct):
    """Parts that are one media segment together.

    Attributes:
        number: media sequence number.
        init: number of the init segment that it needs.
        starts_at_us: time of its first sample, microseconds since the Unix epoch.
        discontinuity: it does not continue what comes before it.
        parts: so far.
        complete: no part will follow.
    """

    number: int
    init: int
    starts_at_us: int
    discontinuity: bool
    parts: list[Part]
    complete: bool = False

    @property
    def duration_ticks(self) -> int:
        return sum(part.duration_ticks for part in self.parts)

    @property
    def size_bytes(self) -> int:
        return sum(part.size_bytes for part in self.parts)


class Place(Struct, frozen=True):
    """Where a window stands between two segments: all that another needs to go on from there as it does.

    Attributes:
        number: media sequence number of the next segment.
        init: number of the init segment that it needs.
        starts_at_us: time of a sample, and `ticks` how much further the next one is.
        discontinuity: the next segment does not continue what was before.
        discontinuities: of all segments before.
    """

    number: int
    init: int
    starts_at_us: int
    ticks: int
    discontinuity: bool
    discontinuities: int


class Ready(Struct, frozen=True):
    """The playlist has it as it is now."""


class Wait(Struct, frozen=True):
    """Ask again when a part was added, or the show has ended."""


class Refused(Struct, frozen=True):
    """It is too far ahead to wait for; the message says by how much."""

    reason: str


class Window:
    """The segments of one rendition that are listed, the last of them maybe still growing.

    Bound: `keep_segments` complete segments and one.

    Attributes:
        segments: oldest first; numbers are consecutive.
        gone_discontinuities: discontinuities that have left the list, EXT-X-DISCONTINUITY-SEQUENCE.
        ended: nothing will be added.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        starts_at_us: int,
        first_number: int = 0,
        init: int = 0,
        gone_discontinuities: int | None = None,
    ) -> None:
        """An empty list.

        Args:
            starts_at_us: time of the first sample, microseconds since the Unix epoch.
            first_number: media sequence number of the first segment, where a show goes on after a restart.
            init: number of the first init segment.
            gone_discontinuities: where a show goes on, at least as many as it has had: then the first part
                continues nothing.
        """
        self.grid = grid
        self.segments: deque[LiveSegment] = deque()
        self.gone_discontinuities = gone_discontinuities or 0
        self.ended = False
        self._number = first_number
        self._init = init
        self._starts_at_us = starts_at_us
        self._ticks = 0  # since `_starts_at_us`
        self._discontinuity = gone_discontinuities is not None

    @classmethod
    def at(cls, grid: Grid, place: Place) -> "Window":
        """An empty list that goes on where another stood."""
        window = cls(grid, starts_at_us=place.starts_at_us, first_number=place.number, init=place.init)
        window.gone_discontinuities = place.discontinuities
        window._ticks, window._discontinuity = place.ticks, place.discontinuity
        return window

    @property
    def place(self) -> Place | None:
        """For `at`; None while a segment grows."""
        if self.segments and not self.segments[-1].complete:
            return None
        listed = sum(segment.discontinuity for segment in self.segments)
        return Place(
            number=self._number,
            init=self._init,
            starts_at_us=self._starts_at_us,
            ticks=self._ticks,
            discontinuity=self._discontinuity,
            discontinuities=self.gone_discontinuities + listed,
        )

    @property
    def last_place(self) -> tuple[int, int]:
        """Segment and part number of the last part. Needs one."""
        last = self.segments[-1]
        return last.number, len(last.parts) - 1

    @property
    def next_place(self) -> tuple[int, int]:
        """Segment and part number of the part that comes next, if nothing is cut before."""
        last = self.segments[-1] if self.segments else None
        if last is None or last.complete:
            return self._number, 0
        return last.number, len(last.parts)

    def append(self, part: Part) -> Sequence[LiveSegment]:
        """Add a part. Returns the segments that left the list."""
        assert not self.ended
        if not self.segments or self.segments[-1].complete:
            self._begin_segment()
        segment = self.segments[-1]
        segment.parts.append(part)
        self._ticks += part.duration_ticks
        if len(segment.parts) == self._length(segment.number):
            segment.complete = True
        return self._evict()

    def cut(self, *, init: int | None = None, starts_at_us: int | None = None) -> None:
        """End the segment that is growing; what comes next does not continue it.

        Args:
            init: number of the init segment from here on, if it is another.
            starts_at_us: time of the next sample, if time was lost.
        """
        self._complete_last()
        self._discontinuity |= bool(self.segments)
        if init is not None:
            self._init = init
        if starts_at_us is not None:
            self._starts_at_us, self._ticks = starts_at_us, 0

    def end(self) -> None:
        """The show is over. Idempotent."""
        self._complete_last()
        self.ended = True

    def locate(self, asked: Directives) -> Ready | Wait | Refused:
        """Whether a playlist with what is asked for can be given now."""
        if self.ended:
            return Ready()
        if asked.msn is None:
            return Ready() if self.segments else Wait()
        number, part = self.place_of(asked.msn, asked.part)
        next_number, next_part = self.next_place
        last_number = self.segments[-1].number if self.segments else next_number
        if number < next_number or (number == next_number and part is not None and part < next_part):
            return Ready()
        if number > last_number + _SEGMENTS_AHEAD:
            return Refused(
                f"segment {number} is {number - last_number} ahead of the last, more than {_SEGMENTS_AHEAD}"
            )
        if part is not None and number == next_number and part >= next_part + self._parts_ahead:
            return Refused(
                f"part {part} is {part - next_part + 1} ahead of the last, more than {self._parts_ahead}"
            )
        return Wait()

    @property
    def _parts_ahead(self) -> int:
        """6.2.5.2: three, or as many as last three seconds if these are more."""
        return max(3, -(-3 * self.grid.timescale // self.grid.part_ticks))

    def place_of(self, number: int, part: int | None) -> tuple[int, int | None]:
        """6.2.5.2: a part behind the last one of its segment means the first part of the next segment."""
        if part is None:
            return number, None
        parts = self._length(number)
        if self.segments and number <= self.segments[-1].number:
            first = self.segments[0].number
            segment = self.segments[number - first] if number >= first else None
            parts = len(segment.parts) if segment is not None and segment.complete else parts
        return (number, part) if part < parts else (number + 1, 0)

    def _length(self, number: int) -> int:
        """How many parts a segment has that is not complete, if nothing is cut before."""
        grid = self.grid
        if not grid.opening or self._broken:
            return grid.parts_per_segment
        begin, ticks = self._number, self._ticks
        if self.segments and not self.segments[-1].complete:
            begin, ticks = begin - 1, ticks - self.segments[-1].duration_ticks
        parts = -(-ticks // grid.part_ticks)  # the first is shorter by the encoder's delay
        for _ in range(begin, min(number, begin + len(grid.opening))):
            parts += grid.parts_behind(parts)
        return grid.parts_behind(parts)

    @property
    def _broken(self) -> bool:
        """Not all since the show began is one piece."""
        listed = any(segment.discontinuity for segment in self.segments)
        return self._discontinuity or self.gone_discontinuities > 0 or listed

    def _begin_segment(self) -> None:
        starts_at_us = self._starts_at_us + self._ticks * _US_PER_S // self.grid.timescale
        self.segments.append(
            LiveSegment(self._number, self._init, starts_at_us, self._discontinuity, parts=[])
        )
        self._number += 1
        self._discontinuity = False

    def _complete_last(self) -> None:
        if self.segments:
            self.segments[-1].complete = True

    def _evict(self) -> Sequence[LiveSegment]:
        gone: list[LiveSegment] = []
        while len(self.segments) > self.grid.keep_segments + 1:
            segment = self.segments.popleft()
            self.gone_discontinuities += segment.discontinuity
            gone.append(segment)
        return gone
