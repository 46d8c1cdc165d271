"""Access units of one live rendition in, chunks and parts on the grid of the show out."""

from collections.abc import Iterator

from hls import fmp4
from hls.grid import Grid
from hls.live import ChunkCut, PartCut
from hls.live_ladder import LivePlan, stops
from hls.model import AccessUnit
from hls.segmenter import Fragment

_SEGMENT_TYPE = fmp4.box(b"styp", b"cmfs", b"\0\0\0\0", b"cmfs", b"cmff", b"cmfl")
"""ISO/IEC 23000-19, 7.3.2.3: the brands of a CMAF segment, fragment and chunk, all of which this begins."""


class LiveCutter:
    """Counts frames; holds less than a part."""

    def __init__(
        self, plan: LivePlan, grid: Grid, chunk_ticks: int, *, rolls: bool, first_part: int, first_ticks: int
    ) -> None:
        """Begin at tick 0.

        Args:
            plan: of the rendition.
            grid: of the show.
            chunk_ticks: length of a chunk, which divides a part.
            rolls: its init segment has a roll distance.
            first_part: number of the first part.
            first_ticks: what all parts before present. More than 0: the frames of the encoder's delay are
                left out, for the file goes on where others were.
        """
        self._plan = plan
        self._grid = grid
        self._rolls = rolls
        self._number = self._first_part = first_part
        self._skip = plan.delay_ticks // plan.frame_ticks if first_ticks else 0
        self._place = 0  # of the next frame, counted from the encoder's first
        self._decode_ticks = first_ticks + (plan.delay_ticks if first_ticks else 0)
        self._at_ticks = 0  # of the next part
        self._units: list[AccessUnit] = []
        self._out = 0  # frames of the part that are in a chunk already
        self._stops = stops(plan, chunk_ticks, grid.part_ticks) if plan.parts else ()
        self._extra = 0 if first_ticks else plan.delay_ticks // plan.frame_ticks
        self._loose: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[ChunkCut | PartCut]:
        """Take a whole access unit; what it completes."""
        return self._take(AccessUnit(data, self._plan.frame_ticks))

    def tick(self) -> Iterator[ChunkCut]:
        """A chunk's time is over: what is not cut into parts goes out as far as it is there."""
        if self._loose:
            units, self._loose = tuple(self._loose), []
            at_ticks = (self._place - len(units)) * self._plan.frame_ticks - self._plan.delay_ticks
            yield ChunkCut(self._plan.name, at_ticks, units)

    def finish(self, rest: list[bytes], presented_ticks: int) -> Iterator[ChunkCut | PartCut]:
        """Take the last access units, and end exactly where the sound ends.

        Args:
            rest: what the encoder still held: it may fill its last frame up with silence.
            presented_ticks: samples of sound since tick 0.
        """
        for data in rest:
            missing = self._plan.delay_ticks + presented_ticks - self._place * self._plan.frame_ticks
            if missing > 0:
                yield from self._take(AccessUnit(data, min(self._plan.frame_ticks, missing)))
        yield from self.tick()
        if self._units:
            yield from self._chunk()
            yield self._part(presented_ticks - self._at_ticks)

    def _take(self, unit: AccessUnit) -> Iterator[ChunkCut | PartCut]:
        self._place += 1
        if self._place <= self._skip:
            return
        if not self._plan.parts:
            self._loose.append(unit.data)
            return
        self._units.append(unit)
        count = len(self._units) - self._extra
        if count in self._stops:
            yield from self._chunk()
        if count == self._stops[-1]:
            yield self._part(self._grid.part_ticks)

    def _chunk(self) -> Iterator[ChunkCut]:
        units = tuple(unit.data for unit in self._units[self._out :])
        if units:
            at_ticks = (self._place - len(units)) * self._plan.frame_ticks - self._plan.delay_ticks
            yield ChunkCut(self._plan.name, at_ticks, units)
        self._out = len(self._units)

    def _part(self, duration_ticks: int) -> PartCut:
        cut = Fragment(self._number + 1, self._decode_ticks, self._units, duration_ticks)
        data = fmp4.fragment(cut, rolls=self._rolls)
        if (self._number - self._first_part) % self._grid.parts_per_segment == 0:
            data = _SEGMENT_TYPE + data
        part = PartCut(self._plan.name, self._number, self._at_ticks, duration_ticks, data)
        self._decode_ticks += sum(unit.duration_ticks for unit in self._units)
        self._number += 1
        self._at_ticks += duration_ticks
        self._units = []
        self._out = self._extra = 0
        return part
