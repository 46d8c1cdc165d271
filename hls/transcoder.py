"""A recording in, CMAF out: the one place that touches FFmpeg.

Runs to its end in a process of its own. It waits only in the source, when that has not arrived yet.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any

import av
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
import numpy as np
from av import AudioCodecContext, AudioFrame, AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition

from hls import analysis, attempt, intake, ladder, tags
from hls.job import Forwards, Job, Limits, MediaRefused, Output, Reporter, SourceReader
from hls.packager import Packager
from hls.report import Opened, Tagged
from hls.timeline import Timeline

# PyAV loads the four modules above when a stream asks for them; a worker can't open files any more then.

_BLOCK_SAMPLES = 8192  # through numpy and the encoder in one call: 0.2 s, and within the CPU's cache
_READ_BYTES = 65_536
_LAYOUTS = {1: "mono", 2: "stereo"}
_DECODERS = frozenset(intake.DECODERS) | {
    name for name in av.codecs_available if name.startswith(intake.PCM_FAMILIES)
}


def package(source: SourceReader, output: Output, limits: Limits, report: Reporter) -> None:
    """Make a track of a recording, reporting what comes about, `Finished` last.

    Args:
        source: at its first byte. Read forwards while it arrives, if its format allows, else when complete.
        output: empty.
        limits: of this job.
        report: called in the order that `hls/report.py` gives; a segment is on disk before it is reported.

    Raises:
        MediaRefused: the source is at fault.
        OSError: source or output could not be read or written.
        MemoryError: FFmpeg or numpy did not get what they asked for.
    """
    attempt.package(Job(source, output, limits, report), _open)


@contextmanager
def _open(file: SourceReader | Forwards) -> Iterator["_Recording"]:
    options = intake.open_options(_DECODERS, arriving=isinstance(file, Forwards))
    with _blaming_source("it is not a recording in a format that is known here"):
        container = av.open(file, "r", None, options, metadata_errors="replace", buffer_size=_READ_BYTES)
    with container, _blaming_source("its sound can't be converted"):
        yield _Recording(container)


@contextmanager
def _blaming_source(reason: str) -> Iterator[None]:
    """What FFmpeg can't do with a source is the source's fault; but for memory, which is ours to give."""
    try:
        yield
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise MediaRefused(reason) from error


class _Recording:
    """A container and the sound in it. Implements `hls.attempt.Recording`."""

    def __init__(self, container: InputContainer) -> None:
        if not container.streams.audio:
            raise MediaRefused("there is no sound in it")
        best = container.streams.best("audio")
        sound = best if isinstance(best, AudioStream) else container.streams.audio[0]
        codec: Any = sound.codec_context  # None where FFmpeg has no decoder, whatever the type says
        if codec is None or codec.codec.name not in _DECODERS:
            raise MediaRefused("its sound is in a codec that is not known here")
        codec.thread_count = 1
        covers = [s for s in container.streams.video if s.disposition & Disposition.attached_pic]
        self.container = container.format.name
        self.cover = b""
        self._input = container
        self._sound = sound
        self._wanted = [sound, *covers[:1]]
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

    def tagged(self) -> Tagged:
        """What the container and its sound say of themselves."""
        return tags.tagged((self._input.metadata, self._sound.metadata), self.cover)

    def frames(self) -> Iterator[AudioFrame]:
        """The sound, damage left out."""
        return intake.undamaged(self._decode(packet) for packet in self._packets())

    def cut(self, frame: AudioFrame, samples: int) -> AudioFrame:
        """The first so many samples of a frame of planes."""
        return _frame(np.ascontiguousarray(frame.to_ndarray()[:, :samples]), frame)

    def encoder(self, frame: AudioFrame, job: Job) -> "_Encoder":
        """Begin the one rendition that there is for now."""
        (plan,) = ladder.plan(frame.sample_rate, len(frame.layout.channels))
        packager = Packager(plan, job.output, job.report, job.source.tell)
        return _Encoder(plan, _Shaper(plan, self._sound.time_base), packager, job.limits)

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
            return list(self._sound.codec_context.decode(packet))
        except MemoryError:
            raise
        except av.FFmpegError:
            return None


class _Shaper:
    """Brings frames to the plan's rate and channels, in even blocks, with silence where sound was lost.

    A source may change its format as it goes: chained Ogg and joined ADTS do.
    """

    def __init__(self, plan: ladder.RenditionPlan, time_base: Fraction | None) -> None:
        self._plan = plan
        self._time_base = time_base
        self._format: tuple[str, str, int] | None = None

    def feed(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        """Take a frame; the blocks that it completes."""
        if (frame.format.name, frame.layout.name, frame.sample_rate) != self._format:
            yield from self.flush()
            self._adapt(frame)
        lost = self._timeline.feed(frame.pts, frame.samples)
        while lost > 0:
            yield from self._pass(_silence(frame, min(lost, _BLOCK_SAMPLES)))
            lost -= _BLOCK_SAMPLES
        frame.pts = None  # from here on, the place of a sample is its number
        yield from self._pass(frame)

    def flush(self) -> Iterator[AudioFrame]:
        """What is left, the resampler's tail included."""
        if self._format is not None:
            self._in.push(None)
            with suppress(EOFError):
                while True:
                    yield self._out.pull()

    def _adapt(self, frame: AudioFrame) -> None:
        intake.check(frame.sample_rate, len(frame.layout.channels))
        rate, layout = str(self._plan.sample_rate), _LAYOUTS[self._plan.channels]
        self._format = (frame.format.name, frame.layout.name, frame.sample_rate)
        self._timeline = Timeline(frame.sample_rate, self._time_base)
        self._held, self._block = 0.0, _BLOCK_SAMPLES * frame.sample_rate / self._plan.sample_rate
        self._graph = graph = av.filter.Graph()  # kept, because its parts refer to it weakly
        tick = Fraction(1, frame.sample_rate)
        self._in = graph.add_abuffer(None, frame.sample_rate, frame.format, frame.layout, time_base=tick)
        form = graph.add("aformat", sample_fmts="fltp", sample_rates=rate, channel_layouts=layout)
        self._out: Any = graph.add("abuffersink")
        graph.link_nodes(self._in, form, self._out).configure()
        graph.set_audio_frame_size(_BLOCK_SAMPLES)

    def _pass(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        self._in.push(frame)
        self._held += frame.samples
        while self._held >= self._block:  # asking for a block that is not there would cost an exception
            try:
                block = self._out.pull()
            except BlockingIOError:  # the resampler holds some back
                return
            self._held -= self._block
            yield block


class _Encoder:
    """One encoder for the whole track, whatever its source does; every sample that goes in is counted."""

    def __init__(
        self, plan: ladder.RenditionPlan, shaper: _Shaper, packager: Packager, limits: Limits
    ) -> None:
        codec = av.CodecContext.create(plan.codec, "w")
        assert isinstance(codec, AudioCodecContext)
        codec.sample_rate = plan.sample_rate
        codec.layout = _LAYOUTS[plan.channels]
        codec.format = "fltp"
        codec.bit_rate = plan.bitrate
        codec.time_base = Fraction(1, plan.sample_rate)
        codec.thread_count = 1
        self._codec = codec
        self._rate = plan.sample_rate
        self._shaper = shaper
        self._packager = packager
        self._max_ticks = limits.max_duration_s * plan.sample_rate
        self._ticks = 0

    def feed(self, frame: AudioFrame) -> None:
        """Take a frame of any format."""
        self._encode(self._shaper.feed(frame))

    def finish(self) -> int:
        """Nothing more comes; the duration in milliseconds, rounded to the nearest."""
        self._encode(self._shaper.flush())
        if not self._ticks:
            raise MediaRefused("there is not one sample of sound in it")
        self._packager.finish([bytes(packet) for packet in self._codec.encode(None)], self._ticks)
        return (2000 * self._ticks + self._rate) // (2 * self._rate)

    def _encode(self, blocks: Iterable[AudioFrame]) -> None:
        for block in blocks:
            self._ticks += block.samples
            if self._ticks > self._max_ticks:
                raise MediaRefused(f"it is longer than {self._max_ticks // self._rate} s")
            block.pts = None
            for packet in self._codec.encode(self._measured(block)):
                self._packager.feed(bytes(packet))

    def _measured(self, block: AudioFrame) -> AudioFrame:
        samples = block.to_ndarray().astype(np.float32, copy=False)
        if analysis.is_wild(samples):
            samples = analysis.tame(samples)
            block = _frame(samples, block)
        self._packager.peaks.feed(samples)
        return block


def _silence(frame: AudioFrame, samples: int) -> AudioFrame:
    silent = _like(frame, AudioFrame(frame.format.name, frame.layout.name, samples))
    level = b"\x80" if frame.format.name in ("u8", "u8p") else b"\0"
    for plane in silent.planes:
        plane.update(level * plane.buffer_size)
    return silent


def _frame(samples: "np.ndarray[Any, Any]", model: AudioFrame) -> AudioFrame:
    return _like(model, AudioFrame.from_ndarray(samples, model.format.name, model.layout.name))


def _like(model: AudioFrame, frame: AudioFrame) -> AudioFrame:
    frame.sample_rate = model.sample_rate
    frame.time_base = model.time_base
    return frame
