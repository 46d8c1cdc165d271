"""The sound of a live source, as soon as its bytes are there: 48 kHz, stereo, 32-bit float."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from typing import Any

import av
from av import AudioCodecContext, AudioFrame, AudioStream
from av.container import InputContainer
from av.stream import Discard

from hls import intake, live_intake, tags
from hls.ffmpeg import sound
from hls.ffmpeg.live_pieces import READ_BYTES, Begun, Bytes, Whole, links
from hls.ffmpeg.live_shape import Shape, Sink
from hls.ffmpeg.recording import DECODERS
from hls.job import MediaRefused
from hls.live_source import SourceTitled
from hls.mpeg_frames import MpegFrames
from hls.wave_head import MAX_HEAD_BYTES, read_head

_MAX_FAILURES = 50  # in a row, of a demuxer that does not find its way back
_MAX_ID3_BYTES = 1 << 18  # a larger one has a cover in it; its title is not waited for
_MAX_UNHEARD_BYTES = 1 << 16  # of what is said to be MP3 or AAC, without a frame in it: 4 s at 128 kbit/s
_SILENT_MP3 = b"\xff\xfb\x90\x64" + bytes(413)  # a frame with nothing in it, 417 bytes long


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
        if name == live_intake.ADTS:
            head = _from_frame_on(head, source)
    if name is None:
        raise MediaRefused("it is not sound in a format that is known here")
    whole = Begun(head, source)
    if name == live_intake.OGG:
        heard = sum(_decode_link(link, name, sink) for link in links(whole))
    elif name == live_intake.MP3:
        _tell_id3(whole, sink)
        heard = _decode_mp3(whole, sink)
    elif name == live_intake.WAV:
        heard = _decode_wave(whole, sink)
    elif name == live_intake.MP4:
        heard = _decode_link(Whole(whole), name, sink)
    else:
        heard = _decode_link(whole, name, sink)
    if not heard:
        raise MediaRefused("there is no sound in it")


def _head(source: Bytes) -> bytes:
    head = b""
    while len(head) < live_intake.HEAD_BYTES and (more := source.read(READ_BYTES)):
        head += more
    return head


def _from_frame_on(head: bytes, source: Bytes) -> bytes:
    """The rest of a frame of ADTS taken off the beginning."""
    while (offset := live_intake.adts_offset(head)) is None:
        more = source.read(READ_BYTES)
        if not more or len(head) > _MAX_UNHEARD_BYTES:
            raise MediaRefused("there are no frames of AAC in it")
        head += more
    return head[offset:]


def _tell_id3(source: Begun, sink: Sink) -> None:
    """Take a tag off the beginning, and tell what it says."""
    head = source.read(live_intake.HEAD_BYTES)
    size = live_intake.id3_bytes(head)
    tag = bytearray(head)
    while len(tag) < size and (more := source.read(min(size - len(tag), READ_BYTES))):
        tag += more
        if size > _MAX_ID3_BYTES:
            size -= len(tag)
            tag.clear()
    if not size:
        source.put_back(head)
    elif len(tag) == size:
        with suppress(MediaRefused), _open(BytesIO(bytes(tag) + 3 * _SILENT_MP3), "mp3") as container:
            _tell_title(container, container.streams.audio[0], sink)


def _decode_mp3(source: Bytes, sink: Sink) -> int:
    """Samples that could be decoded; without FFmpeg's demuxer, which would wait for more."""
    codec = _decoder("mp3float")

    def decoded() -> Iterator[list[AudioFrame] | None]:
        frames, unheard = MpegFrames(), 0
        while data := source.read(READ_BYTES):
            unheard += len(data)
            for frame in frames.feed(data):
                unheard = 0
                yield _frames(codec, av.Packet(frame))
            if unheard > _MAX_UNHEARD_BYTES:
                raise MediaRefused("there are no frames of MPEG audio in it")
        yield _frames(codec, None)

    return _heard(Shape("mp3", codec, sink), decoded())


def _decode_wave(source: Begun, sink: Sink) -> int:
    """Samples that could be decoded; plain ones without FFmpeg's look at what they could be."""
    head = b""
    while (wave := read_head(head)) is None and len(head) < MAX_HEAD_BYTES:
        if not (more := source.read(READ_BYTES)):
            break
        head += more
    if wave is None:
        return _decode_link(Begun(head, source), live_intake.WAV, sink)
    intake.check(wave.sample_rate, wave.channels)
    codec = _decoder(wave.decoder)
    codec.sample_rate = wave.sample_rate
    codec.bit_rate = wave.sample_rate * wave.frame_bytes * 8
    codec.layout = sound.LAYOUTS.get(wave.channels, f"{wave.channels} channels")
    samples = Begun(head[wave.size_bytes :], source)

    def decoded() -> Iterator[list[AudioFrame] | None]:
        rest = b""
        while data := samples.read(READ_BYTES):
            rest += data
            whole = len(rest) // wave.frame_bytes * wave.frame_bytes
            if whole:
                yield _frames(codec, av.Packet(rest[:whole]))
            rest = rest[whole:]

    return _heard(Shape("wav", codec, sink), decoded())


def _decoder(name: str) -> AudioCodecContext:
    codec = av.CodecContext.create(name, "r")
    assert isinstance(codec, AudioCodecContext)
    codec.thread_count = 1
    return codec


def _heard(shape: Shape, pieces: Iterator[list[AudioFrame] | None]) -> int:
    """Samples that came of the pieces."""
    for frame in intake.undamaged(pieces):
        shape.feed(frame)
    shape.flush()
    return shape.samples


def _decode_link(source: Bytes, name: str, sink: Sink) -> int:
    """Samples that could be decoded."""
    with _open(source, name) as container, _blaming_source("its sound can't be converted"):
        stream = _sound_of(container)
        _tell_title(container, stream, sink)
        shape = Shape(container.format.name, stream.codec_context, sink)
        return _heard(shape, _decoded(container, stream))


@contextmanager
def _open(source: Bytes, name: str) -> Iterator[InputContainer]:
    options = {**intake.open_options(DECODERS, arriving=True), **live_intake.OPTIONS}
    with _blaming_source("it is not sound in a format that is known here"):
        container = av.open(
            source, "r", name, options, metadata_errors="surrogateescape", buffer_size=READ_BYTES
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
    """Frames packet by packet, None for a damaged one, until FFmpeg does nothing but fail."""
    failures = 0
    while failures < _MAX_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield _frames(stream.codec_context, packet)
            return
        except MemoryError:
            raise
        except av.FFmpegError:
            failures += 1
            yield None


def _frames(codec: AudioCodecContext, packet: "av.Packet[Any] | None") -> list[AudioFrame] | None:
    try:
        return list(codec.decode(packet))
    except MemoryError:
        raise
    except av.FFmpegError:
        return None
