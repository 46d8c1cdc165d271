"""Decoded sound, compared sample by sample."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from tests.support.boxes import parse, presented

Samples = npt.NDArray[np.float32]


def decode(source: Path | str, *, rate: int, channels: int = 1, options: tuple[str, ...] = ()) -> Samples:
    """Decode a file or an address with ffmpeg.

    Args:
        options: ffmpeg input options, before `-i`.

    Returns:
        float32 of shape (frames, channels), full scale 1.0.
    """
    command = ["ffmpeg", "-nostdin", "-v", "error", *options, "-i", str(source), "-map", "0:a:0"]
    command += ["-ar", str(rate), "-ac", str(channels), "-f", "f32le", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, channels)


def exact_samples(path: Path) -> npt.NDArray[np.int32]:
    """Every sample that FFmpeg decodes of a lossless file, of shape (n, channels), as integers of 32 bits."""
    whole = samples_as_heard(path)
    if whole.dtype == np.uint8:
        return (whole.astype(np.int32) - 128) << 24
    return whole.astype(np.int32) << 16 if whole.dtype == np.int16 else whole


def undecodable(path: Path) -> int:
    """How many packets of a file FFmpeg's decoder refuses."""
    refused = 0
    with av.open(str(path)) as file:
        for packet in file.demux(audio=0):
            try:
                packet.decode()
            except av.FFmpegError:
                refused += 1
    return refused


def samples_as_heard(path: Path) -> npt.NDArray[Any]:
    """What FFmpeg plays of a file, in the format that its decoder gives, of shape (n, channels)."""
    pieces = []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            block = frame.to_ndarray()
            channels = len(frame.layout.channels)
            pieces.append(block.T if frame.format.is_planar else block.reshape(-1, channels))
    return np.concatenate(pieces)


def honoured(path: Path) -> npt.NDArray[Any]:
    """What a player makes of a rendition that starts and ends where its boxes say, full scale 1.0.

    FFmpeg starts where the edit list says, but plays the last access unit to its end.
    """
    boxes = parse(path.read_bytes())
    timescale = next(box for box in boxes if box.kind == "moov")["trak/mdia/mdhd"].fields["timescale"]
    heard = samples_as_heard(path)
    if heard.dtype != np.float32:
        bits = heard.dtype.itemsize * 8
        heard = heard / 2.0 ** (bits - 1)
    return heard[: round(presented(path)[-1][1] * timescale)]


def audible(samples: Samples, rate: int) -> Samples:
    """Without what is below 20 Hz, which nobody hears, a constant offset for one.

    Opus takes it out on purpose (`dc_reject` in libopus, at 3 Hz), and half the energy of a recording can be
    in it.
    """
    spectrum = np.fft.rfft(samples, axis=0)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate) < 20] = 0
    return np.fft.irfft(spectrum, len(samples), axis=0).astype(np.float32)


@dataclass(frozen=True)
class Likeness:
    """How alike two recordings are: `correlation` at the best shift, and that shift in samples."""

    correlation: float
    lag_samples: int


def likeness(one: Samples, other: Samples, *, max_lag: int = 4096) -> Likeness:
    """Correlate two mono recordings over every shift up to `max_lag`.

    A positive `lag_samples` says that `other` is late.
    """
    length = min(len(one), len(other))
    a, b = one[:length].mean(axis=1), other[:length].mean(axis=1)
    size = _transformed(length + max_lag)
    products = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    shifts = np.concatenate([products[-max_lag:], products[: max_lag + 1]])
    best = int(np.argmax(shifts))
    energy = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return Likeness(float(shifts[best]) / energy if energy else 0.0, best - max_lag)


def _transformed(samples: int) -> int:
    """The next larger size that a Fourier transform is quick at: of twos, threes and fives only."""
    size = samples
    while _without_2_3_5(size) > 1:
        size += 1
    return size


def _without_2_3_5(number: int) -> int:
    for factor in (2, 3, 5):
        while number % factor == 0:
            number //= factor
    return number


def place_of(piece: Samples, whole: Samples) -> int:
    """Where in `whole` the sound of `piece` begins, in samples, by their correlation."""
    a, b = whole.mean(axis=1), piece.mean(axis=1)
    size = _transformed(len(a) + len(b))
    products = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return int(np.argmax(products[: len(a)]))
