import pytest

from chat.text import BodyRefused, clean_body


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("hi", "hi"),
        (" \n hi\tthere\r\n ", "hi\tthere"),
        ("a\nb", "a\nb"),
        ("🎸" * 5, "🎸" * 5),
        ("  12345  ", "12345"),
    ],
)
def test_what_is_kept(raw: str, kept: str) -> None:
    assert clean_body(raw, 5 if len(kept) <= 5 else 50) == kept


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "body is blank, not 1 to 5 characters"),
        (" \t\n\u3000", "body is blank, not 1 to 5 characters"),
        ("123456", "body has 6 characters, not 1 to 5"),
        ("a\0b", "body contains U+0000, a control character"),
        ("a\x85b", "body contains U+0085, a control character"),
    ],
)
def test_what_is_refused(raw: str, why: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        clean_body(raw, 5)
    assert str(refused.value) == why
