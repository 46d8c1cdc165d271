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
        ("lo\udc80ne", "lo ne"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("para\u2029graph", "para graph"),
        ("\x00\x01 \n", None),
        ("", None),
    ],
)
def test_clean_text(text, expected):
    assert tags.clean_text(text) == expected


def test_long_text_is_cut():
    assert tags.clean_text("a" * 10_000_000) == "a" * tags.MAX_TEXT_CHARS
    assert tags.clean_text("a" * 511 + " b") == "a" * 511


def test_pick_takes_the_first_name_and_then_the_first_source_that_has_something():
    sources = [{"TITLE": " "}, {"title": "stream"}, {"Title": "later"}]
    assert tags.pick(sources, "title") == "stream"
    assert tags.pick([{"composer": "c"}, {"ARTIST": "a"}], "artist", "composer") == "a"
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
        "One", "Band", "Songs", "image/jpeg"
    )
    assert tags.tagged([], b"") == Tagged(None, None, None, None)
