"""A container and the sound in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
from av import AudioFrame, AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from hls import codecs, intake, ladder, tags
from hls.ffmpeg import sound
from hls.ffmpeg.fanout import Fanout
from hls.ffmpeg.listing import Listing
from hls.job import Forwards, Job, MediaRefused, SourceReader
from hls.report import Opened, Tagged

# PyAV loads the four modules above when a stream asks for them; a worker can't open files any more then.

_READ_BYTES = 65_536
DECODERS = frozenset(intake.DECODERS) | {
    name for name in av.codecs_available if name.startswith(intake.PCM_FAMILIES)
}


@contextmanager
def open_recording(file: SourceReader | Forwards) -> Iterator["Recording"]:
    """Open a source; what FFmpeg can't do with it until the end is its own fault.

    Raises:
        MediaRefused: it is no recording that is known here.
    """
    options = intake.open_options(DECODERS, arriving=isinstance(file, Forwards))
    with _blaming_source("it is not a recording in a format that is known here"):
        container = av.open(
            file, "r", None, options, metadata_errors="surrogateescape", buffer_size=_READ_BYTES
        )
    with container, _blaming_source("its sound can't be converted"):
        yield Recording(container)


@contextmanager
def _blaming_source(reason: str) -> Iterator[None]:
    """What FFmpeg can't do with a source is the source's fault; but for memory, which is ours to give."""
    try:
        yield
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise MediaRefused(reason) from error


class Recording:
    """Implements `hls.attempt.Recording`."""

    def __init__(self, container: InputContainer) -> None:
        if not container.streams.audio:
            raise MediaRefused("there is no sound in it")
        best = container.streams.best("audio")
        chosen = best if isinstance(best, AudioStream) else container.streams.audio[0]
        codec: Any = chosen.codec_context  # None where FFmpeg has no decoder, whatever the type says
        if codec is None or codec.codec.name not in DECODERS:
            raise MediaRefused("its sound is in a codec that is not known here")
        codec.thread_count = 1
        covers = [s for s in container.streams.video if s.disposition & Disposition.attached_pic]
        self.container = container.format.name
        self.cover = b""
        self._input = container
        self._sound = chosen
        self._wanted = [chosen, *covers[:1]]
        self._units = Listing(chosen) if self._may_be_copied() else None
        for stream in container.streams:
            if stream not in self._wanted:
                stream.discard = Discard.all

    def opened(self, frame: AudioFrame, size_bytes: int | None) -> Opened:
        """What this is, told by its first frame; `size_bytes` of the source, None while it arrives."""
        codec = self._sound.codec_context
        pcm = codec.bit_rate if codec.name.startswith("pcm_") else None
        duration_ms = intake.believable_duration_ms(self._input.duration, pcm, size_bytes)
        channels = len(frame.layout.channels)
        return Opened(self.container, codec.name, frame.sample_rate, channels, duration_ms)

    @property
    def samples(self) -> int | None:
        """Where an MP4 of AAC ends: FFmpeg leaves the encoder's padding on."""
        codec, base = self._sound.codec_context, self._sound.time_base
        if self.container != intake.MP4 or codec.codec.name != "aac" or not self._sound.duration or not base:
            return None
        return int(self._sound.duration * base * codec.sample_rate)

    def tagged(self) -> Tagged:
        """What the container and its sound say of themselves."""
        return tags.tagged((self._input.metadata, self._sound.metadata), self.cover)

    def frames(self) -> Iterator[AudioFrame]:
        """The sound, damage left out."""
        return intake.undamaged(self._decode(packet) for packet in self._packets())

    def cut(self, frame: AudioFrame, samples: int) -> AudioFrame:
        """The first so many samples of a frame."""
        return sound.first(frame, samples)

    def encoder(self, frame: AudioFrame, job: Job) -> Fanout:
        """Begin the renditions."""
        form = self._form(frame)
        if form.copied_delay_ticks is None:
            self._units = None
        if self._units is not None:
            self._units.complete = not intake.is_fragmented(job.source.arrived)
        return Fanout(form, frame, self._sound.time_base, self._units, self.samples, job)

    def _form(self, frame: AudioFrame) -> ladder.Form:
        codec = self._sound.codec_context
        extradata = bytes(codec.extradata or b"")
        channels = len(frame.layout.channels)
        delay = self._copied_delay_ticks(frame, extradata)
        return ladder.Form(
            frame.sample_rate,
            channels,
            intake.lossless_bits(codec.codec.name, frame.format.name, extradata),
            delay,
            (codec.bit_rate or 0) if delay is not None else 0,
        )

    def _may_be_copied(self) -> bool:
        """Whether this is AAC-LC with its configuration in front, so that its units can be kept."""
        codec = self._sound.codec_context
        return (
            codec.codec.name == "aac"
            and codec.profile == "LC"
            and self.container == intake.MP4
            and 0 < (codec.bit_rate or 0) <= ladder.MAX_COPIED_BITRATE
        )

    def _copied_delay_ticks(self, frame: AudioFrame, extradata: bytes) -> int | None:
        """Samples before the first that is heard, as the container tells; None if it does not."""
        base = self._sound.time_base
        rate, channels = frame.sample_rate, len(frame.layout.channels)
        if self._units is None or base is None or not ladder.can_copy(rate, channels):
            return None
        ticks = self._units.delay_ticks(frame)
        if ticks is None or not codecs.is_plain_aac(extradata, rate, channels):
            return None
        delay = ticks * base * rate
        return int(delay) if delay >= 0 and delay.denominator == 1 else None

    def _packets(self) -> "Iterator[av.Packet[Any] | None]":
        """Packets in order, with None where the container was damaged."""
        while True:
            try:
                yield from self._input.demux(self._wanted)
                return
            except MemoryError:
                raise
            except av.FFmpegError:
                yield None

    def _decode(self, packet: "av.Packet[Any] | None") -> list[AudioFrame] | None:
        """The frames of a packet, or None if it is damaged."""
        if packet is None:
            return None
        if packet.stream is not self._sound:
            self.cover = self.cover or bytes(packet)
            return []
        try:
            frames = list(self._sound.codec_context.decode(packet))
        except MemoryError:
            raise
        except av.FFmpegError:
            if self._units is not None:
                self._units.placed(packet, None)
            return None
        if self._units is not None and packet.size:  # the end is an empty one
            return self._units.placed(packet, frames)
        return frames
