"""What a source says of itself, made safe to show."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from hls.report import Tagged

MAX_TEXT_CHARS = 512
MAX_NUMBER = 9999  # of a track, of a disc
VARIOUS_ARTISTS = "Various Artists"
MAX_COVER_BYTES = 16 * 1024 * 1024

# Cc control, Cs lone surrogates, Co private use, Cn unassigned, Zl and Zp line breaks.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# Unicode Technical Report 36: these reorder the text around them; a title could disguise what is beside it.
_REORDERING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = re.compile(r"\s+")
# PEP 383: bytes that are not UTF-8, as the reader of a source hands them on.
_ESCAPED = re.compile("[\udc80-\udcff]")
_ESCAPED_END = re.compile("[\udc80-\udcff]{1,3}$")
# "3", "03/12", "3 of 12"; not "A2", as records count their sides.
_LEADING_NUMBER = re.compile(r"\s*0*([0-9]{1,4})(?![0-9])")
# "1999", "1999-05-06", "6.5.1999", "19990506"
_YEAR = re.compile(r"(?<![0-9])([12][0-9]{3})(?:[0-9]{4})?(?![0-9])")
# What FFmpeg calls them when it reads ID3, MP4 and RIFF INFO, and what people call them in Vorbis comments,
# APE, ASF and Matroska, which it passes on as they are.
_ALBUM_ARTIST = ("album_artist", "albumartist", "album artist", "wm/albumartist")
_TRACK = ("track", "tracknumber", "track number", "wm/tracknumber", "part_number")
_DISC = ("disc", "discnumber", "disc number", "disk", "wm/partofset")
_DATE = ("date", "year", "date_released", "wm/year", "originaldate", "originalyear", "date_recorded")


def tagged(sources: Iterable[Mapping[str, str]], cover: bytes) -> Tagged:
    """What the tags of a source say, the most telling source first; `cover` is empty without one."""
    sources = [{key.lower(): value for key, value in source.items()} for source in sources]
    compiled = pick(sources, "compilation") in ("1", "true", "yes")
    return Tagged(
        title=pick(sources, "title"),
        artist=pick(sources, "artist", *_ALBUM_ARTIST, "author", "composer"),
        album=pick(sources, "album"),
        cover_type=cover_type(cover),
        # Else every guest on a compilation would have an album of that name.
        album_artist=pick(sources, *_ALBUM_ARTIST) or (VARIOUS_ARTISTS if compiled else None),
        track_number=leading_number(pick(sources, *_TRACK)),
        disc_number=leading_number(pick(sources, *_DISC)),
        year=year_in(pick(sources, *_DATE)),
        genre=pick(sources, "genre", "wm/genre"),
    )


def clean_text(text: str) -> str | None:
    """One printable line of at most MAX_TEXT_CHARS characters; None if nothing is left."""
    # The bound comes first too, so that the work is bounded when a tag holds megabytes.
    kept = [_printable(character) for character in recoded(text[: 4 * MAX_TEXT_CHARS])]
    return _BLANKS.sub(" ", "".join(kept)).strip()[:MAX_TEXT_CHARS].strip() or None


def recoded(text: str) -> str:
    """The text, in the character set that it was most likely written in.

    Args:
        text: decoded as UTF-8; bytes that are not UTF-8 are surrogates, U+DC80 to U+DCFF.

    Two mistakes of taggers are seen through. Windows-1252 where UTF-8 belongs (RIFF INFO, ID3v1): then it is
    not UTF-8, unless all that is wrong is a last character cut in the middle. UTF-8 that says that it is
    Latin-1 (ID3v2): then it is Latin-1 by name, and UTF-8 by its bytes, which hardly happens by accident.
    """
    try:
        if not _ESCAPED.search(text):
            return text.encode("latin-1").decode("utf-8")
        whole = _ESCAPED_END.sub("", text)
        if not whole.isascii() and not _ESCAPED.search(whole):
            return whole
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    except UnicodeError:
        return text


def leading_number(text: str | None) -> int | None:
    """The number that a text begins with, such as "3/12"; None unless it is from 1 to MAX_NUMBER."""
    found = _LEADING_NUMBER.match(text or "")
    return int(found[1]) or None if found else None


def year_in(text: str | None) -> int | None:
    """The year in a date that is written in any order; None without one from 1000 to 2999."""
    found = _YEAR.search(text or "")
    return int(found[1]) if found else None


def pick(sources: Iterable[Mapping[str, str]], *names: str) -> str | None:
    """The first usable value of the first of `names` that a source, whose keys are in lower case, has."""
    sources = list(sources)
    for name in names:
        for source in sources:
            if (text := clean_text(source.get(name, ""))) is not None:
                return text
    return None


def cover_type(data: bytes) -> str | None:
    """The media type of a picture, by its first bytes, not by what its tag claims; None for anything else."""
    if len(data) > MAX_COVER_BYTES:
        return None
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_reordering(character: str) -> bool:
    """Whether a character moves the text around it."""
    return character in _REORDERING


def _printable(character: str) -> str:
    if is_reordering(character):
        return ""
    return " " if unicodedata.category(character) in _UNPRINTABLE else character
