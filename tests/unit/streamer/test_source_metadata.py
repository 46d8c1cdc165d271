"""Titles in every spelling that clients have for them."""

import base64
from urllib.parse import quote, quote_from_bytes
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.metadata import TitleUpdate, answer, read_update
from streamer.refusal import Refused

BASIC = "Basic " + base64.b64encode(b"source:KEY").decode()


def update(query: str, authorization: str = BASIC) -> TitleUpdate:
    return read_update(query.encode("ascii"), authorization)


def test_libshout_sends_a_song_and_says_its_charset() -> None:
    query = "mode=updinfo&mount=%2Flive%2Fden&song=Bj%C3%B6rk+-+J%C3%B3ga&charset=UTF-8"
    assert update(query) == TitleUpdate("den", "KEY", None, None, "Björk - Jóga")


def test_mixxx_sends_artist_and_title() -> None:
    query = "mode=updinfo&mount=/live/den&artist=A%26B&title=a%3Db&charset=UTF-8"
    assert update(query) == TitleUpdate("den", "KEY", "A&B", "a=b", None)


def test_shoutcast_puts_the_key_into_the_query_and_names_no_mount() -> None:
    assert update("pass=KEY&mode=updinfo&song=a", "") == TitleUpdate(None, "KEY", None, None, "a")
    assert update("mode=updinfo&pass=dj:KEY&song=a", "") == TitleUpdate(None, "KEY", None, None, "a")
    assert update("mode=updinfo&song=a", "").key == ""


@pytest.mark.parametrize("mount", ["/live/den", "live/den", "/den", "den", "/live/den/", "%2Flive%2Fden.mp3"])
def test_mounts(mount: str) -> None:
    assert update(f"mount={mount}&mode=UPDINFO&song=").room == "den"


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("Ünï".encode(), "", "Ünï"),
        ("Ünï".encode("latin-1"), "", "Ünï"),
        ("Ünï".encode("latin-1"), "ISO-8859-1", "Ünï"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("Ünï ひ".encode("utf-16"), "UTF-16", "Ünï ひ"),
        ("Ünï ひ".encode("utf-16-le"), "utf-16le", "Ünï ひ"),
        ("ひ".encode("shift_jis"), "Shift_JIS", "ひ"),
        ("Ünï".encode("latin-1"), "UTF-8", "Ünï"),
        ("Ünï".encode(), "no-such", "Ünï"),
        ("Ünï".encode(), "rot13", "Ünï"),
        ("Ünï".encode(), "idna", "Ünï"),
        ("Ünï".encode(), "%ff", "Ünï"),
        (b"x" * 2_000, "", "x" * 1_000),
    ],
)
def test_the_charset_decides_then_utf8_then_latin1(raw: bytes, charset: str, text: str) -> None:
    query = f"mode=updinfo&mount=den&charset={charset}&song={quote_from_bytes(raw)}"
    assert update(query).text == text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("mode=fallbacks&mount=den&song=a", 400),
        ("mode=updinfo&mount=den", 400),
        ("mode=updinfo&mount=a/b&song=a", 404),
    ],
)
def test_what_is_missing_or_wrong(query: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        update(query)
    assert refused.value.status == status


@given(st.text(max_size=300))
def test_any_song_arrives(song: str) -> None:
    encodable = song.encode("utf-8", "replace").decode()
    update(f"mode=updinfo&mount=den&charset=utf-8&song={quote(encodable)}")


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_query_is_understood_or_refused(query: bytes, charset: bytes) -> None:
    try:
        read_update(b"mode=updinfo&mount=den&charset=" + charset + b"&" + query, BASIC)
    except Refused as refused:
        assert refused.status in (400, 404)


def test_the_answer_is_icecasts() -> None:
    tree = ElementTree.fromstring(answer("Metadata update <successful>", done=True))
    assert (tree.tag, tree.findtext("message"), tree.findtext("return")) == (
        "iceresponse",
        "Metadata update <successful>",
        "1",
    )
