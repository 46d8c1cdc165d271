"""What people react with: one emoji, or a short code for one."""

import re
import unicodedata

MAX_EMOJI_CHARS = 32

_SHORT_CODE = re.compile(r":?([a-z0-9_+\-]{1,30}):?")
# A digit, # or * in a box: ASCII, variation selector, U+20E3.
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
# Joiner, variation selectors, the tags of flags like that of Scotland.
_INSIDE = re.compile("[\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]")


class EmojiRefused(ValueError):
    """It is neither an emoji nor a short code."""


def clean_emoji(raw: str) -> str:
    """Bring an emoji into the form it is kept in.

    Args:
        raw: an emoji as a keyboard makes it, or a short code with or without colons.

    Returns:
        At most `MAX_EMOJI_CHARS` characters; a short code without its colons.

    Raises:
        EmojiRefused: it is something else.
    """
    if code := _SHORT_CODE.fullmatch(raw):
        return code[1]
    if len(raw) <= MAX_EMOJI_CHARS and (_KEYCAP.fullmatch(raw) or _is_picture(raw)):
        return raw
    raise EmojiRefused(f"emoji has {len(raw)} characters that are not one emoji or short code")


def _is_picture(text: str) -> bool:
    """Whether all of it are pictures, and what joins and colours them; those of a newer Unicode, too."""
    bare = _INSIDE.sub("", text)
    return (
        bool(bare)
        and all(
            unicodedata.category(character) in ("So", "Sk", "Sm") or 0x1F000 <= ord(character) < 0x1FB00
            for character in bare
            if not character.isascii()
        )
        and not any(character.isascii() for character in bare)
    )
