import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.body import MAX_FILENAME_LENGTH, clean_filename, filename_in, safe_media_type


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


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", None),
        ("attachment", None),
        ('form-data; name="file"', None),
        ('form-data; name="a; filename=b"', None),
        ('form-data; name="f"; filename="song.mp3"', "song.mp3"),
        ('form-data; name="f"; filename="a; live; at home.mp3"', "a; live; at home.mp3"),
        ('form-data; name="f"; filename="say %22hi%22%0D%0A.mp3"', 'say "hi"\r\n.mp3'),
        ('form-data; name="f"; filename="say \\"hi\\".mp3"', 'say "hi".mp3'),
        ('form-data; name="f"; filename=""', ""),
        ("attachment; FileName=song.mp3", "song.mp3"),
        ("attachment ;filename = song.mp3 ; x=y", "song.mp3"),
        ("attachment; filename=\"x.wav\"; filename*=UTF-8''F%C3%BCr%20Elise.wav", "F\u00fcr Elise.wav"),
        ("attachment; filename*=iso-8859-1'de'F%FCr.wav; filename=x.wav", "F\u00fcr.wav"),
        ("attachment; filename*=UTF-8''%FF.wav", "\ufffd.wav"),
        ('attachment; filename="never closed', ""),
    ],
)
def test_a_disposition_names_the_file(disposition: str, name: str | None) -> None:
    assert filename_in(disposition) == name


@given(st.text())
def test_no_disposition_is_too_odd_to_read(disposition: str) -> None:
    clean_filename(filename_in(disposition))
