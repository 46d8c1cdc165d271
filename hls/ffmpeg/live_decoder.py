"""The sound of a live source, as soon as its bytes are there: 48 kHz, stereo, 32-bit float."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import av
import numpy as np
from av import AudioFrame, AudioResampler, AudioStream
from av.container import InputContainer
from av.stream import Discard

from hls import analysis, intake, live_intake, tags
from hls.ffmpeg import sound
from hls.ffmpeg.recording import DECODERS
from hls.ffmpeg.shaper import kind
from hls.job import MediaRefused
from hls.live import LIVE_RATE
from hls.live_source import SourceOpened, SourceTitled
from hls.ogg import Links

# What FFmpeg asks for at once: it gets what is there. Small, for it may want as much again before it decodes.
_READ_BYTES = 4096
_PCM_PACKET_BYTES = "2048"


class Bytes(Protocol):
    """A source, read forwards."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes as soon as there are any; none at the end."""
        ...


class Sink(Protocol):
    """Where a source's sound goes."""

    def opened(self, opened: SourceOpened) -> None: ...

    def titled(self, titled: SourceTitled) -> None: ...

    def sound(self, samples: bytes) -> None:
        """Interleaved 32-bit floats, left and right."""
        ...


def decode(source: Bytes, container: str, sink: Sink) -> None:
    """Decode a source to its end.

    Args:
        container: FFmpeg's name, if it is known; else it is told from the first bytes.
        sink: gets the sound as it comes; of what is damaged, as much as is sound.

    Raises:
        MediaRefused: nothing here can decode it.
    """
    head = _head(source)
    name = live_intake.recognise(head)
    if name is None and container in live_intake.CONTAINERS:
        name = container
    if name is None:
        raise MediaRefused("it is not sound in a format that is known here")
    whole = _Begun(head, source)
    heard = 0
    for link in _links(whole) if name == live_intake.OGG else [whole]:
        heard += _decode_link(link, name, sink)
    if not heard:
        raise MediaRefused("there is no sound in it")


def _head(source: Bytes) -> bytes:
    head = b""
    while len(head) < live_intake.HEAD_BYTES and (more := source.read(_READ_BYTES)):
        head += more
    return head


class _Begun:
    """A source whose first bytes were looked at."""

    def __init__(self, head: bytes, source: Bytes) -> None:
        self._head = head
        self._source = source

    def read(self, size: int, /) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._source.read(size)


class _Link:
    """One link of a chain; reads no byte of the next."""

    def __init__(self, pages: Iterator[bytes | None]) -> None:
        self._pages = pages
        self._rest = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        if not self._rest and not self._ended:
            page = next(self._pages, None)
            self._ended = page is None
            self._rest = page or b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def skip(self) -> None:
        """Read what nobody wanted."""
        while self.read(1 << 16):
            pass


def _links(source: Bytes) -> Iterator[_Link]:
    ended = False

    def pages() -> Iterator[bytes | None]:
        nonlocal ended
        chain = Links()
        while data := source.read(_READ_BYTES):
            yield from chain.feed(data)
        ended = True

    every = pages()
    while not ended:
        link = _Link(every)
        yield link
        link.skip()


def _decode_link(source: Bytes, name: str, sink: Sink) -> int:
    """Samples that could be decoded."""
    with _open(source, name) as container, _blaming_source("its sound can't be converted"):
        stream = _sound_of(container)
        _tell_title(container, stream, sink)
        shape = _Shape(container.format.name, stream, sink)
        for frame in intake.undamaged(_decoded(container, stream)):
            shape.feed(frame)
        shape.flush()
        return shape.samples


@contextmanager
def _open(source: Bytes, name: str) -> Iterator[InputContainer]:
    options = {**intake.open_options(DECODERS, arriving=True), **live_intake.OPTIONS}
    if name in (live_intake.WAV, live_intake.W64):
        options["max_size"] = _PCM_PACKET_BYTES
    with _blaming_source("it is not sound in a format that is known here"):
        container = av.open(
            source, "r", name, options, metadata_errors="surrogateescape", buffer_size=_READ_BYTES
        )
    with closing(container):
        yield container


@contextmanager
def _blaming_source(reason: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise MediaRefused(reason) from error


def _sound_of(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise MediaRefused("there is no sound in it")
    stream = container.streams.audio[0]
    codec: Any = stream.codec_context  # None where FFmpeg has no decoder, whatever the type says
    if codec is None or codec.codec.name not in DECODERS:
        raise MediaRefused("its sound is in a codec that is not known here")
    codec.thread_count = 1
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    return stream


def _tell_title(container: InputContainer, stream: AudioStream, sink: Sink) -> None:
    told = tags.tagged((stream.metadata, container.metadata), b"")
    if told.title or told.artist:
        sink.titled(SourceTitled(told.artist, told.title))


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[list[AudioFrame] | None]:
    """Frames packet by packet, None for a damaged one."""
    while True:
        try:
            for packet in container.demux(stream):
                yield _frames(stream, packet)
            return
        except MemoryError:
            raise
        except av.FFmpegError:
            yield None


def _frames(stream: AudioStream, packet: "av.Packet[Any]") -> list[AudioFrame] | None:
    try:
        return list(stream.codec_context.decode(packet))
    except MemoryError:
        raise
    except av.FFmpegError:
        return None


class _Shape:
    """Frames of any format in, samples of ours out."""

    def __init__(self, container: str, stream: AudioStream, sink: Sink) -> None:
        self.samples = 0
        self._container = container
        self._stream = stream
        self._sink = sink
        self._kind: tuple[str, str, int] | None = None

    def feed(self, frame: AudioFrame) -> None:
        frame = sound.named(frame)
        if kind(frame) != self._kind:
            self.flush()
            self._begin(frame)
        frame.pts = None
        self._give(self._resampler.resample(frame))

    def flush(self) -> None:
        """What the resampler holds back."""
        if self._kind is not None:
            self._kind = None
            self._give(self._resampler.resample(None))

    def _begin(self, frame: AudioFrame) -> None:
        channels = len(frame.layout.channels)
        intake.check(frame.sample_rate, channels)
        self._kind = kind(frame)
        self._resampler = AudioResampler("flt", "stereo", LIVE_RATE)
        codec = self._stream.codec_context
        self._sink.opened(
            SourceOpened(
                self._container, codec.name, frame.sample_rate, channels, max(0, codec.bit_rate or 0)
            )
        )

    def _give(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            samples = frame.to_ndarray().astype(np.float32, copy=False)
            if analysis.is_wild(samples):
                samples = analysis.tame(samples)
            self.samples += frame.samples
            self._sink.sound(samples.tobytes())
