import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.words import MAX_WORD_CHARS, fold, indexed, mark, terms, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Björk", "bjork"),
        ("Sigur RÓS", "sigur ros"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("Mø Łódź Ænima", "mo lodz aenima"),
        ("\uff21\uff22\uff23 \ufb01ne", "abc fine"),
        ("e\u0301tude", "etude"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("ガ", "カ"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Love  me\tdo", ["love", "me", "do"]),
        ("do do do", ["do"]),
        ("01-my_song.flac", ["01", "my", "song", "flac"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー"]),
        ("東", ["東"]),
        ("Tokyo東京2020", ["tokyo", "東京", "2020"]),
        ("🎵 rock 👨\u200d👩", ["🎵", "rock", "👨", "👩"]),
        ("★", ["★"]),
        ("Simon & Garfunkel", ["simon", "garfunkel"]),
        ("!!!", ["\ue121" * 3]),
        ("÷", ["÷"]),
        ("", []),
        ("\x00 \u202e \ud800 \ue000", []),
        ("x" * 100, ["x" * MAX_WORD_CHARS]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_what_is_written_together_or_apart_is_found_both_ways() -> None:
    assert indexed("AC/DC don't") == {"ac", "dc", "acdc", "don", "t", "dont"}


def test_every_character_of_a_script_without_spaces_begins_a_word() -> None:
    assert {"夜", "の", "東", "京"} <= {word[0] for word in indexed("夜の東京")}


@given(st.text(max_size=300))
def test_every_text_is_found_by_itself(text: str) -> None:
    found = indexed(text)
    assert all(any(word.startswith(asked) for word in found) for asked in words(text))


@given(st.text(max_size=300))
def test_no_word_means_anything_to_a_database(text: str) -> None:
    for word in indexed(text) | set(words(text)):
        assert word and not set(word) & set(" \"'\\:*&|!()<>-^+{}\t\n\r\x00")
        assert word.encode() and len(word) <= MAX_WORD_CHARS
        assert all(character.isalnum() for character in word if character.isascii())


def test_terms_are_nested() -> None:
    title, rest = mark(1, 0), mark(1, 1)
    assert terms(1, ([None, "a"], ["b"])) == f"{title}a {rest}a {rest}b"
    assert terms(1, ([""], [None])) == ""


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_takes_a_shorter_way_to_the_same_words(text: str) -> None:
    wide = "".join(character if character == " " else chr(ord(character) + 0xFEE0) for character in text)
    assert indexed(text) == indexed(wide)
