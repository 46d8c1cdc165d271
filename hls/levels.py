"""How loud, clipped, silent or mono the sound of a show is, from its samples."""

import math

import msgspec
import numpy as np

from hls.reservoir import Samples

_FULL_SCALE = 0.999  # what a decoder of 16 bits can reach, less the noise of a lossy codec
_RUN = 3
_SILENT = 0.001  # -60 dBFS
_SAME = 1e-4  # -80 dBFS between the channels


class Levels(msgspec.Struct, frozen=True):
    """Of the sound since the last time; see hls.live.Metered."""

    peak_dbfs: tuple[float | None, float | None]
    clipped: int
    silent_ms: int
    mono: bool


class LevelMeter:
    """Takes blocks of any length. Holds a few numbers."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._peaks = np.zeros(2, np.float32)
        self._clipped = 0
        self._runs = np.zeros(2, np.int64)  # samples at full scale, up to now
        self._silent_ticks = 0
        self._same_ticks = 0

    def feed(self, samples: Samples) -> None:
        """Take samples."""
        if not len(samples):
            return
        loud = np.abs(samples)
        peaks = loud.max(axis=0)
        np.maximum(self._peaks, peaks, out=self._peaks)
        self._count_clipped(loud, peaks)
        self._silent_ticks = self._tail(self._silent_ticks, loud.max(axis=1) >= _SILENT)
        self._same_ticks = self._tail(self._same_ticks, np.abs(samples[:, 0] - samples[:, 1]) >= _SAME)

    def take(self) -> Levels:
        """What there is to say, and begin anew."""
        peaks = self._peaks.tolist()
        levels = Levels(
            (_db(peaks[0]), _db(peaks[1])),
            self._clipped,
            self._silent_ticks * 1000 // self._rate,
            self._same_ticks >= self._rate and self._silent_ticks < self._same_ticks,
        )
        self._peaks = np.zeros(2, np.float32)
        self._clipped = 0
        return levels

    def _count_clipped(self, loud: Samples, peaks: Samples) -> None:
        for channel in (0, 1):
            if peaks[channel] < _FULL_SCALE:
                self._runs[channel] = 0
                continue
            full = np.concatenate(([0], loud[:, channel] >= _FULL_SCALE, [0])).astype(np.int8)
            edges = np.diff(full)
            begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
            lengths = ends - begins
            before = self._runs[channel] if begins[0] == 0 else 0
            lengths[0] += before
            self._clipped += int((lengths >= _RUN).sum()) - int(before >= _RUN)
            self._runs[channel] = lengths[-1] if ends[-1] == len(loud) else 0

    def _tail(self, before: int, broken: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
        """How many samples it holds now, with `before` of them before this block."""
        if not broken.any():
            return before + len(broken)
        return int(np.argmax(broken[::-1]))


def _db(peak: float) -> float | None:
    return round(20 * math.log10(peak), 2) if peak > 0 else None
