"""How loud a recording is, though several encoders have each measured a part of it. Pure."""

from hls.loudness import Histogram
from hls.report import LoudnessMeasured
from streamer.notes import note
from streamer.track import TrackRecord


class Measured:
    """What encoders have said so far: one that is killed says no more."""

    def __init__(self, histogram: bytes | None = None) -> None:
        """Args: `histogram`: of encoders of a former process."""
        self._before = [] if histogram is None else [histogram]
        self._last: LoudnessMeasured | None = None

    def report(self, report: LoudnessMeasured) -> None:
        """All that the encoder which runs has measured so far."""
        self._last = report

    def renew(self) -> None:
        """Another encoder begins."""
        if self._last is not None:
            self._before.append(self._last.histogram)
            self._last = None

    @property
    def histogram(self) -> bytes | None:
        """Of all; None before anything was measured."""
        return None if (whole := self._whole()) is None else whole.to_bytes()

    def write(self, record: TrackRecord) -> None:
        """Say in a record how loud it is."""
        if self._last is not None and not self._before:
            note(record, self._last)  # FFmpeg's own figures are a little finer
        elif (whole := self._whole()) is not None:
            loudness = whole.loudness()
            record.loudness_histogram = whole.to_bytes()
            record.integrated_lufs, record.range_lu = loudness.integrated_lufs, loudness.range_lu
            record.true_peak_dbtp = loudness.true_peak_dbtp

    def _whole(self) -> Histogram | None:
        histograms = [*self._before, *([] if self._last is None else [self._last.histogram])]
        if not histograms:
            return None
        whole = Histogram()
        for one in histograms:
            whole.add(one)
        return whole
