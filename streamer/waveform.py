"""Waveform peaks as audiowaveform's version 2 formats, binary and JSON, which players already read.

Source: the data format page of BBC audiowaveform: a 24-byte little-endian head, then min and max per pixel.
"""

import struct

import msgspec

_HEAD = struct.Struct("<iIiiIi")
_VERSION = 2
_FLAG_8_BIT = 1


class Waveform(msgspec.Struct, frozen=True):
    """audiowaveform's JSON. `data` is min, max, min, max, ... each -128 to 127; `length` counts the pairs."""

    version: int
    channels: int
    sample_rate: int
    samples_per_pixel: int
    bits: int
    length: int
    data: list[int]


class Peaks:
    """A waveform that grows at its end while a track is packaged: 2 bytes per `samples_per_peak` samples."""

    def __init__(self, sample_rate: int, samples_per_peak: int, data: bytes = b"") -> None:
        self.sample_rate = sample_rate
        self.samples_per_peak = samples_per_peak
        self._data = bytearray(data)

    def extend(self, data: bytes) -> None:
        """Append interleaved signed 8-bit (min, max) pairs."""
        self._data += data

    def to_binary(self) -> bytes:
        """A whole `.dat` file."""
        head = _HEAD.pack(
            _VERSION, _FLAG_8_BIT, self.sample_rate, self.samples_per_peak, len(self._data) // 2, 1
        )
        return head + self._data

    def to_json(self) -> bytes:
        """A whole `.json` file."""
        return msgspec.json.encode(
            Waveform(
                version=_VERSION,
                channels=1,
                sample_rate=self.sample_rate,
                samples_per_pixel=self.samples_per_peak,
                bits=8,
                length=len(self._data) // 2,
                data=memoryview(bytes(self._data)).cast("b").tolist(),
            )
        )

    @classmethod
    def from_binary(cls, data: bytes) -> "Peaks":
        """Read back what `to_binary` wrote.

        Raises:
            ValueError: not such a file.
        """
        if len(data) < _HEAD.size:
            raise ValueError(f"a waveform of {len(data)} bytes has no head")
        version, flags, sample_rate, samples_per_peak, length, channels = _HEAD.unpack_from(data)
        if (version, flags, channels, len(data)) != (_VERSION, _FLAG_8_BIT, 1, _HEAD.size + 2 * length):
            raise ValueError(f"not our waveform: version {version}, flags {flags}, {len(data)} bytes")
        return cls(sample_rate, samples_per_peak, data[_HEAD.size :])
