"""One rendition on its way to disk: access units in, segments out."""

from collections.abc import Callable

from hls import fmp4
from hls.coding import Coding
from hls.job import Output, Reporter
from hls.ladder import RenditionPlan
from hls.model import AccessUnit
from hls.report import RenditionStarted, SegmentCut
from hls.segmenter import Fragment, Segmenter


class Packager:
    """Cuts the units of one rendition, writes them, and reports each segment when it is on disk.

    Attributes:
        segments: on disk and reported.
    """

    def __init__(
        self,
        plan: RenditionPlan,
        coding: Coding,
        output: Output,
        report: Reporter,
        consumed_bytes: Callable[[], int],
        written: Callable[[int, list[AccessUnit]], None] | None = None,
    ) -> None:
        """Write the init segment.

        Args:
            plan: of the rendition.
            coding: of the same.
            output: holds nothing of this rendition yet.
            report: called for the rendition, and then for every segment.
            consumed_bytes: how far the source has been read.
            written: called with where a segment's units begin in the file, and with the units, when they are
                on disk and before the segment is reported.
        """
        init = fmp4.init_segment(
            sample_entry=coding.sample_entry,
            timescale=plan.sample_rate,
            delay_ticks=plan.delay_ticks,
            roll_distance=coding.roll_distance,
            brands=coding.brands,
        )
        self.segments = 0
        self._plan = plan
        self._rolls = coding.roll_distance != 0
        self._output = output
        self._report = report
        self._consumed_bytes = consumed_bytes
        self._written = written
        self._offset_bytes = len(init)
        self._segmenter = Segmenter(
            fragment_frames=plan.fragment_frames,
            delay_ticks=plan.delay_ticks,
            first_extra_frames=plan.delay_ticks // plan.frame_ticks,
        )
        output.append(plan.name, init)
        report(RenditionStarted(plan.name, coding.codecs, plan.sample_rate, plan.channels, len(init)))

    def feed(self, data: bytes) -> None:
        """Take a full access unit."""
        if cut := self._segmenter.feed(AccessUnit(data, self._plan.frame_ticks)):
            self._write(cut)

    def finish(self, rest: list[bytes], presented_ticks: int) -> None:
        """Take the last access units, and end exactly where the sound ends.

        Args:
            rest: what the encoder still held: it may fill its last frame up with silence.
            presented_ticks: samples of sound, > 0.
        """
        for data in rest:
            missing = self._plan.delay_ticks + presented_ticks - self._segmenter.end_ticks
            if missing <= 0:
                break
            if cut := self._segmenter.feed(AccessUnit(data, min(self._plan.frame_ticks, missing))):
                self._write(cut)
        if cut := self._segmenter.flush():
            self._write(cut)

    def _write(self, cut: Fragment) -> None:
        data = fmp4.fragment(cut, rolls=self._rolls)
        self._output.append(self._plan.name, data)
        if self._written is not None:
            units_bytes = sum(len(unit.data) for unit in cut.units)
            self._written(self._offset_bytes + len(data) - units_bytes, cut.units)
        self._report(
            SegmentCut(
                self._plan.name, self._offset_bytes, len(data), cut.duration_ticks, self._consumed_bytes()
            )
        )
        self.segments += 1
        self._offset_bytes += len(data)
