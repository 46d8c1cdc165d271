"""Plays samples a little faster or slower than they are, from any place between two of them to the next.

A Farrow structure: a windowed sinc of 16 taps, each tap a polynomial in the place between two samples, so
that the place can move with every sample. Source: C. W. Farrow, "A continuously variable digital delay
element", 1988.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial

from hls.reservoir import Reservoir, Samples

_TAPS = 16
_BEFORE = _TAPS // 2 - 1
AHEAD = _TAPS // 2 + 1
"""Samples beyond those that are taken that have to be there."""

_ORDER = 7
_BETA = 6.5  # of Kaiser's window: flat to 17 kHz at 48 kHz, within a tenth of a decibel


def _taps() -> npt.NDArray[np.float32]:
    """Coefficients of shape (taps, order + 1), of powers of the place less a half, the lowest first."""
    place = np.linspace(0, 1, 257)
    offset = np.arange(_TAPS)[:, None] - _BEFORE - place
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (offset / (_TAPS / 2)) ** 2, 0, 1))) / np.i0(_BETA)
    wanted = np.sinc(offset) * window
    wanted /= wanted.sum(axis=0)
    return polynomial.polyfit(place - 0.5, wanted.T, _ORDER).T.astype(np.float32)


_COEFFICIENTS = _taps().T  # at once: numpy loads what this needs late, and a worker can open no file then


class Stretch:
    """Takes samples out of a reservoir at any speed. Without speed, it hands them on as they are."""

    def __init__(self, channels: int = 2) -> None:
        self._last = np.zeros((_BEFORE, channels), np.float32)
        self._place = 0.0  # of what comes next, behind the sample that was taken last, in samples

    def reset(self) -> None:
        """What comes next begins on a sample."""
        self._place = 0.0

    def take(self, source: Reservoir, count: int, ppm: float) -> Samples:
        """`count` samples, played faster by `ppm`; silence where the source has no more."""
        if ppm == 0 and self._place == 0:
            taken = source.take(count)
            self._keep(taken)
            return _filled(taken, count)
        step = 1 + ppm * 1e-6
        places = self._place + np.arange(count) * step
        end = self._place + count * step
        whole = int(end)
        self._place = end - whole
        taken = _filled(source.take(whole), whole)
        row = np.concatenate((self._last, taken, source.peek(AHEAD)))
        self._keep(taken)
        return _interpolated(row, places)

    def _keep(self, taken: Samples) -> None:
        self._last = np.concatenate((self._last, taken[-_BEFORE:]))[-_BEFORE:]


def _interpolated(row: Samples, places: npt.NDArray[np.floating[Any]]) -> Samples:
    """Samples at `places` of a row that begins _BEFORE samples before place 0."""
    first = places.astype(np.int64)
    powers = np.vander(places - first - 0.5, _ORDER + 1, increasing=True).astype(np.float32)
    weights = powers @ _COEFFICIENTS
    windows = np.lib.stride_tricks.sliding_window_view(row, _TAPS, axis=0)[first]
    sound: Samples = np.einsum("nct,nt->nc", windows, weights)
    return sound


def _filled(samples: Samples, count: int) -> Samples:
    missing = count - len(samples)
    return np.pad(samples, ((0, missing), (0, 0))) if missing else samples
