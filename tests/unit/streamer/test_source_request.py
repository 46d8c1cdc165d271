"""What sources say in their heads, in every spelling that programs have for it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.heads import HeadLimits, HeadReader
from streamer.ingest.request import SourceRequest, read_key, read_request, read_room, read_text
from streamer.live.line import Offer
from streamer.refusal import Refused


def head(line: str, *fields: str) -> bytes:
    raw = "\r\n".join([line, *fields, "", ""]).encode("latin-1")
    reader = HeadReader(HeadLimits())
    assert reader.feed(raw) is not None
    return reader.raw


def basic(words: str) -> str:
    return f"Authorization: Basic {base64.b64encode(words.encode()).decode()}"


FFMPEG = head(
    "PUT /live/den HTTP/1.1",
    "User-Agent: Lavf/59.27.100",
    "Accept: */*",
    "Expect: 100-continue",
    "Connection: close",
    "Host: 127.0.0.1:9901",
    "Content-Type: audio/mpeg",
    "Icy-MetaData: 1",
    "Ice-Public: 0",
    basic("source:KEY"),
)


def test_ffmpeg_puts_without_a_length_and_expects_a_hundred() -> None:
    assert read_request(FFMPEG) == SourceRequest(
        room="den",
        key="KEY",
        offer=Offer("icecast", media_type="audio/mpeg", container="mp3", client="Lavf/59.27.100"),
        framing="close",
        body_bytes=0,
        expects=True,
        waits=False,
        origin="",
        host="127.0.0.1:9901",
    )


@pytest.mark.parametrize("line", ["SOURCE /live/den ICE/1.0", "SOURCE /live/den HTTP/1.0"])
def test_an_old_source_waits_for_its_200(line: str) -> None:
    request = read_request(
        head(
            line,
            basic("source:KEY"),
            "Content-Type: audio/AAC; charset=utf-8",
            "ice-name: Caf\xe9",
            "ice-description: words",
            "ice-genre: jazz",
            "ice-url: http://example.org",
            "ice-public: 1",
            "ice-audio-info: ice-samplerate=44100;ice-bitrate=128",
        )
    )
    assert request.offer == Offer(
        "icecast",
        "audio/aac",
        "aac",
        name="Café",
        description="words",
        genre="jazz",
        url="http://example.org",
    )
    assert (request.framing, request.expects, request.waits, request.empty) == ("close", False, True, False)


def test_the_words_have_had_other_names() -> None:
    offer = read_request(
        head("SOURCE /live/den HTTP/1.0", "icy-name: N", "icy-url: U", "x-audiocast-genre: G", "icy-name: M")
    ).offer
    assert (offer.name, offer.url, offer.genre) == ("N", "U", "G")


def test_words_are_bounded_and_hold_no_controls() -> None:
    fields = [f"ice-{word}: {'x' * 3_000}" for word in ("name", "description", "genre", "url")]
    offer = read_request(
        head(
            "PUT /live/den HTTP/1.0",
            *fields,
            f"User-Agent: a\x85\tb{'x' * 500}",
            f"Content-Type: {'x' * 500}",
        )
    ).offer
    lengths = [len(text) for text in (offer.name, offer.description, offer.genre, offer.url)]
    assert lengths == [200, 1_000, 200, 1_000]
    assert (len(offer.client), offer.client[:3], len(offer.media_type)) == (200, "a b", 100)


@pytest.mark.parametrize(
    ("line", "fields", "framing", "body_bytes", "expects", "waits"),
    [
        ("PUT /live/den HTTP/1.1", ["Transfer-Encoding: chunked"], "chunked", 0, False, False),
        ("PUT /live/den HTTP/1.1", ["Content-Length: 7"], "length", 7, False, False),
        ("POST /live/den HTTP/1.1", [], "close", 0, False, True),
        ("PUT /live/den HTTP/1.0", ["Expect: 100-continue"], "close", 0, False, True),
        ("PUT /live/den HTTP/1.1", ["Expect: 100-Continue", "Content-Length: 7"], "length", 7, True, False),
        ("SOURCE /live/den HTTP/1.1", ["Transfer-Encoding: chunked"], "chunked", 0, False, True),
        ("SOURCE /live/den HTTP/1.0", ["Content-Length: 0"], "length", 0, False, True),
    ],
)
def test_how_the_end_shows(
    line: str, fields: list[str], framing: str, body_bytes: int, expects: bool, waits: bool
) -> None:
    hosts = [] if line.endswith("1.0") else ["Host: x"]
    request = read_request(head(line, *hosts, *fields))
    assert (request.framing, request.body_bytes) == (framing, body_bytes)
    assert (request.expects, request.waits) == (expects, waits)
    assert request.empty == (framing == "length" and body_bytes == 0)
    assert request.offer.way == ("icecast" if line.startswith("SOURCE") else "http")


def test_an_unknown_expectation_is_a_417() -> None:
    with pytest.raises(Refused) as refused:
        read_request(head("PUT /live/den HTTP/1.1", "Host: x", "Expect: a miracle"))
    assert refused.value.status == 417


@pytest.mark.parametrize(
    ("mount", "room"),
    [
        ("/live/den", "den"),
        ("/live/den/", "den"),
        ("live/den", "den"),
        ("den", "den"),
        ("/den", "den"),
        ("/live/Den.MP3", "den"),
        ("/live/den.ogg/", "den"),
        ("/live/den.fm", "den.fm"),
        ("/live/den.mp3.mp3", "den.mp3"),
        ("/live/direct:a-b_c.1", "direct:a-b_c.1"),
        ("/live/", None),
        ("/live/.mp3", None),
        ("/live/..", None),
        ("/live/a/b", None),
        ("/live/ü", None),
        ("/live/" + "x" * 65, None),
    ],
)
def test_mounts(mount: str, room: str | None) -> None:
    assert read_room(mount) == room


@pytest.mark.parametrize(
    "target", ["/live/den?x=1", "/live/%64en", "http://veza/live/den?a://b", "/live/den.webm", "//live//den/"]
)
def test_targets(target: str) -> None:
    assert read_request(head(f"PUT {target} HTTP/1.1", "Host: x")).room == "den"


@pytest.mark.parametrize("target", ["/live/", "/live/a%2Fb", "/live/%00", "/live/%ff"])
def test_what_is_no_room_is_a_404(target: str) -> None:
    with pytest.raises(Refused) as refused:
        read_request(head(f"PUT {target} HTTP/1.1", "Host: x"))
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("authorization", "key"),
    [
        ("", ""),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic " + base64.b64encode(b"source:a:b").decode(), "a:b"),
        ("basic " + base64.b64encode(b":abc").decode(), "abc"),
        ("Basic " + base64.b64encode(b"abc:").decode(), "abc"),
        ("Basic " + base64.b64encode(b"abc").decode(), "abc"),
        ("Basic ~~~", ""),
        ("Basic YTpi\xff", ""),
        ("Basic " + base64.b64encode(b"\xff:\xfe").decode(), "\ufffd"),
        ("Digest abc", ""),
        ("Bearer " + "x" * 1_000, "x" * 512),
    ],
)
def test_keys(authorization: str, key: str) -> None:
    assert read_key(authorization) == key


def test_words_are_utf8_if_they_can_be() -> None:
    assert read_text("Ünï ".encode()) == "Ünï"
    assert read_text("Ünï".encode("latin-1")) == "Ünï"
    assert read_text(b" a\r\nb\x00") == "a b"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ice-name", "Authorization", "Expect", "Content-Type", "Origin"]),
            st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f")),
        ),
        max_size=6,
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=80),
)
def test_any_head_is_understood_or_refused(fields: list[tuple[str, str]], mount: str) -> None:
    raw = head(f"SOURCE /live/{mount} HTTP/1.0", *[f"{name}: {value}" for name, value in fields])
    try:
        request = read_request(raw)
    except Refused as refused:
        assert refused.status == 404
    else:
        assert read_room(request.room) is not None or request.room.rpartition(".")[2]
