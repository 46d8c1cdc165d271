"""What can be measured from samples: the peaks that a waveform is drawn from, and whether they are sound."""

import numpy as np
import numpy.typing as npt

SAMPLES_PER_PEAK = 512
"""Mono samples behind one (min, max) pair: 86 to 94 pairs a second, and 300 kB an hour."""

_FULL_SCALE = 128.0  # of signed 8-bit
_LOUDEST = 64.0  # 36 dB above full scale: no recording needs more, and FFmpeg's AAC encoder refuses 1e16


def is_wild(block: npt.NDArray[np.float32]) -> bool:
    """Whether a sample is no number, infinite, or absurdly loud: files of floating point can hold that."""
    return not (block.min(initial=0.0) >= -_LOUDEST and block.max(initial=0.0) <= _LOUDEST)


def tame(block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The block with what is no number made silence, and the rest held within full scale."""
    return np.clip(np.nan_to_num(block, nan=0.0), -1.0, 1.0)


class PeakMeter:
    """Turns blocks of samples, of any length, into (min, max) pairs. Holds less than one pair's samples."""

    def __init__(self, samples_per_peak: int = SAMPLES_PER_PEAK) -> None:
        self._samples_per_peak = samples_per_peak
        self._rest: npt.NDArray[np.float32] = np.empty(0, np.float32)
        self._pairs = bytearray()

    def feed(self, block: npt.NDArray[np.float32]) -> None:
        """Take samples of shape (channels, n), full scale 1.0; channels are mixed in equal parts."""
        mono = block[0] if len(block) == 1 else block.sum(axis=0) * np.float32(1 / len(block))
        if len(self._rest):
            mono = np.concatenate((self._rest, mono))
        whole = len(mono) // self._samples_per_peak * self._samples_per_peak
        self._rest = mono[whole:]
        self._measure(mono[:whole].reshape(-1, self._samples_per_peak))

    def take(self) -> bytes:
        """The pairs since the last call: signed 8-bit, interleaved min, max."""
        pairs = bytes(self._pairs)
        self._pairs.clear()
        return pairs

    def flush(self) -> None:
        """Measure the samples that are fewer than a pair's, at the end."""
        if len(self._rest):
            self._measure(self._rest.reshape(1, -1))
            self._rest = self._rest[:0]

    def _measure(self, rows: npt.NDArray[np.float32]) -> None:
        pairs = np.empty((len(rows), 2), np.float32)
        rows.min(axis=1, out=pairs[:, 0])
        rows.max(axis=1, out=pairs[:, 1])
        np.rint(pairs * _FULL_SCALE, out=pairs)
        self._pairs += np.clip(pairs, -128, 127).astype(np.int8).tobytes()


def coarser(pairs: bytes, times: int) -> bytes:
    """Merge every `times` (min, max) pairs, signed 8-bit, into one; the last takes what is left."""
    rows = np.frombuffer(pairs, np.int8).reshape(-1, 2)
    groups = np.pad(rows, ((0, -len(rows) % times), (0, 0)), "edge").reshape(-1, times, 2)
    return np.stack((groups[:, :, 0].min(axis=1), groups[:, :, 1].max(axis=1)), axis=1).tobytes()
