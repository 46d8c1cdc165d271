"""The playlists of a live stream as text, rendered once for everyone who waits.

Source: RFC 8216bis (draft-pantos-hls-rfc8216bis).
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from hls.grid import Grid
from hls.window import LiveSegment, Window

# Section 8: EXT-X-SKIP needs 9.
_VERSION = 9
_US_PER_S = 1_000_000
_PART_TARGETS_HELD_BACK = 3  # 4.4.3.8: at least twice the part target, and better three times
_TARGETS_HELD_BACK = 3
_TARGETS_SKIPPED = 6  # 4.4.3.8: the skip boundary is six target durations at least
_TARGETS_WITH_PARTS = 3  # 4.4.4.9: further from the end, nobody needs the parts


class Title(Struct, frozen=True):
    """What was playing from a moment on, in microseconds since the Unix epoch."""

    number: int
    starts_at_us: int
    text: str


class Report(Struct, frozen=True):
    """How far another rendition is: its playlist, relative to this one, and the last part it has."""

    uri: str
    number: int
    part: int


class LivePlaylist:
    """The media playlist of one rendition. What a complete segment has to say is rendered once and kept."""

    def __init__(self, window: Window, name: str) -> None:
        """Render from `window`, which grows in between, for the rendition `name`, which is safe in a URI."""
        self._window = window
        self._name = name
        self._lines: dict[int, str] = {}  # of complete segments, without their parts

    def render(
        self, *, skip: bool = False, reports: Sequence[Report] = (), titles: Sequence[Title] = ()
    ) -> str:
        """The playlist as it is now. Needs at least one part.

        Args:
            skip: leave out what a player that has just been here knows, if there is any.
            reports: of the other renditions.
            titles: in order; those that ended before the list begins are the caller's to leave out.
        """
        window = self._window
        skipped = self._skippable() if skip else 0
        self._forget()
        lines = [self._head()]
        if skipped:
            lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n")
        lines += [_title_line(title) for title in titles]
        with_parts = self._first_with_parts()
        init = None if not skipped else window.segments[skipped - 1].init
        for place, segment in enumerate(window.segments):
            if place < skipped:
                continue
            if segment.init != init:
                init = segment.init
                lines.append(f'#EXT-X-MAP:URI="{self._name}/init{init}.mp4"\n')
            lines.append(self._segment(segment, parts=segment.number >= with_parts))
        lines.append(self._tail(reports))
        return "".join(lines)

    def _head(self) -> str:
        window, grid = self._window, self._window.grid
        part_us = _microseconds(grid.part_ticks, grid)
        target_s = grid.target_duration_s
        gone = window.gone_discontinuities
        sequence = f"#EXT-X-DISCONTINUITY-SEQUENCE:{gone}\n" if gone else ""
        return (
            f"#EXTM3U\n#EXT-X-VERSION:{_VERSION}\n#EXT-X-TARGETDURATION:{target_s}\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
            f"CAN-SKIP-UNTIL={_TARGETS_SKIPPED * target_s},"
            f"HOLD-BACK={_TARGETS_HELD_BACK * target_s},"
            f"PART-HOLD-BACK={part_hold_back(grid)}\n"
            f"#EXT-X-PART-INF:PART-TARGET={_seconds(part_us)}\n"
            f"#EXT-X-MEDIA-SEQUENCE:{window.segments[0].number}\n{sequence}"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
        )

    def _segment(self, segment: LiveSegment, *, parts: bool) -> str:
        begin = "#EXT-X-DISCONTINUITY\n" if segment.discontinuity else ""
        begin += f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.starts_at_us)}\n"
        listed = self._parts(segment) if parts else ""
        if not segment.complete:
            return begin + listed
        lines = self._lines.get(segment.number)
        if lines is None:
            duration = _seconds(_microseconds(segment.duration_ticks, self._window.grid))
            lines = f"#EXTINF:{duration},\n{self._name}/{segment.number}.m4s\n"
            self._lines[segment.number] = lines
        return begin + listed + lines

    def _parts(self, segment: LiveSegment) -> str:
        grid = self._window.grid
        lines = []
        ticks = 0
        for number, part in enumerate(segment.parts):
            # Each end is rounded, not each duration, so that those of the parts add up to the segment's.
            start_us = _microseconds(ticks, grid)
            ticks += part.duration_ticks
            duration = _seconds(_microseconds(ticks, grid) - start_us)
            lines.append(
                f'#EXT-X-PART:DURATION={duration},URI="{self._name}/{segment.number}.{number}.m4s",'
                "INDEPENDENT=YES\n"
            )
        return "".join(lines)

    def _tail(self, reports: Sequence[Report]) -> str:
        if self._window.ended:
            return "#EXT-X-ENDLIST\n"
        number, part = self._window.next_place
        hint = f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{self._name}/{number}.{part}.m4s"\n'
        return hint + "".join(
            f'#EXT-X-RENDITION-REPORT:URI="{report.uri}",LAST-MSN={report.number},LAST-PART={report.part}\n'
            for report in reports
        )

    def _skippable(self) -> int:
        """Segments that lie wholly before the skip boundary."""
        grid = self._window.grid
        boundary = _TARGETS_SKIPPED * grid.target_duration_s * grid.timescale
        segments = self._window.segments
        left = sum(segment.duration_ticks for segment in segments)
        skippable = 0
        while (left := left - segments[skippable].duration_ticks) >= boundary:
            skippable += 1
        return skippable

    def _first_with_parts(self) -> int:
        grid = self._window.grid
        ticks = 0
        first = self._window.segments[-1].number
        for segment in reversed(self._window.segments):
            if ticks > _TARGETS_WITH_PARTS * grid.target_duration_s * grid.timescale:
                break
            first = segment.number
            ticks += segment.duration_ticks
        return first

    def _forget(self) -> None:
        first = self._window.segments[0].number
        for number in [number for number in self._lines if number < first]:
            del self._lines[number]


def part_hold_back(grid: Grid) -> str:
    """How far from the end a player that takes parts is to stay, in seconds, as it is written."""
    return _seconds(_PART_TARGETS_HELD_BACK * _microseconds(grid.part_ticks, grid))


def _title_line(title: Title) -> str:
    # 4.2: a quoted string can't hold line ends or the double quote.
    text = "".join(" " if character in "\r\n" else character for character in title.text)
    text = text.replace('"', "\N{RIGHT DOUBLE QUOTATION MARK}")
    return (
        f'#EXT-X-DATERANGE:ID="title-{title.number}",CLASS="veza.title",'
        f'START-DATE="{_date(title.starts_at_us)}",X-TITLE="{text}"\n'
    )


def _date(at_us: int) -> str:
    moment = datetime.fromtimestamp(at_us // _US_PER_S, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_us % _US_PER_S // 1000:03}Z"


def _seconds(microseconds: int) -> str:
    """As few digits as say it exactly."""
    whole, rest = divmod(microseconds, _US_PER_S)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")


def _microseconds(ticks: int, grid: Grid) -> int:
    return (2 * ticks * _US_PER_S + grid.timescale) // (2 * grid.timescale)
