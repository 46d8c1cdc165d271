"""What is on disk of a recording, as its record lists it: segments, the waveform, the loudness. Pure."""

from msgspec import Struct

from hls.live import GRID, LIVE_CHANNELS, LIVE_RATE, LiveRendition, PartCut
from hls.model import Rendition, Segment
from streamer.live.tape import Found
from streamer.track import TrackRecord
from streamer.waveform import Peaks

SAMPLES_PER_PEAK = 512
_OVERVIEW_PAIRS = 1024
_ZOOM_STEP = 4


class Laid(Struct, frozen=True):
    """A part that is on disk, or about to be.

    Attributes:
        begins, ends: a segment.
    """

    rendition: str
    size_bytes: int
    duration_ticks: int
    begins: bool
    ends: bool


def laid(part: PartCut) -> Laid:
    """What is to be known of a part when it is on disk."""
    last = GRID.parts_per_segment - 1
    begins, ends = part.data[4:8] == b"styp", part.number % GRID.parts_per_segment == last
    return Laid(part.rendition, len(part.data), part.duration_ticks, begins, ends)


class Reel:
    """Writes into a record what is whole on disk.

    Attributes:
        sizes: of the files, by name, with the segment that is growing.
    """

    def __init__(self, record: TrackRecord) -> None:
        self.record = record
        self.sizes = {f"{name}.mp4": one.size_bytes for name, one in record.renditions.items()}
        self._open: dict[str, Segment] = {}

    def begin(self, renditions: tuple[LiveRendition, ...]) -> dict[str, bytes]:
        """List the renditions that have parts. Returns their init segments, which are on disk by then."""
        inits = {one.name: one.init for one in renditions if one.init}
        for one in renditions:
            if one.init:
                listed = Rendition(one.name, one.codecs, LIVE_RATE, LIVE_CHANNELS, len(one.init), [])
                self.record.renditions[one.name] = listed
                self.sizes[f"{one.name}.mp4"] = len(one.init)
        return inits

    def lay(self, part: Laid) -> None:
        """A part is on disk: with its segment, it can be asked for."""
        file = f"{part.rendition}.mp4"
        if part.begins:
            self.close(part.rendition)
        before = self._open.get(part.rendition) or Segment(self.sizes[file], 0, 0)
        self._open[part.rendition] = Segment(
            before.offset_bytes,
            before.size_bytes + part.size_bytes,
            before.duration_ticks + part.duration_ticks,
        )
        self.sizes[file] += part.size_bytes
        if part.ends:
            self.close(part.rendition)

    def close(self, name: str | None = None) -> None:
        """Nothing is added to a segment, or to any: they are whole."""
        for one in [name] if name is not None else list(self._open):
            segment = self._open.pop(one, None)
            if segment is None:
                continue
            rendition = self.record.renditions[one]
            rendition.append(segment)
            if rendition is next(iter(self.record.renditions.values())):
                self.record.packaged_ticks += segment.duration_ticks

    def trim(self, ticks: int) -> None:
        """Drop the segments that begin behind a place: nothing is heard in them."""
        for rendition in self.record.renditions.values():
            place = kept = 0
            while kept < len(rendition.segments) and place < max(ticks, 1):
                place += rendition.segments[kept].duration_ticks
                kept += 1
            del rendition.segments[kept:]
            rendition.duration_ticks = sum(segment.duration_ticks for segment in rendition.segments)
        first = next(iter(self.record.renditions.values()), None)
        self.record.packaged_ticks = 0 if first is None else first.duration_ticks

    @property
    def even(self) -> bool:
        """All renditions go equally far, in the segment that grows, too."""
        none = Segment(0, 0, 0)
        return 1 >= len(
            {
                (len(one.segments), self._open.get(one.name, none).duration_ticks)
                for one in self.record.renditions.values()
            }
        )

    def level(self) -> None:
        """Drop what not all renditions have: a disk that was full may have taken some of it."""
        if self.even:
            self.close()
        self._open.clear()
        renditions = list(self.record.renditions.values())
        count = min((len(one.segments) for one in renditions), default=0)
        for one in renditions:
            del one.segments[count:]
            one.duration_ticks = sum(segment.duration_ticks for segment in one.segments)
        self.record.packaged_ticks = renditions[0].duration_ticks if renditions else 0


def take_up(record: TrackRecord, found: Found) -> None:
    """Write into a record what is left of its recording."""
    for name, scanned in found.renditions.items():
        rendition = record.renditions[name]
        record.renditions[name] = Rendition(
            name=name,
            codecs=rendition.codecs,
            timescale=rendition.timescale,
            channels=rendition.channels,
            init_size_bytes=scanned.init_size_bytes,
            segments=scanned.segments(),
        )
    first = next(iter(record.renditions.values()), None)
    record.packaged_ticks = 0 if first is None else first.duration_ticks
    record.received_bytes = sum(one.size_bytes for one in record.renditions.values())
    record.peaks = Peaks(LIVE_RATE, SAMPLES_PER_PEAK, found.peaks[: len(found.peaks) & ~1])


def pad(peaks: Peaks | None, ticks: int) -> bytes:
    """Let the waveform go on where the sound does: what had been measured may have died with its encoder.

    Returns: what was put in.
    """
    missing = 0 if peaks is None else -(-ticks // SAMPLES_PER_PEAK) - len(peaks.zooms[0])
    if peaks is None or missing <= 0:
        return b""
    peaks.zooms[0].data += bytes(2 * missing)
    return bytes(2 * missing)


def zoomed(peaks: Peaks | None) -> Peaks:
    """The same waveform with all its coarser zooms."""
    whole = Peaks(LIVE_RATE, SAMPLES_PER_PEAK)
    if peaks is not None:
        whole.zooms = [peaks.zooms[0]]
    while len(whole.zooms[-1]) > _OVERVIEW_PAIRS:
        whole.zooms.append(whole.zooms[-1].merged(_ZOOM_STEP))
    return whole
