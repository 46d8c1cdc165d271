"""The multivariant playlist of a live stream.

Source: RFC 8216bis (draft-pantos-hls-rfc8216bis), sections 4.4.2.2 and 4.4.6.2.
"""

from collections.abc import Sequence

from msgspec import Struct

from hls.grid import Grid
from hls.live_playlist import part_hold_back
from hls.window import LiveSegment, Part

_VERSION = 9
_MARGIN_PERCENT = 10  # over the average of a few parts, until there is a segment to measure


class Variant(Struct, frozen=True):
    """One rendition as it is listed: bits per second, with what the container adds."""

    uri: str
    codecs: str
    peak_bandwidth: int
    average_bandwidth: int


class Measured(Struct, frozen=True):
    """What a rendition took so far. `peak`: bits per second, of a segment; 0 before there was one."""

    peak: int = 0
    size_bytes: int = 0
    ticks: int = 0


class Bandwidth:
    """What a rendition takes, measured since it began; the peak never falls, because players plan with it."""

    def __init__(self, grid: Grid, measured: Measured | None = None) -> None:
        """Args: `measured`: by another, who has gone on so far."""
        before = measured or Measured()
        self._grid = grid
        self._peak = before.peak
        self._size_bytes = before.size_bytes
        self._ticks = before.ticks

    @property
    def measured(self) -> Measured:
        """So far."""
        return Measured(self._peak, self._size_bytes, self._ticks)

    def add_part(self, part: Part) -> None:
        self._size_bytes += part.size_bytes
        self._ticks += part.duration_ticks

    def add_segment(self, segment: LiveSegment) -> None:
        """4.4.6.2: of at least half the target duration. A complete one, whose parts have been added."""
        if 2 * segment.duration_ticks >= self._grid.target_duration_s * self._grid.timescale:
            self._peak = max(self._peak, self._rate(segment.size_bytes, segment.duration_ticks))

    @property
    def average(self) -> int:
        """Bits per second, rounded up. Needs a part."""
        return self._rate(self._size_bytes, self._ticks)

    @property
    def peak(self) -> int:
        """Bits per second, rounded up; of the first parts, somewhat more than they take. Needs a part."""
        return max(self._peak or self.average * (100 + _MARGIN_PERCENT) // 100, self.average)

    def _rate(self, size_bytes: int, ticks: int) -> int:
        return -(-size_bytes * 8 * self._grid.timescale // ticks)


def live_multivariant(grid: Grid, variants: Sequence[Variant]) -> str:
    """The playlist of all variants, in the order in which players shall consider them.

    EXT-X-START is where players of low latency begin, who may be as near to the end as PART-HOLD-BACK says:
    some of them would begin three target durations away, and never catch up. That nobody should begin
    nearer than these (4.4.2.2) is older than parts, and players that know none stay away from the end by
    themselves.
    """
    head = (
        f"#EXTM3U\n#EXT-X-VERSION:{_VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        f"#EXT-X-START:TIME-OFFSET=-{part_hold_back(grid)}\n"
    )
    return head + "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH={variant.peak_bandwidth},"
        f'AVERAGE-BANDWIDTH={variant.average_bandwidth},CODECS="{variant.codecs}"\n{variant.uri}\n'
        for variant in variants
    )
