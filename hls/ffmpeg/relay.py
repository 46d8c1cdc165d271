"""The sound of a file or a pipe, packet by packet, and put into a container that can be joined at its start.

What is compressed stays as it is; the rest becomes FLAC, which loses nothing, or Opus at a bit rate.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import av
from av import AudioFrame, AudioStream
from av.container import OutputContainer
from av.packet import Packet

from hls.job import MediaRefused

#: Codec -> the container that begins to sound at once, its options, and its media type.
_CONTAINERS: dict[str, tuple[str, dict[str, str], str]] = {
    "mp3": ("mp3", {"id3v2_version": "0", "write_xing": "0"}, "audio/mpeg"),
    "aac": ("adts", {}, "audio/aac"),
    "opus": ("ogg", {"page_duration": "100000"}, "audio/ogg"),
    "vorbis": ("ogg", {"page_duration": "100000"}, "audio/ogg"),
    "flac": ("ogg", {"page_duration": "100000"}, "audio/ogg"),
}
_US = 1_000_000
_MAX_FLAC_RATE = 96_000


class RelayedPacket:
    """A packet on its way.

    Attributes:
        at_us: when it is to be heard, from the beginning of the recording.
        peaks: sample peak of each of the first two channels, 1.0 being full scale.
    """

    __slots__ = ("at_us", "frames", "packet", "peaks")

    def __init__(self, packet: "Packet[AudioStream]", at_us: int, frames: list[AudioFrame]) -> None:
        self.at_us = at_us
        self.packet = packet
        self.frames = frames
        self.peaks = _peaks(frames)


class Relay:
    """Reads a recording as it plays.

    Attributes:
        media_type: of what a `Carrier` gives.
        artist, title: of its tags; empty where it has none.
    """

    def __init__(self, source: str | BinaryIO, bitrate: int | None = None) -> None:
        """Args: `bitrate` in bits per second is that of Opus; None leaves the sound as it is.

        Raises:
            MediaRefused: it has no sound that can be read.
            OSError: it can't be read.
        """
        try:
            self._input = av.open(source, "r", metadata_errors="replace")
        except (FileNotFoundError, PermissionError):
            raise
        except av.FFmpegError as error:
            raise MediaRefused("it is no recording in a format that is known here") from error
        if not self._input.streams.audio:
            raise MediaRefused("it has no sound")
        self._stream = self._input.streams.audio[0]
        tags = {name.lower(): text for name, text in (self._input.metadata | self._stream.metadata).items()}
        self.artist, self.title = tags.get("artist", ""), tags.get("title", "")
        self._bitrate = bitrate
        name = self._stream.codec_context.name.removesuffix("float")
        self._as_it_is = bitrate is None and name in _CONTAINERS
        self._codec = name if self._as_it_is else "flac" if bitrate is None else "opus"
        self.media_type = _CONTAINERS[self._codec][2]

    def packets(self) -> Iterator[RelayedPacket]:
        """All that there is, in order.

        Raises:
            MediaRefused: it is broken beyond reading.
        """
        clock = _Clock()
        try:
            for packet in self._input.demux(self._stream):
                if packet.size:
                    at = clock.place(packet)
                    yield RelayedPacket(packet, int(at * packet.time_base * _US), _decode(packet))
        except av.FFmpegError as error:
            raise MediaRefused(f"it breaks off: {error.strerror}") from error

    def carrier(self, write: Callable[[bytes], None]) -> "Carrier":
        """A container that begins with the packet that comes next; `write` gets its bytes."""
        format, options, _ = _CONTAINERS[self._codec]
        output = av.open(_Sink(write), "w", format=format, options=options)
        if self._as_it_is:
            return Carrier(output, output.add_stream_from_template(self._stream), encodes=False)
        if self._bitrate is None:
            rate = min(self._stream.rate, _MAX_FLAC_RATE)
            stream = output.add_stream("flac", rate=rate, layout="stereo", format="s16")
            stream.codec_context.options = {"frame_size": "1152"}
        else:
            stream = output.add_stream("libopus", rate=48_000, layout="stereo", bit_rate=self._bitrate)
        return Carrier(output, stream, encodes=True)

    def close(self) -> None:
        self._input.close()


class Carrier:
    """One container, from its head on."""

    def __init__(self, output: OutputContainer, stream: AudioStream, *, encodes: bool) -> None:
        self._output = output
        self._stream = stream
        self._encodes = encodes
        self._resampler: av.AudioResampler | None = None
        self._clock = _Clock()

    def put(self, relayed: RelayedPacket) -> None:
        """Carry a packet. It may be put into one carrier only."""
        if self._encodes:
            self._encode(relayed.frames)
            return
        packet = relayed.packet
        packet.pts = packet.dts = self._clock.place(packet)
        packet.stream = self._stream
        self._output.mux(packet)

    def end(self) -> None:
        """Write what is left; the container is complete."""
        if self._encodes and self._resampler is not None:
            self._encode([None])
            self._mux(None)
        self._output.close()

    def _encode(self, frames: Sequence[AudioFrame | None]) -> None:
        if self._resampler is None:
            context = self._stream.codec_context
            context.open()
            self._resampler = av.AudioResampler(
                context.format, context.layout, context.rate, context.frame_size or None
            )
        for frame in frames:
            if frame is not None:
                frame.pts = None  # counted from here
            for even in self._resampler.resample(frame):
                self._mux(even)

    def _mux(self, frame: AudioFrame | None) -> None:
        for packet in self._stream.encode(frame):
            if packet.size:  # FLAC's last one has only the digest of all of it
                self._output.mux(packet)


class _Clock:
    """Places packets from 0 on, one behind the other where a recording begins anew, as chained Ogg does."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._next = 0

    def place(self, packet: "Packet[AudioStream]") -> int:
        """In units of the packet's time base."""
        pts = packet.pts
        if pts is not None and self._first is None:
            self._first = pts
        at = self._next if pts is None or self._first is None else pts - self._first
        if at < self._next - (packet.duration or 1):  # back to the beginning, and not just rounded
            assert pts is not None
            at, self._first = self._next, pts - self._next
        self._next = at + (packet.duration or 1)
        return at


class _Sink:
    """A file that can only be written forwards."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def write(self, data: bytes) -> int:
        self._write(bytes(data))
        return len(data)


def _decode(packet: "Packet[AudioStream]") -> list[AudioFrame]:
    try:
        return packet.decode()
    except av.InvalidDataError:
        return []  # a broken frame costs its own time, here and at the server


def _peaks(frames: list[AudioFrame]) -> tuple[float, ...]:
    found: list[float] = []
    for frame in frames:
        samples = frame.to_ndarray()
        if not frame.format.is_planar:
            samples = samples.reshape(-1, frame.layout.nb_channels).T
        full = 1.0 if samples.dtype.kind == "f" else float(1 << (8 * samples.itemsize - 1))
        offset = 128 if samples.dtype.kind == "u" else 0
        for number, channel in enumerate(samples[:2]):
            peak = float(abs(channel.astype("f8") - offset).max(initial=0.0)) / full
            if number < len(found):
                found[number] = max(found[number], peak)
            else:
                found.append(peak)
    return tuple(found)
