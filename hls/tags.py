"""What a source says of itself, made safe to show."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from hls.report import Tagged

MAX_TEXT_CHARS = 512
MAX_COVER_BYTES = 16 * 1024 * 1024

# Cc control, Cs lone surrogates, Co private use, Cn unassigned, Zl and Zp line breaks.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# Unicode Technical Report 36: these reorder the text around them; a title could disguise what is beside it.
_REORDERING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = re.compile(r"\s+")


def tagged(sources: Iterable[Mapping[str, str]], cover: bytes) -> Tagged:
    """What the tags of a source say, the most telling source first; `cover` is empty without one."""
    sources = list(sources)
    return Tagged(
        title=pick(sources, "title"),
        artist=pick(sources, "artist", "album_artist", "author", "composer"),
        album=pick(sources, "album"),
        cover_type=cover_type(cover),
    )


def clean_text(text: str) -> str | None:
    """One printable line of at most MAX_TEXT_CHARS characters; None if nothing is left."""
    # The bound comes first too, so that the work is bounded when a tag holds megabytes.
    kept = [_printable(character) for character in text[: 4 * MAX_TEXT_CHARS]]
    return _BLANKS.sub(" ", "".join(kept)).strip()[:MAX_TEXT_CHARS].strip() or None


def pick(sources: Iterable[Mapping[str, str]], *names: str) -> str | None:
    """The first usable value of the first of `names` that a source has; letter case does not matter."""
    folded = [{key.lower(): value for key, value in source.items()} for source in sources]
    for name in names:
        for source in folded:
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


def _printable(character: str) -> str:
    if character in _REORDERING:
        return ""
    return " " if unicodedata.category(character) in _UNPRINTABLE else character
