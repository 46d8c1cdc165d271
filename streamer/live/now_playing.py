"""What a source says is playing, cleaned: Icecast's clients send a song, or artist and title, or nothing."""

import unicodedata

from msgspec import Struct

MAX_TITLE_CHARS = 300
# Control and format characters (zero-width, bidirectional overrides), private use, surrogates, separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


class Words(Struct, frozen=True):
    """A title without its moment; see `streamer.live.outlet.Title`."""

    text: str
    artist: str | None = None
    title: str | None = None


def clean_words(artist: str | None, title: str | None, text: str | None) -> Words | None:
    """Bring what a source says into the form in which it is shown.

    Returns: None if it says nothing.
    """
    artist, title, text = clean(artist), clean(title), clean(text)
    if artist and title:
        return Words(f"{artist} - {title}"[:MAX_TITLE_CHARS], artist, title)
    said = text or title or artist
    return Words(said, artist or None, title or None) if said else None


def clean(text: str | None, most: int = MAX_TITLE_CHARS) -> str:
    """NFC, without what one can't see, with single spaces, at most so many characters; "" for nothing."""
    if not text:
        return ""
    normal = unicodedata.normalize("NFC", text[: 4 * most])
    seen = "".join(" " if unicodedata.category(one) in _UNSEEN else one for one in normal)
    return " ".join(seen.split())[:most].rstrip()
