"""Frames made here rather than decoded."""

from typing import Any

import numpy as np
from av import AudioFrame

BLOCK_SAMPLES = 8192
"""Through numpy and an encoder in one call: 0.2 s, and within the CPU's cache."""

LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What FFmpeg takes so many channels for when nothing is said of them."""


MAX_PLANES = 8
"""PyAV 18 counts the planes of more channels wrongly, and then reads and writes what is not theirs."""


def silence(model: AudioFrame, samples: int) -> AudioFrame:
    """Nothing to hear, in the format of `model`, or packed where that has too many planes."""
    shape = model.format.packed if len(model.layout.channels) > MAX_PLANES else model.format
    silent = _like(model, AudioFrame(shape.name, model.layout.name, samples))
    level = b"\x80" if model.format.name in ("u8", "u8p") else b"\0"
    for plane in silent.planes:
        plane.update(level * plane.buffer_size)
    return silent


def frame(samples: "np.ndarray[Any, Any]", model: AudioFrame) -> AudioFrame:
    """Samples, shaped as PyAV has them, in the format of `model`."""
    return _like(model, AudioFrame.from_ndarray(samples, model.format.name, model.layout.name))


def named(model: AudioFrame) -> AudioFrame:
    """The frame, its channels in the usual places if its source did not say where they belong.

    FFmpeg's filters write the places into such a frame, each those that suit it, and the next one refuses it.
    """
    layout = LAYOUTS.get(len(model.layout.channels))
    if layout is None or not model.layout.name.endswith(" channels"):
        return model
    placed = _like(model, AudioFrame.from_ndarray(model.to_ndarray(), model.format.name, layout))
    placed.pts = model.pts
    return placed


def first(model: AudioFrame, samples: int) -> AudioFrame:
    """The first so many samples of a frame; all of one that has too many planes to look at."""
    if model.format.is_planar and len(model.layout.channels) > MAX_PLANES:
        return model
    channels = 1 if model.format.is_planar else len(model.layout.channels)
    return frame(np.ascontiguousarray(model.to_ndarray()[:, : samples * channels]), model)


def mirrored(model: AudioFrame, samples: int, *, before: bool = False) -> AudioFrame:
    """What a frame would be, played backwards from its end and then forwards again, for so many samples.

    Args:
        before: what leads up to its beginning the same way, instead.
    """
    channels = len(model.layout.channels)
    planes = model.to_ndarray() if model.format.is_planar else model.to_ndarray().reshape(-1, channels).T
    onwards = planes[:, ::-1] if before else planes
    there_and_back = np.concatenate([onwards[:, ::-1], onwards], axis=1)
    again = -(-samples // there_and_back.shape[1])
    wanted = np.tile(there_and_back, again)[:, :samples][:, :: -1 if before else 1]
    packed = wanted if model.format.is_planar else wanted.T.reshape(1, -1)
    return frame(np.ascontiguousarray(packed), model)


def _like(model: AudioFrame, made: AudioFrame) -> AudioFrame:
    made.sample_rate = model.sample_rate
    made.time_base = model.time_base
    return made
