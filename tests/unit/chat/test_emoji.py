"""What may be put to a message."""

import pytest

from chat.emoji import EmojiRefused, clean_emoji

PICTURES = ["👍", "👍🏽", "❤️", "👩‍👩‍👧", "🏳️‍🌈", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇩🇪", "1️⃣", "#⃣", "♥", "🫠", "↔️", "\U0001fae9"]


@pytest.mark.parametrize("raw", PICTURES)
def test_an_emoji_stays_as_it_is(raw: str) -> None:
    assert clean_emoji(raw) == raw


@pytest.mark.parametrize(("raw", "code"), [("heart", "heart"), (":+1:", "+1"), ("a_b-c1", "a_b-c1")])
def test_a_short_code_loses_its_colons(raw: str, code: str) -> None:
    assert clean_emoji(raw) == code


@pytest.mark.parametrize(
    "raw",
    ["", " ", "Heart", "a b", "👍x", "ö", "\u200d", "👍" * 33, "x" * 31, "::", "<b>", "\u202e👍", "👍\n"],
)
def test_what_is_none(raw: str) -> None:
    with pytest.raises(EmojiRefused, match=f"emoji has {len(raw)} characters"):
        clean_emoji(raw)
