"""Titles as sources send them."""

import pytest

from streamer.live.now_playing import Words, clean, clean_words


@pytest.mark.parametrize(
    ("artist", "title", "text", "expected"),
    [
        ("Nina", "Blue", None, Words("Nina - Blue", "Nina", "Blue")),
        (None, None, "Nina - Blue", Words("Nina - Blue")),
        (None, "Blue", None, Words("Blue", None, "Blue")),
        ("Nina", None, None, Words("Nina", "Nina")),
        ("Nina", "", "song", Words("song", "Nina")),
        ("Nina", "Blue", "said otherwise", Words("Nina - Blue", "Nina", "Blue")),
        (None, None, None, None),
        ("", " \n", "\u200b", None),
    ],
)
def test_words(artist: str | None, title: str | None, text: str | None, expected: Words | None) -> None:
    assert clean_words(artist, title, text) == expected


def test_text_is_cleaned_and_bounded() -> None:
    assert clean(" a\x00b\r\nc\u202e  d ") == "a b c d"
    assert clean("e\u0301") == "\xe9"
    assert len(clean("x" * 10_000)) == 300
    long = clean_words("a" * 400, "b" * 400, None)
    assert long is not None and len(long.text) == 300
