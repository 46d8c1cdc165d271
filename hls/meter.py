"""The waveform of a track in the making: the finest zoom in pieces of a few seconds, others at the end."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hls.analysis import SAMPLES_PER_PEAK, PeakMeter, coarser
from hls.report import PeaksCut

_PIECE_PAIRS = 344  # 176,128 samples: about as often as a segment is cut
_ZOOM_STEP = 4
_OVERVIEW_PAIRS = 1024  # a zoom of no more is the coarsest: it has a pair for every pixel of a page's width
_REPORT_BYTES = 1 << 18


class Meter:
    """Measures the sound that everyone hears, and reports it as it goes. Keeps 680 kB an hour."""

    def __init__(self, sample_rate: int, report: Callable[[PeaksCut], None]) -> None:
        self._sample_rate = sample_rate
        self._report = report
        self._peaks = PeakMeter()
        self._samples = 0
        self._finest = bytearray()
        report(PeaksCut(sample_rate, SAMPLES_PER_PEAK, b""))  # there is a waveform, as soon as one can play

    def feed(self, samples: npt.NDArray[np.float32]) -> None:
        """Take samples of shape (channels, n), full scale 1.0."""
        self._peaks.feed(samples)
        self._samples += samples.shape[1]
        if self._samples >= _PIECE_PAIRS * SAMPLES_PER_PEAK:
            self._samples = 0
            self._tell()

    def finish(self) -> None:
        """Nothing more comes."""
        self._peaks.flush()
        self._tell()
        pairs, samples_per_peak = bytes(self._finest), SAMPLES_PER_PEAK
        while len(pairs) > 2 * _OVERVIEW_PAIRS:
            pairs, samples_per_peak = coarser(pairs, _ZOOM_STEP), samples_per_peak * _ZOOM_STEP
            for start in range(0, len(pairs), _REPORT_BYTES):
                piece = pairs[start : start + _REPORT_BYTES]
                self._report(PeaksCut(self._sample_rate, samples_per_peak, piece))

    def _tell(self) -> None:
        if data := self._peaks.take():
            self._finest += data
            self._report(PeaksCut(self._sample_rate, SAMPLES_PER_PEAK, data))
