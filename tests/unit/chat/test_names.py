"""Names: what is kept of them, and what can't be one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.names import MAX_NAME_CHARS, NameRefused, clean_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("ann", "ann"),
        ("  ann \t", "ann"),
        ("Ann   Marie  B", "Ann Marie B"),
        ("e\u0301va", "éva"),  # NFC, so that one name has one spelling
        ("李", "李"),
        ("عبد", "عبد"),
        ("🎸", "🎸"),
        ("👩\u200d🎤", "👩\u200d🎤"),  # a singer: two pictures joined
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("👩🏽\u200d🚀 ann", "👩🏽\u200d🚀 ann"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("x" * MAX_NAME_CHARS, "x" * MAX_NAME_CHARS),
        ("e\u0301" * MAX_NAME_CHARS, "é" * MAX_NAME_CHARS),  # counted as it is kept
    ],
)
def test_a_name_is_kept_in_one_form(raw: str, name: str) -> None:
    assert clean_name(raw) == name


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "name has 0 characters, not 1 to 32"),
        (" \u00a0 ", "name has 0 characters, not 1 to 32"),
        ("x" * 33, "name has 33 characters, not 1 to 32"),
        ("a\u202eb", "name contains U+202E, which is invisible or reorders text"),
        ("a\u2066b", "name contains U+2066, which is invisible or reorders text"),
        ("a\u200bb", "name contains U+200B, which is invisible or reorders text"),
        ("a\u200db", "name contains U+200D, which is invisible or reorders text"),
        ("🎸\u200db", "name contains U+200D, which is invisible or reorders text"),
        ("🎸\u200d", "name contains U+200D, which is invisible or reorders text"),
        ("a\u0000b", "name contains U+0000, which is invisible or reorders text"),
        ("a\nb", "name contains U+000A, which is invisible or reorders text"),
        ("a\u2028b", "name contains U+2028, which is invisible or reorders text"),
        ("\ue000", "name contains U+E000, which is invisible or reorders text"),
        ("\u3164", "name contains U+3164, which is invisible or reorders text"),
        ("\u0301x", "name begins with U+0301, a mark that needs a letter before it"),
    ],
)
def test_a_refusal_says_which_character_or_limit(raw: str, reason: str) -> None:
    with pytest.raises(NameRefused) as refused:
        clean_name(raw)
    assert str(refused.value) == reason


@given(st.text(max_size=50))
def test_a_cleaned_name_is_clean(raw: str) -> None:
    try:
        name = clean_name(raw)
    except NameRefused:
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= MAX_NAME_CHARS
