"""Reads live playlists, and judges each against the one before it.

Written from RFC 8216bis, and knows nothing of how ours are made.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tests.support.m3u8 import attributes

_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass
class PartLine:
    uri: str
    duration_s: Decimal
    independent: bool


@dataclass
class SegmentLines:
    """A media segment; without a URI it is not complete yet."""

    number: int
    init: str | None
    date: datetime | None = None
    discontinuity: bool = False
    parts: list[PartLine] = field(default_factory=list)
    duration_s: Decimal | None = None
    uri: str | None = None


@dataclass
class LivePlaylistText:
    version: int = 1
    target_s: int = 0
    part_target_s: Decimal = Decimal(0)
    control: dict[str, str] = field(default_factory=dict)
    first_number: int = 0
    discontinuity_sequence: int = 0
    skipped: int = 0
    segments: list[SegmentLines] = field(default_factory=list)
    hint: str | None = None
    reports: list[dict[str, str]] = field(default_factory=list)
    dates: list[dict[str, str]] = field(default_factory=list)
    ended: bool = False

    @property
    def growing(self) -> SegmentLines | None:
        return self.segments[-1] if self.segments and self.segments[-1].uri is None else None


def read_live(text: str, before: LivePlaylistText | None = None) -> LivePlaylistText:
    """Read and judge one playlist; with EXT-X-SKIP, what it leaves out is taken from `before`."""
    lines = text.split("\n")
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "", "the last line ends"
    playlist = LivePlaylistText()
    pending = SegmentLines(0, None)
    init: str | None = None
    touched = False
    for line in lines[1:-1]:
        name, _, value = line.partition(":")
        match name:
            case "#EXT-X-VERSION":
                playlist.version = int(value)
            case "#EXT-X-TARGETDURATION":
                playlist.target_s = int(value)
            case "#EXT-X-PART-INF":
                playlist.part_target_s = Decimal(attributes(value)["PART-TARGET"])
            case "#EXT-X-SERVER-CONTROL":
                playlist.control = attributes(value)
            case "#EXT-X-MEDIA-SEQUENCE":
                assert not touched, "4.4.3.2: before the first segment"
                playlist.first_number = int(value)
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                assert not touched, "4.4.3.3: before the first segment"
                playlist.discontinuity_sequence = int(value)
            case "#EXT-X-INDEPENDENT-SEGMENTS":
                pass
            case "#EXT-X-SKIP":
                assert before is not None, "nobody asked for less"
                playlist.skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
                known = [
                    segment
                    for segment in before.segments
                    if playlist.first_number <= segment.number < playlist.first_number + playlist.skipped
                ]
                assert len(known) == playlist.skipped, "5.1.5: what is skipped is not known"
                assert all(segment.uri for segment in known)
                playlist.segments += known
                init = known[-1].init
            case "#EXT-X-MAP":
                init = attributes(value)["URI"]
            case "#EXT-X-DATERANGE":
                playlist.dates.append(attributes(value))
            case "#EXT-X-DISCONTINUITY":
                pending.discontinuity = touched = True
            case "#EXT-X-PROGRAM-DATE-TIME":
                pending.date = datetime.fromisoformat(value)
                touched = True
            case "#EXT-X-PART":
                said = attributes(value)
                part = PartLine(said["URI"], Decimal(said["DURATION"]), said.get("INDEPENDENT") == "YES")
                pending.parts.append(part)
                touched = True
            case "#EXTINF":
                pending.duration_s = Decimal(value.split(",")[0])
            case "#EXT-X-PRELOAD-HINT":
                said = attributes(value)
                assert said["TYPE"] == "PART"
                assert playlist.hint is None, "4.4.5.3: one of a type"
                playlist.hint = said["URI"]
            case "#EXT-X-RENDITION-REPORT":
                playlist.reports.append(attributes(value))
            case "#EXT-X-ENDLIST":
                playlist.ended = True
            case _:
                assert not line.startswith("#EXT"), f"no such tag: {line}"
                assert pending.duration_s is not None, f"a URI without EXTINF: {line}"
                pending.uri = line
                _add(playlist, pending, init)
                pending = SegmentLines(0, None)
    if pending.parts:
        _add(playlist, pending, init)
    _judge(playlist)
    if before is not None:
        _judge_step(before, playlist)
    return playlist


def _add(playlist: LivePlaylistText, segment: SegmentLines, init: str | None) -> None:
    segment.number = playlist.first_number + len(playlist.segments)
    segment.init = init
    playlist.segments.append(segment)


def _judge(playlist: LivePlaylistText) -> None:
    control = playlist.control
    target, part_target = playlist.target_s, playlist.part_target_s
    assert playlist.version >= 9 or not playlist.skipped
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert Decimal(control["PART-HOLD-BACK"]) >= 2 * part_target, "4.4.3.8"
    assert Decimal(control["HOLD-BACK"]) >= 3 * target, "4.4.3.8"
    assert Decimal(control["CAN-SKIP-UNTIL"]) >= 6 * target, "4.4.3.8"
    for segment in playlist.segments:
        assert segment.init is not None, "4.4.4.5: fragmented MP4 needs EXT-X-MAP"
        assert segment.date is not None
        if segment.duration_s is not None:
            assert round(segment.duration_s) <= target, "4.4.3.1"
        for number, part in enumerate(segment.parts):
            assert part.independent
            assert part.duration_s <= part_target, "4.4.4.9"
            assert part.uri not in [other.uri for other in segment.parts[:number]]
        if segment.parts and segment.duration_s is not None:
            assert sum(part.duration_s for part in segment.parts) == segment.duration_s
    assert (playlist.hint is None) == playlist.ended
    at_end = Decimal(0)
    for segment in reversed(playlist.segments):
        if segment.uri is None:
            at_end += sum(part.duration_s for part in segment.parts)
            continue
        assert segment.duration_s is not None
        if not segment.parts:
            assert at_end > 3 * target, "6.2.1: parts near the end are listed"
        if segment.number < playlist.first_number + playlist.skipped:
            assert at_end >= Decimal(control["CAN-SKIP-UNTIL"]), "6.2.5.1: skipped within the boundary"
        at_end += segment.duration_s


def _judge_step(before: LivePlaylistText, now: LivePlaylistText) -> None:
    """6.2.1: what a server may change from one playlist to the next."""
    assert not (before.ended and not now.ended)
    fixed = ("target_s", "part_target_s", "control")
    assert [getattr(before, name) for name in fixed] == [getattr(now, name) for name in fixed]
    assert now.first_number >= before.first_number
    old = {segment.number: segment for segment in before.segments}
    for segment in now.segments:
        known = old.pop(segment.number, None)
        if known is None:
            continue
        assert (known.init, known.date, known.discontinuity) == (
            segment.init,
            segment.date,
            segment.discontinuity,
        )
        if known.uri is not None:
            assert (known.uri, known.duration_s) == (segment.uri, segment.duration_s)
        if segment.parts:
            assert segment.parts[: len(known.parts)] == known.parts or not known.parts
    assert all(number < now.first_number for number in old), "segments leave from the beginning alone"
    gone = sum(segment.discontinuity for number, segment in old.items())
    # What came and went between the two can't be seen from here.
    seen_all = now.first_number <= before.segments[-1].number + 1
    if seen_all:
        assert now.discontinuity_sequence == before.discontinuity_sequence + gone, "6.2.2"
    _judge_hint(before, now)


def _judge_hint(before: LivePlaylistText, now: LivePlaylistText) -> None:
    """4.4.5.3: what was hinted at comes, unless the show ends or breaks off before."""
    last = now.segments[-1].number
    began = before.segments[-1].number
    if before.hint in (None, now.hint) or now.ended or last > began + 2:
        return
    uris = [part.uri for segment in now.segments for part in segment.parts]
    growing = before.growing
    cut_short = growing is not None and any(
        segment.number == growing.number and segment.uri is not None and segment.parts == growing.parts
        for segment in now.segments
    )
    broke_off = any(segment.discontinuity for segment in now.segments if segment.number > began)
    assert before.hint in uris or cut_short or broke_off


def dates_follow(playlist: LivePlaylistText) -> None:
    """Each segment begins when the one before it ended, but for discontinuities; to a millisecond."""
    for one, next_one in zip(playlist.segments, playlist.segments[1:], strict=False):
        if next_one.discontinuity:
            continue
        assert one.date is not None
        assert next_one.date is not None
        assert one.duration_s is not None
        off = next_one.date - one.date - timedelta(seconds=float(one.duration_s))
        assert abs(off) <= timedelta(milliseconds=2)
