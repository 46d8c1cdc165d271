"""How a live stream is cut."""

from msgspec import Struct


class Grid(Struct, frozen=True):
    """How a live stream is cut. It never changes while the show lasts: players stop for good when it does.

    Attributes:
        timescale: ticks in a second.
        part_ticks: length of a part, > 0.
        parts_per_segment: >= 1.
        keep_segments: complete segments in the list, >= 4: a list must not become shorter than three target
            durations.
        opening: at how many parts the first segment of a show is cut before its end, ascending, so that
            players that take whole segments find some at once; each is a segment of its own.
    """

    timescale: int
    part_ticks: int
    parts_per_segment: int
    keep_segments: int
    opening: tuple[int, ...] = ()

    @property
    def segment_ticks(self) -> int:
        return self.part_ticks * self.parts_per_segment

    @property
    def target_duration_s(self) -> int:
        """4.4.3.1: whole seconds, to which no segment rounds higher."""
        return max(1, (2 * self.segment_ticks + self.timescale) // (2 * self.timescale))

    def parts_behind(self, parts: int) -> int:
        """How many the segment has that begins behind the first `parts` of a show."""
        ends = (*self.opening, self.parts_per_segment)
        return next((end - parts for end in ends if end > parts), self.parts_per_segment)
