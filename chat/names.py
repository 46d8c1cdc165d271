"""Names that people choose: what may be in one, and the one form it is kept in."""

import re
import unicodedata

MAX_NAME_CHARS = 32

# Unassigned, control, format (zero-width and bidirectional overrides among them), private use, surrogate,
# line and paragraph separators: nothing one can see, or something that moves what one sees around it.
_INVISIBLE_CATEGORIES = frozenset({"Cn", "Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
# Letters and symbols by category, blanks on the screen: Hangul fillers and the empty Braille pattern.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_MARKS = frozenset({"Mn", "Mc", "Me"})
_JOINER = "\u200d"
# UTS 51: between two pictures the joiner makes one of them, as in a family; what may follow the first picture
# is a variation selector or a skin tone.
_PICTURE_THEN_JOINER = re.compile(r"(.)[\ufe0f\U0001f3fb-\U0001f3ff]?\u200d(?=(.))")


class NameRefused(ValueError):
    """The name can't be shown safely. The message says which character or which limit."""


def clean_name(raw: str) -> str:
    """Bring a name into the form it is shown and compared in.

    Args:
        raw: as it was typed.

    Returns:
        NFC, without space at its ends and with single spaces inside; 1 to `MAX_NAME_CHARS` visible
        characters.

    Raises:
        NameRefused: empty, too long, or with a character that is invisible or reorders text.
    """
    name = unicodedata.normalize("NFC", " ".join(raw.split(" ")).strip())
    name = " ".join(part for part in name.split(" ") if part)
    for character in _without_joined_pictures(name):
        if unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _BLANKS:
            raise NameRefused(f"name contains U+{ord(character):04X}, which is invisible or reorders text")
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise NameRefused(f"name has {len(name)} characters, not 1 to {MAX_NAME_CHARS}")
    if unicodedata.category(name[0]) in _MARKS:
        raise NameRefused(f"name begins with U+{ord(name[0]):04X}, a mark that needs a letter before it")
    return name


def _without_joined_pictures(name: str) -> str:
    def judge(found: re.Match[str]) -> str:
        joins = unicodedata.category(found[1]) == unicodedata.category(found[2]) == "So"
        return found[0].replace(_JOINER, "") if joins else found[0]

    return _PICTURE_THEN_JOINER.sub(judge, name)
