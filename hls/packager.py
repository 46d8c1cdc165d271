"""One rendition on its way to disk: access units in, segments out, and the waveform beside them."""

from collections.abc import Callable

from hls import codecs, fmp4
from hls.analysis import SAMPLES_PER_PEAK, PeakMeter
from hls.job import Output, Reporter
from hls.ladder import RenditionPlan
from hls.model import AccessUnit
from hls.report import PeaksCut, RenditionStarted, SegmentCut
from hls.segmenter import Fragment, Segmenter


class Packager:
    """Cuts the units of one rendition, writes them, and reports each segment when it is on disk."""

    def __init__(
        self,
        plan: RenditionPlan,
        output: Output,
        report: Reporter,
        consumed_bytes: Callable[[], int],
    ) -> None:
        """Write the init segment.

        Args:
            plan: of an AAC rendition.
            output: holds nothing of this rendition yet.
            report: called for the rendition, and then for every segment and its peaks.
            consumed_bytes: how far the source has been read.
        """
        config = codecs.aac_config(plan.sample_rate, plan.channels)
        entry = fmp4.aac_sample_entry(config, plan.sample_rate, plan.channels, plan.bitrate)
        init = fmp4.init_segment(sample_entry=entry, timescale=plan.sample_rate, delay_ticks=plan.delay_ticks)
        self._plan = plan
        self._output = output
        self._report = report
        self._consumed_bytes = consumed_bytes
        self._offset_bytes = len(init)
        self._segmenter = Segmenter(fragment_frames=plan.fragment_frames, delay_ticks=plan.delay_ticks)
        self.peaks = PeakMeter()
        output.append(plan.name, init)
        codec = codecs.aac_codec_string(config)
        report(RenditionStarted(plan.name, codec, plan.sample_rate, plan.channels, len(init)))

    def feed(self, data: bytes) -> None:
        """Take a full access unit."""
        if cut := self._segmenter.feed(AccessUnit(data, self._plan.frame_ticks)):
            self._write(cut)

    def finish(self, rest: list[bytes], presented_ticks: int) -> None:
        """Take the last access units, and end exactly where the sound ends.

        Args:
            rest: what the encoder still held: it fills its last frame up with silence.
            presented_ticks: samples that went into the encoder, > 0.
        """
        for data in rest:
            missing = self._plan.delay_ticks + presented_ticks - self._segmenter.end_ticks
            if missing <= 0:
                break
            if cut := self._segmenter.feed(AccessUnit(data, min(self._plan.frame_ticks, missing))):
                self._write(cut)
        self.peaks.flush()
        if cut := self._segmenter.flush():
            self._write(cut)
        self._report_peaks()  # a track that ends with its segment's end may have a last pair to tell

    def _write(self, cut: Fragment) -> None:
        data = fmp4.fragment(cut)
        self._output.append(self._plan.name, data)
        self._report(
            SegmentCut(
                self._plan.name, self._offset_bytes, len(data), cut.duration_ticks, self._consumed_bytes()
            )
        )
        self._offset_bytes += len(data)
        self._report_peaks()

    def _report_peaks(self) -> None:
        if data := self.peaks.take():
            self._report(PeaksCut(self._plan.sample_rate, SAMPLES_PER_PEAK, data))
