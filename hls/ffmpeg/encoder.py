"""One encoder for the whole track, whatever its source does; every sample that goes in is counted."""

from fractions import Fraction

import av
from av import AudioCodecContext, AudioFrame

from hls.coding import coding
from hls.ffmpeg import sound
from hls.job import Job
from hls.ladder import RenditionPlan
from hls.packager import Packager


class Encoder:
    """A rendition that is encoded here. `feed` may run in a thread of its own."""

    def __init__(self, plan: RenditionPlan, layout: str, source_rate: int, job: Job) -> None:
        """Open the encoder, and write the init segment.

        Args:
            plan: of the rendition.
            layout: FFmpeg's name of the channels' places.
            source_rate: Hz.
            job: where output and reports go.
        """
        codec = av.CodecContext.create(plan.codec, "w")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = plan.sample_rate
        codec.layout = layout
        codec.format = plan.sample_format
        if plan.bitrate:
            codec.bit_rate = plan.bitrate
        codec.time_base = Fraction(1, plan.sample_rate)
        codec.thread_count = 1
        if plan.codec == "flac":
            codec.options = {"frame_size": str(plan.frame_ticks)}
        codec.open()
        assert codec.frame_size == plan.frame_ticks, f"{plan.codec} has frames of {codec.frame_size} samples"
        self._codec = codec
        self._lead_ticks = plan.lead_ticks
        how = coding(plan, bytes(codec.extradata or b""), source_rate)
        self.packager = Packager(plan, how, job.output, job.report, job.source.tell)

    def feed(self, block: AudioFrame) -> None:
        """Take a block of the plan's format. It is only read: other encoders may have it too."""
        if self._lead_ticks:
            self._encode(sound.mirrored(block, self._lead_ticks, before=True))
            self._lead_ticks = 0
        self._encode(block)

    def finish(self, presented_ticks: int) -> None:
        """Nothing more comes; end exactly behind so many samples of sound."""
        self.packager.finish([bytes(packet) for packet in self._codec.encode(None)], presented_ticks)

    def _encode(self, block: AudioFrame) -> None:
        for packet in self._codec.encode(block):
            self.packager.feed(bytes(packet))
