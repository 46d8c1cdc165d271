"""Reads playlists, for tests: written from RFC 8216bis, strict, and knows nothing of how ours are made."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)')


@dataclass
class Piece:
    """A media segment: where it is, and how long it plays."""

    uri: str
    duration_s: Decimal
    offset: int | None = None
    size: int | None = None


@dataclass
class MediaPlaylist:
    version: int = 1
    target_duration_s: int | None = None
    playlist_type: str | None = None
    independent: bool = False
    start_s: Decimal | None = None
    map_uri: str | None = None
    map_size: int | None = None
    map_offset: int | None = None
    ended: bool = False
    pieces: list[Piece] = field(default_factory=list)


@dataclass
class Variant:
    uri: str
    attributes: dict[str, str]


@dataclass
class MultivariantPlaylist:
    version: int
    independent: bool
    variants: list[Variant]


def attributes(text: str) -> dict[str, str]:
    """An attribute list, quotes taken off; anything that is none is an error."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _ATTRIBUTE.match(text, place)
        assert match, f"no attribute at {text[place:]!r}"
        assert match[1] not in found, f"{match[1]} twice"
        found[match[1]] = match[2].strip('"')
        place = match.end()
    return found


def read_media(text: str) -> MediaPlaylist:
    """A media playlist; unknown tags and those in the wrong place are errors."""
    playlist = MediaPlaylist()
    duration: Decimal | None = None
    span: tuple[int | None, int | None] = (None, None)
    for name, value in _lines(text):
        assert not playlist.ended, f"{name} after the end"
        if name == "EXT-X-VERSION":
            playlist.version = int(value)
        elif name == "EXT-X-TARGETDURATION":
            playlist.target_duration_s = int(value)
        elif name == "EXT-X-PLAYLIST-TYPE":
            assert value in ("EVENT", "VOD")
            playlist.playlist_type = value
        elif name == "EXT-X-INDEPENDENT-SEGMENTS":
            playlist.independent = True
        elif name == "EXT-X-START":
            playlist.start_s = Decimal(attributes(value)["TIME-OFFSET"])
        elif name == "EXT-X-MAP":
            given = attributes(value)
            playlist.map_uri = given["URI"]
            playlist.map_size, playlist.map_offset = _span(given["BYTERANGE"])
        elif name == "EXTINF":
            assert duration is None, "EXTINF twice"
            duration = Decimal(value.split(",", 1)[0])
        elif name == "EXT-X-BYTERANGE":
            span = _span(value)
        elif name == "EXT-X-ENDLIST":
            playlist.ended = True
        elif name == "":
            assert duration is not None, f"{value} without EXTINF"
            playlist.pieces.append(Piece(value, duration, span[1], span[0]))
            duration, span = None, (None, None)
        else:
            raise AssertionError(f"unknown tag {name}")
    assert duration is None, "EXTINF without a segment"
    _check(playlist)
    return playlist


def read_multivariant(text: str) -> MultivariantPlaylist:
    """A multivariant playlist; unknown tags are errors."""
    playlist = MultivariantPlaylist(1, False, [])
    pending: dict[str, str] | None = None
    for name, value in _lines(text):
        if name == "EXT-X-VERSION":
            playlist.version = int(value)
        elif name == "EXT-X-INDEPENDENT-SEGMENTS":
            playlist.independent = True
        elif name == "EXT-X-STREAM-INF":
            assert pending is None
            pending = attributes(value)
            assert int(pending["BANDWIDTH"]) > 0  # 4.4.6.2: required
        elif name == "":
            assert pending is not None, f"{value} without EXT-X-STREAM-INF"
            playlist.variants.append(Variant(value, pending))
            pending = None
        else:
            raise AssertionError(f"unknown tag {name}")
    assert pending is None
    return playlist


def _lines(text: str) -> list[tuple[str, str]]:
    """(tag, value) of each line; the tag is empty for a URI."""
    assert text.endswith("\n")
    assert "\r" not in text
    first, *rest = text.splitlines()
    assert first == "#EXTM3U"
    found = []
    for line in rest:
        assert line, "an empty line"
        if line.startswith("#EXT"):
            name, _, value = line[1:].partition(":")
            found.append((name, value))
        elif not line.startswith("#"):
            found.append(("", line))
    return found


def _span(text: str) -> tuple[int, int]:
    size, offset = text.split("@")
    return int(size), int(offset)


def _check(playlist: MediaPlaylist) -> None:
    assert playlist.target_duration_s is not None  # 4.4.3.1: required
    for piece in playlist.pieces:
        # 4.4.3.1: rounded to the nearest integer, no segment may be longer.
        assert int(piece.duration_s + Decimal("0.5")) <= playlist.target_duration_s
    if playlist.map_uri:
        assert playlist.version >= 6  # section 8
    if any(piece.offset is not None for piece in playlist.pieces):
        assert playlist.version >= 4  # section 8
