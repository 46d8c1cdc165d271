"""The things HLS is made of. Durations are integer ticks; seconds are printed in `playlist.py` alone."""

import msgspec


class AccessUnit(msgspec.Struct, frozen=True):
    """One encoded frame, as the encoder gave it.

    Attributes:
        data: the frame without any transport header (no ADTS, no Ogg page).
        duration_ticks: samples it decodes to, in the rendition's timescale, > 0.
    """

    data: bytes
    duration_ticks: int


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """One `moof`+`mdat` inside a rendition's file.

    Attributes:
        offset_bytes: where it starts in the file.
        size_bytes: length, > 0.
        duration_ticks: presentation duration, encoder delay and padding already taken off, so that the
            durations of a complete rendition add up to the duration of the source.
    """

    offset_bytes: int
    size_bytes: int
    duration_ticks: int


class Rendition(msgspec.Struct):
    """One encoding of a track: a CMAF file that grows by whole segments until `complete`.

    What is asked for with every segment of every track is counted as they come, not summed up.

    Attributes:
        name: URL-safe, unique in its track; the file is `{name}.mp4`, the playlist `{name}.m3u8`.
        codecs: RFC 6381, in the registered spelling (`mp4a.40.2`, `fLaC`, `Opus`).
        timescale: ticks per second; the sample rate, for sound.
        channels: 1 to 8.
        init_size_bytes: the init segment is the file's first bytes.
        segments: in order, contiguous, the first at `init_size_bytes`.
        complete: no segment will follow.
        duration_ticks: of all segments.
    """

    name: str
    codecs: str
    timescale: int
    channels: int
    init_size_bytes: int
    segments: list[Segment]
    complete: bool = False
    duration_ticks: int = 0

    def __post_init__(self) -> None:
        self.duration_ticks = sum(segment.duration_ticks for segment in self.segments)

    def append(self, segment: Segment) -> None:
        """Announce one more segment."""
        self.segments.append(segment)
        self.duration_ticks += segment.duration_ticks

    @property
    def size_bytes(self) -> int:
        """Bytes that may be served: the init segment and every segment announced."""
        if not self.segments:
            return self.init_size_bytes
        last = self.segments[-1]
        return last.offset_bytes + last.size_bytes
