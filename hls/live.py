"""What a live show is made of, and what its encoder tells the server.

A show has one clock: `at_ticks` counts samples at `LIVE_RATE` of what is heard, 0 being the first sample of
the show's life in this process. The encoder's delay is taken off: a negative place is lead-in that no player
lets be heard. `OnAir.starts_at_us` says when tick 0 is, and so when everything else is.
"""

import msgspec

from hls.grid import Grid
from hls.report import LoudnessMeasured, PeaksCut, Report

LIVE_RATE = 48_000
"""Hz, of every source once it is decoded and of every rendition."""

LIVE_CHANNELS = 2
"""Of every show, whatever its sources have: players stop for good when it changes."""

GRID = Grid(timescale=LIVE_RATE, part_ticks=15_360, parts_per_segment=12, keep_segments=16, opening=(1, 3, 6))
"""320 ms: 15 AAC frames, 16 Opus frames, 15 FLAC frames of 1,024 samples; segments of 3.84 s.

Before the first of these would be whole, ffmpeg 5 gives up ("Empty segment"), so it comes in four.
"""

CHUNK_TICKS = GRID.part_ticks // 3
"""107 ms: 5 AAC frames. Opus frames do not divide it: its chunks are 4 or 6 frames, 16 a part in all."""


class LiveRendition(msgspec.Struct, frozen=True):
    """One encoding of a show.

    Attributes:
        name: URL-safe: "aac128", "aac64", "flac", "opus96"; "mp3" for what only goes out progressively.
        codecs: RFC 6381, in the registered spelling; "mp3" for MP3.
        bitrate: bits per second that the encoder aims at; 0 where it does not aim.
        frame_ticks: samples that every access unit decodes to.
        delay_ticks: samples before the first that is heard.
        init: the init segment; empty for MP3.
        description: AudioSpecificConfig, OpusHead, or STREAMINFO behind `fLaC`, as WebCodecs wants it; empty
            for MP3.
    """

    name: str
    codecs: str
    bitrate: int
    frame_ticks: int
    delay_ticks: int
    init: bytes
    description: bytes


class OnAir(msgspec.Struct, frozen=True):
    """A show as its listeners need to know it.

    Attributes:
        room: its name.
        show: id of the show, and of the track that its recording becomes.
        began_at_us: when the show began, microseconds since the Unix epoch, through restarts of the server.
        starts_at_us: when tick 0 is.
        first_number: media sequence number of the first segment; more than 0 when a show goes on after a
            restart.
        grid: how it is cut.
        renditions: in the order in which players shall consider them.
    """

    room: str
    show: str
    began_at_us: int
    starts_at_us: int
    first_number: int
    grid: Grid
    renditions: tuple[LiveRendition, ...]

    def time_us(self, at_ticks: int) -> int:
        """When a place is, microseconds since the Unix epoch."""
        return self.starts_at_us + at_ticks * 1_000_000 // self.grid.timescale


class Begun(Report, frozen=True):
    """The encoders are open: the first report."""

    renditions: tuple[LiveRendition, ...]


class ClockBegun(Report, frozen=True):
    """The clock ticks: before all that is cut, marked or measured.

    Attributes:
        at_s: when tick 0 is, in seconds of CLOCK_MONOTONIC: when the first sound came, or earlier by what had
            piled up at its source.
    """

    at_s: float


class ChunkCut(Report, frozen=True):
    """Access units as soon as they are there, for who does not wait for a part.

    Attributes:
        at_ticks: where the first of them is heard.
        units: whole frames without any transport header.
    """

    rendition: str
    at_ticks: int
    units: tuple[bytes, ...]


class PartCut(Report, frozen=True):
    """One `moof`+`mdat`. The parts of all renditions have the same numbers and end at the same places.

    Attributes:
        number: 0 for the first of the show, then one more each. The first of a segment has `styp` before it.
        at_ticks: where it is first heard; `number * part_ticks`.
        duration_ticks: `part_ticks`, but for the last of the show.
    """

    rendition: str
    number: int
    at_ticks: int
    duration_ticks: int
    data: bytes


class Marked(Report, frozen=True):
    """The sound that came right behind a mark is heard from here on. `mark` is what the server called it."""

    mark: int
    at_ticks: int


class Metered(Report, frozen=True):
    """How the sound is, every 100 ms or so of it.

    Attributes:
        at_ticks: up to where it was measured.
        momentary_lufs, short_lufs: EBU R128, over 400 ms and 3 s; None below -70.
        integrated_lufs, range_lu: since the show began; None for too little sound.
        peak_dbfs: sample peak of each channel since the last report; None for silence.
        true_peak_dbtp: since the show began; None for silence.
        clipped: runs of three or more samples at full scale since the last report.
        silent_ms: how long there has been nothing to hear, up to now.
        mono: both channels have been the same for a second or more.
        filled_ticks: put in for sound that did not come in time, since the show began.
        dropped_ticks: sound that came too late or too much, since the show began.
        buffered_ms: sound that waits for its turn.
        jitter_ms: how much earlier or later than steadily sound comes, p95 of the last seconds.
        drift_ppm: how much faster (> 0) than this machine's clock the source's clock runs.
        late_ms: between when the last part should have been complete, and when it was.
    """

    at_ticks: int
    momentary_lufs: float | None
    short_lufs: float | None
    integrated_lufs: float | None
    range_lu: float | None
    peak_dbfs: tuple[float | None, float | None]
    true_peak_dbtp: float | None
    clipped: int
    silent_ms: int
    mono: bool
    filled_ticks: int
    dropped_ticks: int
    buffered_ms: int
    jitter_ms: float
    drift_ppm: float
    late_ms: float


class Ended(Report, frozen=True):
    """Every part is out: the last report. `duration_ticks` is what there was to hear."""

    duration_ticks: int


AnyLiveReport = (
    Begun | ClockBegun | ChunkCut | PartCut | Marked | Metered | PeaksCut | LoudnessMeasured | Ended
)
