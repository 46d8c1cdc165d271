"""Waveform peaks as audiowaveform's version 2 formats, binary and JSON, which players already read.

The binary form has every zoom: the finest as a whole file of that format, which is all that other readers
see, then coarser ones in the same form, the coarsest last. Behind each stands its size in four bytes, so that
who asks for the last 2,076 bytes has the whole track at a glance, and from there can go back zoom by zoom.

Source: the data format page of BBC audiowaveform: a 24-byte little-endian head, then min and max per pixel.
"""

import struct
from collections.abc import Iterator

import msgspec

_HEAD = struct.Struct("<iIiiIi")
_SIZE = struct.Struct("<I")
_VERSION = 2
_FLAG_8_BIT = 1
_FINE_ENOUGH = 4  # pixels of a zoom to one that is asked for: so no scale is off by more than a quarter
_AS_UNSIGNED = bytes(value ^ 0x80 for value in range(256))  # signed bytes in an order that Python compares


class Waveform(msgspec.Struct, frozen=True):
    """audiowaveform's JSON. `data` is min, max, min, max, ... each -128 to 127; `length` counts the pairs."""

    version: int
    channels: int
    sample_rate: int
    samples_per_pixel: int
    bits: int
    length: int
    data: list[int]


class Zoom:
    """The waveform at one scale. It may grow at its end: 2 bytes per `samples_per_pixel` samples."""

    def __init__(self, sample_rate: int, samples_per_pixel: int, data: bytes = b"") -> None:
        self.sample_rate = sample_rate
        self.samples_per_pixel = samples_per_pixel
        self.data = bytearray(data)

    def __len__(self) -> int:
        return len(self.data) // 2

    def to_binary(self) -> bytes:
        """A whole `.dat` file of one zoom."""
        scale = (self.sample_rate, self.samples_per_pixel)
        return _HEAD.pack(_VERSION, _FLAG_8_BIT, *scale, len(self), 1) + self.data

    def to_json(self) -> bytes:
        """A whole `.json` file."""
        data = memoryview(bytes(self.data)).cast("b").tolist()
        scale = (self.sample_rate, self.samples_per_pixel)
        return msgspec.json.encode(Waveform(_VERSION, 1, *scale, 8, len(self), data))

    def merged(self, times: int) -> "Zoom":
        """The waveform at a scale so many times as coarse, >= 1: exactly what would be measured there."""
        if times == 1:
            return self
        data = bytes(self.data).translate(_AS_UNSIGNED)
        least, most = data[::2], data[1::2]
        pairs = bytearray()
        for start in range(0, len(least), times):
            pairs.append(min(least[start : start + times]))
            pairs.append(max(most[start : start + times]))
        return Zoom(self.sample_rate, self.samples_per_pixel * times, bytes(pairs).translate(_AS_UNSIGNED))


class Peaks:
    """The waveform of a track at every zoom there is so far, the finest first."""

    def __init__(self, sample_rate: int, samples_per_pixel: int, data: bytes = b"") -> None:
        self.zooms = [Zoom(sample_rate, samples_per_pixel, data)]

    def extend(self, data: bytes, samples_per_pixel: int | None = None) -> None:
        """Append interleaved signed 8-bit (min, max) pairs to a zoom, the finest unless it says another."""
        finest = self.zooms[0]
        for zoom in self.zooms:
            if zoom.samples_per_pixel == (samples_per_pixel or finest.samples_per_pixel):
                zoom.data += data
                return
        assert samples_per_pixel is not None
        self.zooms.append(Zoom(finest.sample_rate, samples_per_pixel, data))

    def at(self, *, length: int | None = None, samples_per_pixel: int | None = None) -> Zoom:
        """The waveform at a scale that is at least as fine as the one asked for, and not much finer.

        Args:
            length: pixels that the whole is to have, >= 1; it has fewer only where the finest zoom has.
            samples_per_pixel: >= 1. Of both, the finer counts; without either, the finest zoom.
        """
        finest = self.zooms[0]
        wanted = [samples_per_pixel] if samples_per_pixel else []
        if length:
            wanted.append(len(finest) * finest.samples_per_pixel // length)
        if not wanted:
            return finest
        scale = min(wanted)
        usable = [zoom for zoom in self.zooms if zoom.samples_per_pixel * _FINE_ENOUGH <= scale]
        zoom = usable[-1] if usable else finest
        return zoom.merged(max(scale // zoom.samples_per_pixel, 1))

    def to_binary(self) -> bytes:
        """A whole `.dat` file, with every zoom."""
        blocks = (zoom.to_binary() for zoom in self.zooms)
        return b"".join(block + _SIZE.pack(len(block)) for block in blocks)

    @classmethod
    def from_binary(cls, data: bytes) -> "Peaks":
        """Read back what `to_binary` wrote; one block alone, as before there were several, will do.

        Raises:
            ValueError: not such a file.
        """
        finest, *coarser = _blocks(data)
        peaks = cls(finest.sample_rate, finest.samples_per_pixel)
        peaks.zooms = [finest, *coarser]
        return peaks


def _blocks(data: bytes) -> Iterator[Zoom]:
    start = 0
    while start < len(data) or not start:
        if len(data) - start < _HEAD.size:
            raise ValueError(f"a waveform of {len(data) - start} bytes has no head")
        version, flags, sample_rate, samples_per_pixel, length, channels = _HEAD.unpack_from(data, start)
        end = start + _HEAD.size + 2 * length
        if (version, flags, channels) != (_VERSION, _FLAG_8_BIT, 1) or end > len(data):
            raise ValueError(f"not our waveform: version {version}, flags {flags}, {len(data)} bytes")
        yield Zoom(sample_rate, samples_per_pixel, data[start + _HEAD.size : end])
        if start == 0 and end == len(data):
            return
        if data[end : end + _SIZE.size] != _SIZE.pack(end - start):
            raise ValueError(f"a waveform's block of {end - start} bytes says another size")
        start = end + _SIZE.size
