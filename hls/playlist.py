"""Playlists as text. The only place where seconds are printed.

Source: RFC 8216bis (draft-pantos-hls-rfc8216bis).
"""

from collections.abc import Callable, Sequence

from hls.ladder import TARGET_DURATION_S
from hls.model import Rendition, Segment

# Section 8: EXT-X-MAP needs 6. Players expect 7 beside fragmented MP4.
_VERSION = 7
_MICROSECONDS = 1_000_000


class MediaPlaylist:
    """The media playlist of one rendition, cheap to render again while the rendition grows.

    A line that was rendered once is kept; a new rendering costs what the new segments cost, and one join.
    """

    def __init__(self, rendition: Rendition, file_uri: str) -> None:
        """Render from `rendition`, which may grow in between and whose file is at `file_uri`."""
        self._rendition = rendition
        self._file_uri = file_uri
        self._lines: list[str] = []
        self._rendered = 0
        self._end_ticks = 0

    def render(self) -> str:
        """EVENT while the rendition grows, VOD with an end afterwards."""
        for segment in self._rendition.segments[self._rendered :]:
            self._lines.append(self._segment_lines(segment))
        self._rendered = len(self._rendition.segments)
        tail = "#EXT-X-ENDLIST\n" if self._rendition.complete else ""
        return self._head() + "".join(self._lines) + tail

    def _head(self) -> str:
        complete = self._rendition.complete
        # 4.4.2.2: without EXT-X-START a player begins an unfinished playlist near its end.
        start = "" if complete else "#EXT-X-START:TIME-OFFSET=0\n"
        return (
            f"#EXTM3U\n#EXT-X-VERSION:{_VERSION}\n"
            f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}\n"
            f"#EXT-X-PLAYLIST-TYPE:{'VOD' if complete else 'EVENT'}\n"
            f"#EXT-X-INDEPENDENT-SEGMENTS\n{start}"
            f'#EXT-X-MAP:URI="{self._file_uri}",BYTERANGE="{self._rendition.init_size_bytes}@0"\n'
        )

    def _segment_lines(self, segment: Segment) -> str:
        start_us = _microseconds(self._end_ticks, self._rendition.timescale)
        self._end_ticks += segment.duration_ticks
        # Each end is rounded, not each duration, so that the printed durations add up to the printed whole.
        duration_us = _microseconds(self._end_ticks, self._rendition.timescale) - start_us
        return (
            f"#EXTINF:{duration_us // _MICROSECONDS}.{duration_us % _MICROSECONDS:06},\n"
            f"#EXT-X-BYTERANGE:{segment.size_bytes}@{segment.offset_bytes}\n{self._file_uri}\n"
        )


def media(rendition: Rendition, file_uri: str) -> str:
    """The media playlist as it is now; who renders it again and again keeps a MediaPlaylist."""
    return MediaPlaylist(rendition, file_uri).render()


def multivariant(renditions: Sequence[Rendition], uri: Callable[[Rendition], str]) -> str:
    """The multivariant playlist.

    Args:
        renditions: in the order in which players shall consider them; one without a segment is left out,
            because its bandwidth can't be measured yet. Where one is complete, all that still grow are, too.
        uri: where the media playlist of a rendition is, relative to this one.
    """
    # 6.2.4: what is in one playlist and not in another "MUST NOT be longer than the Target Duration". Else a
    # player that changes in the middle of the one would find nothing there in the other.
    complete = any(rendition.complete for rendition in renditions)
    return f"#EXTM3U\n#EXT-X-VERSION:{_VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n" + "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH={peak_bandwidth(rendition)},"
        f"AVERAGE-BANDWIDTH={average_bandwidth(rendition)},"
        f'CODECS="{rendition.codecs}"\n{uri(rendition)}\n'
        for rendition in renditions
        if rendition.segments and (rendition.complete or not complete)
    )


def average_bandwidth(rendition: Rendition) -> int:
    """4.4.6.2: bits per second over all segments, rounded up. Needs at least one segment."""
    size_bytes = rendition.size_bytes - rendition.init_size_bytes
    return _bits_per_second(size_bytes, rendition.duration_ticks, rendition.timescale)


def peak_bandwidth(rendition: Rendition) -> int:
    """Bits per second of the heaviest stretch, rounded up; a very short rendition has its average.

    Needs at least one segment.

    Source: 4.4.6.2, "the largest bit rate of any contiguous set of segments whose total duration is between
    0.5 and 1.5 times the target duration".
    """
    timescale = rendition.timescale
    at_least = TARGET_DURATION_S * timescale / 2
    at_most = TARGET_DURATION_S * timescale * 3 / 2
    peak = 0
    for first in range(len(rendition.segments)):
        size_bytes = duration_ticks = 0
        for segment in rendition.segments[first:]:
            size_bytes += segment.size_bytes
            duration_ticks += segment.duration_ticks
            if duration_ticks > at_most:
                break
            if duration_ticks >= at_least:
                peak = max(peak, _bits_per_second(size_bytes, duration_ticks, timescale))
    return peak or average_bandwidth(rendition)


def _bits_per_second(size_bytes: int, duration_ticks: int, timescale: int) -> int:
    return -(-size_bytes * 8 * timescale // max(duration_ticks, 1))


def _microseconds(ticks: int, timescale: int) -> int:
    return (2 * ticks * _MICROSECONDS + timescale) // (2 * timescale)
