import pytest

from hls import tags
from hls.report import Tagged


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Icy Land", "Icy Land"),
        ("  spaced \t out\r\nover\x00lines ", "spaced out over lines"),
        ("ミラー 🎵 e\u0301", "ミラー 🎵 e\u0301"),
        ("\x1b[31mred", "[31mred"),
        ("lo\ud800ne", "lo ne"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("para\u2029graph", "para graph"),
        ("\x00\x01 \n", None),
        ("", None),
    ],
)
def test_clean_text(text, expected):
    assert tags.clean_text(text) == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("Motörhead".encode(), "Motörhead"),
        ("Motörhead".encode("cp1252"), "Motörhead"),  # RIFF INFO, ID3v1
        ("caf\u00e9".encode("cp1252"), "café"),
        ("“5 €”".encode("cp1252"), "“5 €”"),
        ("Motörhead".encode().decode("latin-1").encode(), "Motörhead"),  # ID3v2 that says Latin-1 of UTF-8
        ("ミラー".encode().decode("latin-1").encode(), "ミラー"),
        ("Für immer ü".encode()[:-1], "Für immer"),  # ID3v1 cuts at 30 bytes
        ("ミラー".encode()[:-2], "ミラ"),
        ("Äpfel".encode("cp1252") + "ö".encode(), "ÄpfelÃ¶"),  # two character sets in one: nobody can tell
        (b"\x81\x8d", "\ufffd\ufffd"),
        ("Ãgypten".encode(), "Ãgypten"),
    ],
)
def test_text_in_another_character_set(stored: bytes, expected: str):
    assert tags.clean_text(stored.decode("utf-8", "surrogateescape")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        ("3/12", 3),
        (" 03 of 12", 3),
        ("2;5;10", 2),
        ("9999", 9999),
        *(
            (text, None)
            for text in ("0", "0/12", "A2", "-1", "10000", "99999999999999999999", "/12", "", "\uff13")
        ),
        (None, None),
    ],
)
def test_leading_number(text, expected):
    assert tags.leading_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1999", 1999),
        ("1999-05-06T07:08:09", 1999),
        ("06.05.1999", 1999),
        ("19990506", 1999),
        ("(c) 2001 by", 2001),
        *((text, None) for text in ("0000", "99", "1999050", "20010203040506", "3000", "", "soon")),
        (None, None),
    ],
)
def test_year_in(text, expected):
    assert tags.year_in(text) == expected


def test_long_text_is_cut():
    assert tags.clean_text("a" * 10_000_000) == "a" * tags.MAX_TEXT_CHARS
    assert tags.clean_text("a" * 511 + " b") == "a" * 511


def test_pick_takes_the_first_name_and_then_the_first_source_that_has_something():
    sources = [{"title": " "}, {"title": "stream"}, {"title": "later"}]
    assert tags.pick(sources, "title") == "stream"
    assert tags.pick([{"composer": "c"}, {"artist": "a"}], "artist", "composer") == "a"
    assert tags.pick([{}], "title") is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"<svg onload=alert(1)>", None),
        (b"", None),
        (b"\xff\xd8\xff" + bytes(tags.MAX_COVER_BYTES), None),
    ],
)
def test_cover_type_believes_the_bytes(data, expected):
    assert tags.cover_type(data) == expected


def test_tagged():
    container = {"album_artist": "Band", "Album": "Songs"}
    assert tags.tagged([container, {"title": "One"}], b"\xff\xd8\xff") == Tagged(
        "One", "Band", "Songs", "image/jpeg", "Band"
    )
    assert tags.tagged([], b"") == Tagged(None, None, None, None)


def test_tagged_with_all_that_there_is():
    ffmpeg = {
        "TITLE": "T",
        "ARTIST": "A",
        "album_artist": "AA",
        "ALBUM": "AL",
        "track": "3/12",
        "DISC": "1/2",
        "DATE": "1999-05-06",
        "GENRE": "Rock",
    }
    whole = Tagged("T", "A", "AL", None, "AA", 3, 1, 1999, "Rock")
    assert tags.tagged([ffmpeg], b"") == whole
    vorbis = {"title": "T", "artist": "A", "ALBUMARTIST": "AA", "album": "AL", "TRACKNUMBER": "03"}
    rest = {"DISCNUMBER": "1", "Year": "1999", "Genre": "Rock"}
    assert tags.tagged([{}, vorbis | rest], b"") == whole


@pytest.mark.parametrize(("said", "artist"), [("1", "Various Artists"), ("0", None)])
def test_a_compilation_is_one_album(said: str, artist: str | None):
    assert tags.tagged([{"artist": "A", "compilation": said}], b"").album_artist == artist
    assert tags.tagged([{"album_artist": "DJ", "compilation": said}], b"").album_artist == "DJ"
