"""What a name looks like, and what a word is, whatever letters were taken for it."""

import re
import unicodedata

from chat.confusables import LOOKS_LIKE

# What UTS 39 keeps apart and people don't, once case is gone: capital I is a small l, its small letter not.
_SAME = str.maketrans({"1": "l", "i": "l", "|": "l", "0": "o"})
_PAIRS = (("rn", "m"), ("vv", "w"))
_WORD = re.compile(r"[^\W_]+")

RESERVED = (
    *("admin", "administrator", "moderator", "mod", "owner", "operator", "staff", "support", "root"),
    *("system", "server", "veza", "everyone", "all", "here", "channel", "room", "bot", "host"),
)


def skeleton(name: str) -> str:
    """What a name looks like: names with the same skeleton can be taken for one another.

    Case, marks, spaces and punctuation count for nothing; a name of nothing else is its own skeleton.

    Source: UTS 39, section 4, with its table of confusable characters; wider than that by case, marks, and by
    holding i, l, 1 to be one letter, and o and 0.
    """
    looks = _settle(name)
    letters = "".join(character for character in looks if unicodedata.category(character)[0] not in "ZP")
    return letters or looks or name


def fold(text: str) -> str:
    """Text without case, accents and look-alikes, spaces and punctuation kept: for words to be found in."""
    return _settle(text)


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(_settle(text))


def is_reserved(name: str) -> bool:
    """Whether a name claims to be who runs this server, or to be everyone."""
    unnumbered = "".join(character for character in name if not character.isdigit())
    return skeleton(name) in _RESERVED or skeleton(unnumbered) in _RESERVED


def _settle(text: str) -> str:
    looks = _bare(text).translate(LOOKS_LIKE)
    # Once more: a capital and its small letter may look like different things.
    looks = _bare(looks.casefold()).translate(LOOKS_LIKE).casefold().translate(_SAME)
    for pair, letter in _PAIRS:
        looks = looks.replace(pair, letter)
    return looks


def _bare(text: str) -> str:
    """Decomposed, without marks and what is not seen."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if unicodedata.category(character)[0] != "M" and unicodedata.category(character) != "Cf"
    )


_RESERVED = frozenset(skeleton(name) for name in RESERVED)
