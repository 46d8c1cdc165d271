"""Which tracks are an album: those that name the same one by the same artist. Pure."""

import hashlib
import unicodedata

import msgspec

from hls.tags import MAX_NUMBER
from streamer.ids import spell
from streamer.tags import Tags
from streamer.words import fold

# Of each part of what albums are sorted by: PostgreSQL indexes no more than 2,700 bytes.
_MAX_SORTED_CHARS = 60
_BETWEEN = "\x1f"  # sorts before every letter


class Membership(msgspec.Struct, frozen=True):
    """A track's part in an album; the fields are columns of `album_tracks`."""

    album_id: str
    place: int
    title: str
    artist: str | None
    year: int | None
    duration_ms: int
    has_cover: bool
    measured: bool


def membership(tags: Tags, *, duration_ms: int, has_cover: bool, measured: bool) -> Membership | None:
    """What a track with these tags is in an album; None if it names none."""
    found = album_id(tags)
    if found is None or tags.album is None:
        return None
    return Membership(
        album_id=found,
        # A set of discs whose first one is not numbered is common; a track without a number comes last.
        place=(tags.disc_number or 1) * 2 * MAX_NUMBER + (tags.track_number or MAX_NUMBER + 1),
        title=tags.album,
        artist=tags.album_artist or tags.artist,
        year=tags.year,
        duration_ms=duration_ms,
        has_cover=has_cover,
        measured=measured,
    )


def album_id(tags: Tags) -> str | None:
    """The album that a track belongs to: the same for all that name it alike, on every server."""
    if tags.album is None:
        return None
    named = _BETWEEN.join(_same(text) for text in (tags.album_artist or tags.artist or "", tags.album))
    return spell(int.from_bytes(hashlib.blake2b(named.encode(), digest_size=16).digest(), "big"))


def sort_key(album_id: str, title: str, artist: str | None, year: int | None) -> str:
    """What albums are sorted by; no two have the same."""
    return _BETWEEN.join((_sorted(artist or ""), f"{year or MAX_NUMBER:04}", _sorted(title), album_id))


def keys_of(artist: str) -> tuple[str, str]:
    """Between which the sort keys of an artist's albums lie; nothing does for a name without a character."""
    name = _sorted(artist)
    return name + _BETWEEN, name + (chr(ord(_BETWEEN) + 1) if name else _BETWEEN)


def _same(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _sorted(text: str) -> str:
    # Anyone may ask for an artist by any text, and PostgreSQL takes neither NUL nor half a character.
    printable = "".join(c for c in fold(text[:_MAX_SORTED_CHARS]) if unicodedata.category(c)[0] != "C")
    return " ".join(printable.split())[:_MAX_SORTED_CHARS]
