"""What a packaging worker tells the server: typed messages, one direction, in this order.

`Opened`, `Tagged` (again at the end if a streamed source had more to say), `RenditionStarted` once a
rendition, then `SegmentCut`, `RenditionFinished` and `PeaksCut` as they come, `LoudnessMeasured`, and one of
`Finished`, `Refused`, `Broken` last.
"""

import msgspec


class Report(msgspec.Struct, frozen=True, tag=True):
    """A message from a worker."""


class Opened(Report, frozen=True):
    """The source was recognised. `duration_ms` is what its header claims, which may be a lie, or None."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    duration_ms: int | None


class Tagged(Report, frozen=True):
    """What the source says of itself. Text is cleaned and bounded; the cover is in the output folder."""

    title: str | None
    artist: str | None
    album: str | None
    cover_type: str | None  # "image/jpeg", "image/png", "image/webp"; None without a cover
    album_artist: str | None = None
    track_number: int | None = None  # on its disc, from 1
    disc_number: int | None = None
    year: int | None = None
    genre: str | None = None


class RenditionStarted(Report, frozen=True):
    """The init segment is on disk as the first bytes of `{name}.mp4`."""

    name: str
    codecs: str
    timescale: int
    channels: int
    init_size_bytes: int


class SegmentCut(Report, frozen=True):
    """A segment is on disk, whole. `consumed_bytes` is how far the source has been read."""

    rendition: str
    offset_bytes: int
    size_bytes: int
    duration_ticks: int
    consumed_bytes: int


class RenditionFinished(Report, frozen=True):
    """No segment of it follows: said of one that is complete before the others are.

    Until `Finished`, an access unit that turns out to be damaged may still become silence of the same size.
    """

    name: str


class PeaksCut(Report, frozen=True):
    """More waveform: interleaved signed 8-bit (min, max), a pair per `samples_per_peak` mono samples.

    The finest zoom comes as the sound does; coarser ones at the end, each finer one before.
    """

    sample_rate: int
    samples_per_peak: int
    data: bytes


class LoudnessMeasured(Report, frozen=True):
    """How loud the whole track is, by EBU R128; None for what silence, or too little sound, does not have.

    `histogram` is what `hls.loudness.combine` makes the loudness of an album from.
    """

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    histogram: bytes


class Finished(Report, frozen=True):
    """Everything is on disk. `duration_ms` is what was decoded, rounded to the nearest millisecond."""

    duration_ms: int


class Refused(Report, frozen=True):
    """The file can't become a track; `reason` is for the person who sent it."""

    reason: str


class Broken(Report, frozen=True):
    """The work failed, and not for the file's fault: no time, no memory, a full disk, a dead worker."""

    reason: str


AnyReport = (
    Opened
    | Tagged
    | RenditionStarted
    | SegmentCut
    | RenditionFinished
    | PeaksCut
    | LoudnessMeasured
    | Finished
    | Refused
    | Broken
)
