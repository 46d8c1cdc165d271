"""Words of a text, folded, so that what is looked for is found however it is written. Pure.

Both databases index the same words, made here, and not what their own tokenizers would make of a text:

- Accents, letter case, width and ligatures make no difference: "Björk" is found by "bjork".
- Scripts without spaces between words are cut into overlapping pairs of characters, so that a word is found
  in the middle of a sentence.
- A picture, such as an emoji, is a word. So is a run of nothing but punctuation: some bands have such names.
- "AC/DC" is found by "ac", "dc" and "acdc".
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

# A name is found by its beginning; PostgreSQL takes no lexeme beyond 2 KiB.
MAX_WORD_CHARS = 48

# What Unicode does not take apart, and people leave out on their keyboards.
_LOOKALIKES = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ł": "l",
        "ħ": "h",
        "\u0131": "i",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
    }
)
# Thai to Myanmar, Khmer, kana, Han with its extensions: no spaces between words. (Korean has them.)
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_ASCII_RUN = re.compile(r"[a-z0-9]+")
# Where ASCII punctuation goes that is a word of its own: to both databases it would be a gap.
_PUNCTUATION = 0xE100
_FIRST_MARK = 0xE000


def fold(text: str) -> str:
    """The text without what people leave out when they look for it."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in plain if unicodedata.category(c) != "Mn").translate(_LOOKALIKES)


def words(text: str) -> list[str]:
    """The words to look for: all of them have to be found. Punctuation is one where there is nothing else."""
    chunks = fold(text).split()
    found = [word for chunk in chunks for word in _words_of(chunk)]
    return list(dict.fromkeys(found or [word for chunk in chunks for word in _punctuation(chunk)]))


def indexed(text: str) -> set[str]:
    """All words by which a text is found."""
    found: set[str] = set()
    rest: list[str] = []
    for chunk in text.split():
        # Nearly all of what people write, at a tenth of the cost.
        if chunk.isascii() and (plain := _ASCII_RUN.findall(chunk.lower())):
            found.update(run[:MAX_WORD_CHARS] for run in plain)
            found.add("".join(plain)[:MAX_WORD_CHARS])
        else:
            rest.append(chunk)
    for chunk in fold(" ".join(rest)).split():
        found.update(_words_of(chunk) if any(_runs(chunk)) else _punctuation(chunk))
        runs = list(_runs(chunk))
        found.update(run[-1] for run in runs if _SPACELESS.match(run))  # begins no pair
        found.add("".join(runs)[:MAX_WORD_CHARS])
    return found - {""}


def mark(kind: int, tier: int) -> str:
    """What stands before a word in the index: what it was found in, as one character.

    Args:
        kind: of thing, 0 to 15.
        tier: 0 for the part of it that counts most, to 7.
    """
    return chr(_FIRST_MARK + kind * 8 + tier)


def terms(kind: int, texts: Sequence[Iterable[str | None]]) -> str:
    """What is indexed of a thing: its words, marked, with a space between each.

    Args:
        texts: the one that counts most first. A word of one is also marked as one of those after it, so that
            "all words in the title", and then "all in title and artist", is one question each.
    """
    found: set[str] = set()
    marked: list[str] = []
    for tier, group in enumerate(texts):
        for text in group:
            found |= indexed(text or "")
        marked += [mark(kind, tier) + word for word in sorted(found)]
    return " ".join(marked)


def _words_of(chunk: str) -> Iterator[str]:
    for run in _runs(chunk):
        if len(run) > 1 and _SPACELESS.match(run):
            yield from (run[place : place + 2] for place in range(len(run) - 1))
        else:
            yield run[:MAX_WORD_CHARS]


def _punctuation(chunk: str) -> Iterator[str]:
    kept = [c for c in chunk if unicodedata.category(c)[0] in "PS"]
    if kept:
        yield "".join(chr(_PUNCTUATION + ord(c)) if c.isascii() else c for c in kept)[:MAX_WORD_CHARS]


def _runs(chunk: str) -> Iterator[str]:
    """Letters and digits that belong together: of one kind of script; a picture by itself."""
    run, spaceless = "", False
    for character in chunk:
        category = unicodedata.category(character)
        if category[0] in "LN" or category == "Mc":
            if run and bool(_SPACELESS.match(character)) is not spaceless:
                yield run
                run = ""
            spaceless = bool(_SPACELESS.match(character))
            run += character
            continue
        if category == "Cf":  # joins pictures, or hints where to break a word
            continue
        if run:
            yield run
            run = ""
        if category in ("So", "Sm") and not character.isascii():
            yield character
    if run:
        yield run
