"""All encoders of a show, open from its first sound to its last."""

import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av import AudioCodecContext, AudioFrame

from hls import codecs, fmp4
from hls.coding import Coding, coding
from hls.ladder import RenditionPlan
from hls.live import CHUNK_TICKS, GRID, LIVE_CHANNELS, LIVE_RATE, ChunkCut, LiveRendition, PartCut
from hls.live_cutter import LiveCutter
from hls.live_ladder import LivePlan

Samples = npt.NDArray[np.float32]
"""Of shape (n, 2), full scale 1.0."""


class Encoders:
    """Takes the sound of a show, gives chunks and parts.

    Attributes:
        renditions: as players need to know them.
    """

    def __init__(self, plans: Sequence[LivePlan], *, first_part: int, first_ticks: int) -> None:
        """Open all of them.

        Args:
            plans: of the renditions.
            first_part: number of the first part.
            first_ticks: what all parts before present.
        """
        self._encoders = [_Encoder(plan, first_part, first_ticks) for plan in plans]
        self.renditions = tuple(encoder.rendition for encoder in self._encoders)
        self._ticks = 0

    def feed(self, samples: Samples) -> Iterator[ChunkCut | PartCut]:
        """Take sound; what it completes, rendition by rendition, each as soon as it is encoded."""
        self._ticks += len(samples)
        for encoder in self._encoders:
            yield from encoder.feed(samples)

    def tick(self) -> Iterator[ChunkCut]:
        """A chunk's time is over: what has no chunks of its own goes out as far as it is there."""
        for encoder in self._encoders:
            yield from encoder.tick()

    def finish(self) -> Iterator[ChunkCut | PartCut]:
        """Nothing more comes; end exactly behind the last sample, part by part."""
        cuts = [cut for encoder in self._encoders for cut in encoder.finish(self._ticks)]
        yield from (cut for cut in cuts if isinstance(cut, ChunkCut))
        yield from sorted((cut for cut in cuts if isinstance(cut, PartCut)), key=lambda cut: cut.number)


class _Encoder:
    """One rendition."""

    def __init__(self, plan: LivePlan, first_part: int, first_ticks: int) -> None:
        self._plan = plan
        self._codec = codec = _open(plan)
        extradata = bytes(codec.extradata or b"")
        how = None if not plan.parts else coding(_as_upload(plan), extradata, LIVE_RATE)
        self.rendition = LiveRendition(
            plan.name,
            "mp3" if how is None else how.codecs,
            plan.bitrate,
            plan.frame_ticks,
            plan.delay_ticks,
            b"" if how is None else _init(plan, how),
            _description(plan, extradata),
        )
        rolls = how is not None and how.roll_distance != 0
        self._cutter = LiveCutter(
            plan, GRID, CHUNK_TICKS, rolls=rolls, first_part=first_part, first_ticks=first_ticks
        )
        self._lead_ticks = plan.lead_ticks

    def feed(self, samples: Samples) -> Iterator[ChunkCut | PartCut]:
        if self._lead_ticks:
            yield from self._encode(_lead(samples, self._lead_ticks))
            self._lead_ticks = 0
        yield from self._encode(samples)

    def tick(self) -> Iterator[ChunkCut]:
        return self._cutter.tick()

    def finish(self, presented_ticks: int) -> Iterator[ChunkCut | PartCut]:
        rest = [bytes(packet) for packet in self._codec.encode(None)]
        yield from self._cutter.finish(rest, presented_ticks)

    def _encode(self, samples: Samples) -> Iterator[ChunkCut | PartCut]:
        for packet in self._codec.encode(frame_of(samples, self._plan.sample_format)):
            yield from self._cutter.feed(bytes(packet))


def _open(plan: LivePlan) -> AudioCodecContext:
    codec = av.CodecContext.create(plan.codec, "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate = LIVE_RATE
    codec.layout = "stereo"
    codec.format = plan.sample_format
    if plan.bitrate:
        codec.bit_rate = plan.bitrate
    codec.time_base = Fraction(1, LIVE_RATE)
    codec.thread_count = 1
    if plan.codec == "flac":
        codec.options = {"frame_size": str(plan.frame_ticks)}
    elif plan.codec == "libmp3lame":
        codec.options = {"reservoir": "0"}  # who joins has not heard what a frame would borrow from
    codec.open()
    assert codec.frame_size == plan.frame_ticks, f"{plan.codec} has frames of {codec.frame_size} samples"
    return codec


def _as_upload(plan: LivePlan) -> RenditionPlan:
    return RenditionPlan(
        plan.name,
        plan.codec,
        plan.sample_format,
        LIVE_RATE,
        LIVE_CHANNELS,
        plan.bitrate,
        plan.frame_ticks,
        plan.lead_ticks,
        plan.delay_ticks,
        Fraction(GRID.part_ticks, plan.frame_ticks),
    )


def _init(plan: LivePlan, how: Coding) -> bytes:
    return fmp4.init_segment(
        sample_entry=how.sample_entry,
        timescale=LIVE_RATE,
        delay_ticks=plan.delay_ticks,
        roll_distance=how.roll_distance,
        brands=how.brands,
    )


def _description(plan: LivePlan, extradata: bytes) -> bytes:
    """What WebCodecs wants to know: AudioSpecificConfig; `fLaC` and STREAMINFO; OpusHead of RFC 7845, 5.1."""
    if plan.codec == "aac":
        return codecs.aac_config(LIVE_RATE, LIVE_CHANNELS)
    if plan.codec == "flac":
        return b"fLaC" + codecs.flac_metadata(extradata)
    if plan.codec == "libopus":
        return b"OpusHead" + struct.pack("<BBHIhB", 1, LIVE_CHANNELS, plan.delay_ticks, LIVE_RATE, 0, 0)
    return b""


def _lead(samples: Samples, ticks: int) -> Samples:
    """The sound mirrored before its beginning: an edge would be spread as noise."""
    return np.resize(np.concatenate((samples, samples[::-1])), (ticks, LIVE_CHANNELS))[::-1]


def frame_of(samples: Samples, sample_format: str) -> AudioFrame:
    """Samples as FFmpeg takes them: `fltp`, `flt` or `s16`."""
    shaped: np.ndarray[Any, Any]
    if sample_format == "fltp":
        shaped = np.ascontiguousarray(samples.T)
    elif sample_format == "flt":
        shaped = np.ascontiguousarray(samples).reshape(1, -1)
    else:
        shaped = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16).reshape(1, -1)
    frame = AudioFrame.from_ndarray(shaped, sample_format, "stereo")
    frame.sample_rate = LIVE_RATE
    frame.time_base = Fraction(1, LIVE_RATE)
    return frame
