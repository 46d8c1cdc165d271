"""The waveform of a track in the making, told in pieces of a few seconds."""

import numpy as np
import numpy.typing as npt

from hls.analysis import SAMPLES_PER_PEAK, PeakMeter
from hls.job import Reporter
from hls.report import PeaksCut

_PIECE_PAIRS = 344  # 176,128 samples: about as often as a segment is cut


class Meter:
    """Measures the sound that everyone hears, and reports it as it goes."""

    def __init__(self, sample_rate: int, report: Reporter) -> None:
        self._sample_rate = sample_rate
        self._report = report
        self._peaks = PeakMeter()
        self._samples = 0

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

    def _tell(self) -> None:
        if data := self._peaks.take():
            self._report(PeaksCut(self._sample_rate, SAMPLES_PER_PEAK, data))
