"""Loudness as EBU R128 has it: of a track, as FFmpeg tells it, and of an album, without decoding it again.

The loudness of an album is no average of its tracks': the gates look at all of its blocks together. So each
track keeps how often its blocks had which loudness, about a kilobyte, and an album's counts are the sums.
Blocks that lie across the cut between two tracks are missing then, as in libebur128, which measures most
albums there are: 0.3 s a cut for the loudness, and 2.9 s for the range, which shows where tracks are short.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate

import msgspec

TRUE_PEAK = "lavfi.r128.true_peak"
"""FFmpeg's name of the largest of all channels' peaks between and at the samples, as an amplitude
with three decimals: to 0.1 dB down to -26 dBTP."""

_MOMENTARY = ("lavfi.r128.M", "lavfi.r128.S")
_LEAST_LUFS = -70.0  # ITU-R BS.1770: the absolute gate, under which there is nothing to measure
_BIN_LU = 0.05  # a tenth is what one reads; the ends of a range are off by half a bin each at most
_MAX_BIN = 3000  # +80 LUFS: nothing that is meant to be heard
_INTEGRATED_GATE_LU = -10.0  # ITU-R BS.1770: under the mean of what the absolute gate lets through
_RANGE_GATE_LU = -20.0  # EBU Tech 3342
_RANGE_LOW, _RANGE_HIGH = 0.10, 0.95  # EBU Tech 3342: the percentiles between which the range lies


class Loudness(msgspec.Struct, frozen=True):
    """EBU R128, over the whole. Null where it is silent, or shorter than what the standard looks at."""

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None


class _Kept(msgspec.Struct, array_like=True):
    """A histogram as bytes: the first bin that has a count, and the counts from there on."""

    momentary: tuple[int, list[int]]
    short_term: tuple[int, list[int]]
    true_peak_dbtp: float | None


_DECODER = msgspec.msgpack.Decoder(_Kept)


class Histogram:
    """How often the blocks of a track had which loudness: 400 ms and 3 s of sound, every 100 ms.

    Attributes:
        true_peak_dbtp: of the whole; None if it is silent.
    """

    def __init__(self) -> None:
        self.true_peak_dbtp: float | None = None
        self._momentary: Counter[int] = Counter()
        self._short_term: Counter[int] = Counter()

    def count(self, momentary_lufs: float, short_term_lufs: float) -> None:
        """Take what was measured after a tenth of a second; what is too quiet, or nothing, does not count."""
        for counts, lufs in ((self._momentary, momentary_lufs), (self._short_term, short_term_lufs)):
            if lufs >= _LEAST_LUFS:
                counts[int(min((lufs - _LEAST_LUFS) / _BIN_LU, _MAX_BIN))] += 1

    def add(self, data: bytes) -> None:
        """Take another histogram as well.

        Args:
            data: as `to_bytes` gave it.

        Raises:
            ValueError: it is none.
        """
        try:
            kept = _DECODER.decode(data)
        except msgspec.MsgspecError as error:
            raise ValueError(f"no histogram of loudness: {error}") from error
        for counts, (first, values) in (
            (self._momentary, kept.momentary),
            (self._short_term, kept.short_term),
        ):
            counts.update({first + place: value for place, value in enumerate(values) if value})
        peaks = [peak for peak in (self.true_peak_dbtp, kept.true_peak_dbtp) if peak is not None]
        self.true_peak_dbtp = max(peaks, default=None)

    def to_bytes(self) -> bytes:
        """About a kilobyte, for a track of any length."""
        kept = _Kept(_packed(self._momentary), _packed(self._short_term), self.true_peak_dbtp)
        return msgspec.msgpack.encode(kept)

    def loudness(self) -> Loudness:
        """Of everything that was taken."""
        integrated = _mean(_gated(self._momentary, _INTEGRATED_GATE_LU))
        return Loudness(
            None if integrated is None else round(integrated, 2),
            None if integrated is None else round(_range(self._short_term), 2),
            self.true_peak_dbtp,
        )


def combine(histograms: Iterable[bytes]) -> Loudness:
    """The loudness of tracks played one after the other, such as an album.

    Args:
        histograms: as `Histogram.to_bytes` gave them; the order does not matter.

    Raises:
        ValueError: one of them is none.
    """
    whole = Histogram()
    for data in histograms:
        whole.add(data)
    return whole.loudness()


def momentary(by_ffmpeg: Mapping[str, str]) -> tuple[float | None, float | None]:
    """LUFS over the last 400 ms and 3 s, as FFmpeg's ebur128 says them; None for less than -70."""
    now, lately = (_audible(float(by_ffmpeg.get(name, "nan"))) for name in _MOMENTARY)
    return now, lately


def _audible(lufs: float) -> float | None:
    return _finite(lufs) if lufs > _LEAST_LUFS else None


def told(by_ffmpeg: Mapping[str, str]) -> Loudness:
    """Read what FFmpeg's ebur128 says on its last frame: LUFS, LU, and the true peak as an amplitude."""
    integrated = float(by_ffmpeg.get("lavfi.r128.I", "nan"))
    if not integrated > _LEAST_LUFS:
        integrated = math.nan
    peak = float(by_ffmpeg.get(TRUE_PEAK, "nan"))
    return Loudness(
        _finite(integrated),
        None if math.isnan(integrated) else _finite(float(by_ffmpeg.get("lavfi.r128.LRA", "nan"))),
        _finite(20 * math.log10(peak)) if peak > 0 else None,
    )


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def _packed(counts: Counter[int]) -> tuple[int, list[int]]:
    if not counts:
        return 0, []
    first = min(counts)
    return first, [counts[bin_number] for bin_number in range(first, max(counts) + 1)]


def _lufs(bin_number: int) -> float:
    return _LEAST_LUFS + (bin_number + 0.5) * _BIN_LU


def _mean(counts: Mapping[int, int]) -> float | None:
    """Loudness of the mean power of all blocks; None if there are none."""
    total = sum(counts.values())
    if not total:
        return None
    return 10 * math.log10(
        sum(number * 10 ** (_lufs(bin_number) / 10) for bin_number, number in counts.items()) / total
    )


def _gated(counts: Mapping[int, int], gate_lu: float) -> dict[int, int]:
    """The blocks that are not so much quieter than the mean of all."""
    mean = _mean(counts)
    if mean is None:
        return {}
    return {
        bin_number: number for bin_number, number in counts.items() if _lufs(bin_number) >= mean + gate_lu
    }


def _range(counts: Mapping[int, int]) -> float:
    """Loudness range; 0 where there are less than three seconds."""
    gated = sorted(_gated(counts, _RANGE_GATE_LU).items())
    if not gated:
        return 0.0
    seen = list(accumulate(number for _, number in gated))
    low, high = (bisect_left(seen, int(share * seen[-1] + 0.5)) for share in (_RANGE_LOW, _RANGE_HIGH))
    return _lufs(gated[high][0]) - _lufs(gated[low][0])
