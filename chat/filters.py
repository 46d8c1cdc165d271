"""Words and links that a room does not want."""

import re
from collections.abc import Iterable

from chat.skeleton import words

# What clients make clickable, and what people write instead: with a scheme, with www, or an ending of hosts.
_LINK = re.compile(
    r"[a-z][a-z0-9+.\-]{1,20}://\S|\bwww\.\S|"
    r"\b[a-z0-9][a-z0-9\-]{0,62}\.(?:[a-z0-9\-]{1,63}\.){0,4}"
    r"(?:com|net|org|info|biz|io|co|me|tv|gg|ru|cn|de|fr|uk|eu|us|app|dev|xyz|top|site|online|shop|live|link|ly|to)"
    r"(?![\w\-])",
    re.IGNORECASE,
)
MAX_FILTER_CHARS = 80


class FilterRefused(ValueError):
    """It can't be looked for. The message says why."""


def clean_filter(raw: str) -> str:
    """A word or several, as they are kept: folded, with one space between.

    Raises:
        FilterRefused: without a letter or digit, or longer than `MAX_FILTER_CHARS`.
    """
    found = " ".join(words(raw))
    if not found:
        raise FilterRefused(f"{raw[:40]!r} has no letter and no digit, so it is no word")
    if len(found) > MAX_FILTER_CHARS:
        raise FilterRefused(f"the word has {len(found)} characters, more than {MAX_FILTER_CHARS}")
    return found


class WordFilter:
    """Finds unwanted words, whatever letters and accents they are written with; never parts of words."""

    __slots__ = ("_longest", "_phrases")

    def __init__(self, filters: Iterable[str]) -> None:
        """Args: `filters` as `clean_filter` returns them."""
        self._phrases = frozenset(tuple(phrase.split(" ")) for phrase in filters)
        self._longest = max(map(len, self._phrases), default=0)

    def find(self, body: str) -> str | None:
        """The first unwanted words in it, folded; also those written with s p a c e s between letters."""
        if not self._phrases:
            return None
        written = words(body)
        for found in (written, _spelled(written)):
            for start in range(len(found)):
                for length in range(1, self._longest + 1):
                    phrase = tuple(found[start : start + length])
                    if phrase in self._phrases:
                        return " ".join(phrase)
        return None


def has_link(body: str) -> bool:
    """Whether a message points out of the room."""
    return _LINK.search(body) is not None


def _spelled(found: list[str]) -> list[str]:
    """With runs of single letters joined: how a word is written so that no filter finds it."""
    joined: list[str] = []
    run = ""
    for word in [*found, ""]:
        if len(word) == 1:
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        joined.append(word)
    return joined
