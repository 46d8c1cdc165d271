import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.body import MAX_FILENAME_LENGTH, clean_filename, safe_media_type


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, "untitled"),
        ("", "untitled"),
        ("..", "untitled"),
        ("song.flac", "song.flac"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Music\\song.mp3", "song.mp3"),
        ("a/", "untitled"),
        ("a\x00b\nc\u202e.mp3", "abc.mp3"),
        ("e\u0301te\u0301.ogg", "\u00e9t\u00e9.ogg"),
        ("caf\udce9.mp3", "caf\ufffd.mp3"),
        ("x" * 300 + ".flac", "x" * 250 + ".flac"),
        ("y" * 300, "y" * 255),
    ],
)
def test_a_filename_is_one_printable_component(sent: str | None, kept: str) -> None:
    assert clean_filename(sent) == kept


@settings(deadline=None)
@given(st.text())
def test_no_filename_is_too_long_or_unprintable(sent: str) -> None:
    kept = clean_filename(sent)
    assert 0 < len(kept) <= MAX_FILENAME_LENGTH
    assert kept.isprintable() and "/" not in kept


@pytest.mark.parametrize(
    ("claimed", "filename", "given"),
    [
        ("audio/flac", "a", "audio/flac"),
        ("Video/MP4", "a", "video/mp4"),
        ("text/html", "a.html", "application/octet-stream"),
        ("text/html", "a.mp3", "audio/mpeg"),
        ("image/svg+xml", "a.svg", "application/octet-stream"),
        ("application/x-www-form-urlencoded", "a.WAV", "audio/wav"),
        ("audio/x\r\nSet-Cookie: a", "a", "application/octet-stream"),
        ("audio/x/y", "a", "application/octet-stream"),
    ],
)
def test_a_source_has_a_type_that_a_browser_does_not_run(claimed: str, filename: str, given: str) -> None:
    assert safe_media_type(claimed, filename) == given
