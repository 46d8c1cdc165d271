"""Words and links that a room does not want."""

import pytest

from chat.filters import MAX_FILTER_CHARS, FilterRefused, WordFilter, clean_filter, has_link

FOUND = WordFilter(map(clean_filter, ("Heck", "buy now", "naïve")))


@pytest.mark.parametrize(
    "body",
    [
        "heck",
        "what the HECK!",
        "h\u0435ck",
        "h3ck? hécḱ",
        "h e c k",
        "h.e.c.k",
        "so buy  NOW",
        "buy, now",
        "NAIVE",
        "h\ne ck heck",
    ],
)
def test_a_word_is_found_however_it_is_written(body: str) -> None:
    assert FOUND.find(body)


@pytest.mark.parametrize("body", ["check", "heckler", "buy it now", "now buy", "a naiveté", "h e c", ""])
def test_a_part_of_a_word_is_not_the_word(body: str) -> None:
    assert FOUND.find(body) is None


def test_what_was_found_is_told() -> None:
    assert FOUND.find("please buy now") == clean_filter("buy now")
    assert WordFilter([]).find("heck") is None


def test_what_can_not_be_looked_for_is_refused() -> None:
    assert clean_filter(" Buy,   NOW ") == clean_filter("buy now")
    with pytest.raises(FilterRefused, match="no letter"):
        clean_filter("!!!")
    with pytest.raises(FilterRefused, match=f"more than {MAX_FILTER_CHARS}"):
        clean_filter("x" * (MAX_FILTER_CHARS + 1))


@pytest.mark.parametrize(
    "body",
    [
        "https://x.y",
        "see www.x",
        "evil.com",
        "go to a.b.shop/now",
        "ftp://h",
        "x EVIL.COM.",
        "spotify:track://1",
    ],
)
def test_links(body: str) -> None:
    assert has_link(body)


@pytest.mark.parametrize(
    "body", ["hello.", "e.g. this", "3.14", "wait...no", "readme.md", "a.community", "//"]
)
def test_no_links(body: str) -> None:
    assert not has_link(body)
