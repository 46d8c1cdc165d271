"""Request heads: what is accepted, what is refused and how, and what llhttp leaves to us."""

import time
from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.heads import Head, HeadLimits, HeadReader, again
from streamer.refusal import Refused

LIMITS = HeadLimits(max_head_bytes=1_000, max_header_count=10, max_body_bytes=10_000)


def read(*pieces: bytes, limits: HeadLimits = LIMITS) -> Head:
    reader = HeadReader(limits)
    for piece in pieces[:-1]:
        assert reader.feed(piece) is None
    head = reader.feed(pieces[-1])
    assert head is not None
    return head


def get(*fields: str, line: str = "GET / HTTP/1.1", host: str | None = "x") -> bytes:
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([line, *hosts, *fields, "", ""]).encode("latin-1")


def refusal_of(data: bytes, limits: HeadLimits = LIMITS) -> int:
    with pytest.raises(Refused) as refused:
        read(data, limits=limits)
    return refused.value.status


def test_a_plain_head() -> None:
    assert read(get(line="GET /a%20b?c=%20 HTTP/1.1")) == Head(
        method="GET",
        path="/a b",
        http10=False,
        keep_alive=True,
        body_bytes=0,
        upgrades=False,
        private=False,
        conditions={},
        query="c=%20",
    )


def test_the_head_is_all_that_is_read() -> None:
    head = get("A: b")
    reader = HeadReader(LIMITS)
    assert reader.feed(b"before" + head + b"after", 6) is not None
    assert (reader.end, reader.raw) == (6 + len(head), head)


@given(st.lists(st.integers(0, 200), max_size=20))
def test_it_is_the_same_in_pieces_of_any_size(cuts: list[int]) -> None:
    data = b"\r\n" + get("Range: bytes=0-1", "Connection: close", line="GET /path?query HTTP/1.1") + b"body"
    size = len(data) - len(b"body")
    reader = HeadReader(LIMITS)
    places = sorted({min(cut, size - 1) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(places):
        head = reader.feed(b"~" + data[start:end], 1)
        assert (head is not None) == (end >= size)
    assert head == read(data[2:size])
    assert reader.raw == data[2:size]
    assert reader.end == 1 + size - start


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("GET /index.m3u8?x=/../ HTTP/1.1", "/index.m3u8"),
        ("GET //double HTTP/1.1", "//double"),
        ("GET /%2e%2e/%2F%00 HTTP/1.1", "/../" + "/\0"),
        ("GET /%C3%BC%FF HTTP/1.1", "/ü\ufffd"),
        ("GET http://other/path?x HTTP/1.1", "/path"),
        ("GET HTTPS://other HTTP/1.1", "/"),
        ("GET http://other?x HTTP/1.1", "/"),
        ("OPTIONS * HTTP/1.1", "*"),
        ("GET / HTTP/1.0", "/"),
    ],
)
def test_rfc9112_3_2_forms_of_the_request_target(line: str, path: str) -> None:
    assert read(get(line=line)).path == path


@pytest.mark.parametrize(
    ("fields", "http10", "keep_alive"),
    [
        ([], False, True),
        (["Connection: close"], False, False),
        (["Connection: Upgrade, CLOSE"], False, False),
        (["Connection: a", "Connection: close"], False, False),
        (["Connection: keep-alive"], False, True),
        (["Connection: closed"], False, True),
        ([], True, False),
        (["Connection: Keep-Alive"], True, True),
        (["Connection: keep-alive, close"], True, False),
    ],
)
def test_rfc9112_9_3_persistence(fields: list[str], http10: bool, keep_alive: bool) -> None:
    head = read(get(*fields, line="GET / HTTP/1.0" if http10 else "GET / HTTP/1.1"))
    assert (head.http10, head.keep_alive) == (http10, keep_alive)


def test_conditions_are_kept_and_repeated_ones_joined() -> None:
    head = read(
        get('If-None-Match: "a"', "RANGE:  bytes=0-1 ", 'if-none-match: "b"', "If-Range: \xff", "Other: 1")
    )
    assert head.conditions == {"if-none-match": '"a", "b"', "range": "bytes=0-1", "if-range": "\xff"}


@pytest.mark.parametrize(
    ("fields", "upgrades"),
    [
        (["Connection: Upgrade", "Upgrade: websocket"], True),
        (["Connection: keep-alive, upgrade", "Upgrade: WebSocket"], True),
        (["Upgrade: websocket"], False),
        (["Connection: upgrade", "Upgrade: h2c"], False),
    ],
)
def test_rfc9110_7_8_an_upgrade_needs_both_fields(fields: list[str], upgrades: bool) -> None:
    assert read(get(*fields)).upgrades is upgrades


@pytest.mark.parametrize("field", ["Authorization: Bearer x", "Cookie: a=b", "Proxy-Authorization: x"])
def test_credentials_are_noticed(field: str) -> None:
    assert read(get(field)).private


@pytest.mark.parametrize(
    ("fields", "body_bytes"),
    [
        (["Content-Length: 0"], 0),
        (["Content-Length: 0010 \t"], 10),
        (["Content-Length: 10000"], 10_000),
        (["Transfer-Encoding: chunked"], None),
        (["transfer-encoding: CHUNKED"], None),
    ],
)
def test_rfc9112_6_3_the_body(fields: list[str], body_bytes: int | None) -> None:
    assert read(get(*fields, line="POST / HTTP/1.1")).body_bytes == body_bytes


@pytest.mark.parametrize(
    "host", ["", "x", "x:80", "example.org:", "[::1]:8080", "a_b.c-d~", "1.2.3.4", "%41"]
)
def test_rfc9112_3_2_a_valid_host(host: str) -> None:
    assert read(get(host=host)).path == "/"


def test_icecast_1_names_a_protocol_of_its_own_and_only_for_sources() -> None:
    head = read(b"SOURCE /live/den?x ICE/1.0\r\nContent-Type: audio/mpeg\r\n\r\n")
    assert (head.method, head.path, head.http10, head.body_bytes) == ("SOURCE", "/live/den", True, 0)
    assert not head.keep_alive


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\n\r\n"])
@pytest.mark.parametrize("version", ["HTTP/1.0", "ICE/1.0"])
def test_rfc9112_2_2_a_source_may_end_its_lines_with_a_bare_lf(version: str, end: str) -> None:
    """DarkIce does, but for its last line."""
    sent = f"SOURCE /live/den {version}\nAuthorization: Basic x\nice-name: y{end}".encode()
    for cut in range(len(sent)):
        reader = HeadReader(LIMITS)
        assert reader.feed(b"before" + sent[:cut], 6) is None
        head = reader.feed(sent[cut:] + b"sound\n\n")
        assert head is not None and (head.method, head.path, head.private) == ("SOURCE", "/live/den", True)
        assert reader.end == len(sent) - cut
        fields = b"Authorization: Basic x\r\nice-name: y\r\n\r\n"
        assert reader.raw == f"SOURCE /live/den {version}\r\n".encode() + fields


def test_a_source_s_head_is_judged_all_the_same() -> None:
    assert refusal_of(b"SOURCE /live/den HTTP/1.1\n\n") == 400  # without a Host
    assert refusal_of(b"SOURCE /live/den HTTP/1.0\nA : b\n\n") == 400
    assert refusal_of(b"SOURCE /" + b"x" * 1_000) == 414


@given(st.lists(st.integers(0, 200), max_size=10))
def test_a_source_s_head_is_bounded_however_it_comes(cuts: list[int]) -> None:
    data = b"SOURCE /live/den HTTP/1.0\n" + b"A: b\n" * 400
    reader, places = HeadReader(LIMITS), sorted({0, *cuts, len(data)})
    with pytest.raises(Refused) as refused:
        for start, stop in pairwise(places):
            assert reader.feed(data[start:stop]) is None
    assert refused.value.status == 431


LEFT_OPEN_BY_LLHTTP = [
    get(line="GET  / HTTP/1.1"),
    get(line="GET /  HTTP/1.1"),
    get(line="GET /#fragment HTTP/1.1"),
    get(line="GET * HTTP/1.1"),
    get(line="CONNECT x:80 HTTP/1.1"),
    get(host=None),
    get("Host: y"),
    get(host="x/y"),
    get(host="x y"),
    get(host="x@y"),
    get(host="x,y"[:1] + ", " + "y"),
    get("Transfer-Encoding: gzip, chunked", line="POST / HTTP/1.1"),
    get("Transfer-Encoding: chunked", line="POST / HTTP/1.0"),
    b"GET /\r\n\r\n",
    b"\r\n\r\n" + get(),
    b"\n" + get(),
    get(line="SOURCE /live/den  ICE/1.0"),
    get(line="SOURCE /live/den#x ICE/1.0"),
    get(line="SOURCE http://x/live/den ICE/1.0"),
    get("Transfer-Encoding: chunked", line="SOURCE /live/den ICE/1.0"),
]
REFUSED_BY_LLHTTP = [
    b"GET / HTTP/1.1\nHost: x\n\n",
    b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    get("A: b\rc"),
    get("A: b", " c"),
    b"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    get("A: b\0c"),
    get("A: b\x01c"),
    get("A: b\x7fc"),
    get("A : b"),
    get("A"),
    get(": b"),
    get("A\x80: b"),
    get("Content-Length: 1", "Content-Length: 1"),
    get("Content-Length: 1", "Content-Length: 2"),
    get("Content-Length: 1, 1"),
    get("Content-Length: +1"),
    get("Content-Length: -1"),
    get("Content-Length: 0x1"),
    get("Content-Length: 1 1"),
    get("Content-Length:"),
    get("Content-Length: " + "9" * 30),
    get("Content-Length: 1", "Transfer-Encoding: chunked"),
    get("Transfer-Encoding: chunked", "Content-Length: 1"),
    get("Transfer-Encoding: gzip"),
    get("Transfer-Encoding: xchunked"),
    get("Transfer-Encoding: chunked, identity"),
    get("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    get("Transfer-Encoding: \x0bchunked"),
    get(line="GE\x01T / HTTP/1.1"),
    get(line="GET\t/ HTTP/1.1"),
    get(line=" GET / HTTP/1.1"),
    get(line="GET /a b HTTP/1.1"),
    get(line="GET /\xfc HTTP/1.1"),
    get(line="GET a HTTP/1.1"),
    get(line="GET / http/1.1"),
    get(line="GET / HTTP/1.1 "),
    get(line="GET /live/den ICE/1.0"),
    get(line="PUT /live/den ICE/1.0"),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


@pytest.mark.parametrize("data", LEFT_OPEN_BY_LLHTTP + REFUSED_BY_LLHTTP)
def test_what_breaks_a_rule_is_a_400_or_501(data: bytes) -> None:
    assert refusal_of(data) in (400, 501)


class Nothing:
    """A protocol for httptools that wants to know nothing."""


def llhttp_takes(data: bytes) -> bool:
    try:
        httptools.HttpRequestParser(Nothing()).feed_data(data)  # type: ignore[arg-type]
    except httptools.HttpParserUpgrade:
        return True
    except httptools.HttpParserError:
        return False
    return True


@pytest.mark.parametrize("data", REFUSED_BY_LLHTTP)
def test_what_we_leave_to_llhttp_it_refuses(data: bytes) -> None:
    """When this fails, a new version has become lenient, and the rule is ours to keep."""
    assert not llhttp_takes(data)


@pytest.mark.parametrize("data", LEFT_OPEN_BY_LLHTTP)
def test_what_we_check_llhttp_leaves_open(data: bytes) -> None:
    """When this fails, a check of ours is no longer needed."""
    assert llhttp_takes(data)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get(line="BREW / HTTP/1.1"), 501),
        (get(line="get / HTTP/1.1"), 501),
        (get(line="GET / HTTP/2.0"), 505),
        (get(line="GET / HTTP/1.2"), 505),
        (get(line="GET / HTTP/0.9"), 505),
        (get("Content-Length: 10001"), 413),
        (get("A: " + "b" * 1_000), 431),
        (get(*["A: b"] * 11), 431),
        (get(line="GET /" + "a" * 1_000 + " HTTP/1.1"), 414),
    ],
)
def test_refusals_that_say_more(data: bytes, status: int) -> None:
    assert refusal_of(data) == status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get(line="GET /" + "a" * 8_000 + " HTTP/1.1"), 414),
        (get("A: " + "b" * 8_000), 431),
    ],
)
def test_a_line_that_aiohttp_would_not_take_is_refused_before(data: bytes, status: int) -> None:
    assert refusal_of(data, HeadLimits(max_head_bytes=20_000)) == status


def test_a_head_of_exactly_the_limit_is_taken() -> None:
    padding = LIMITS.max_head_bytes - len(get("A: "))
    assert read(get("A: " + "b" * padding)).path == "/"
    assert read(*(bytes([byte]) for byte in get("A: " + "b" * padding))).path == "/"
    assert refusal_of(get("A: " + "b" * (padding + 1))) == 431


def test_an_endless_head_is_refused_as_soon_as_it_is_too_large() -> None:
    reader = HeadReader(LIMITS)
    sent = 0
    with pytest.raises(Refused) as refused:
        while sent < 10_000:
            reader.feed(b"GET / HTTP/1.1\r\nA: " if not sent else b"b")
            sent += 1
    assert refused.value.status == 431
    assert sent <= LIMITS.max_head_bytes


def test_a_violation_is_refused_before_the_head_is_complete() -> None:
    reader = HeadReader(LIMITS)
    assert reader.feed(b"GET / HTTP/1.1\r\nHost: x\r\n") is None
    with pytest.raises(Refused):
        reader.feed(b"A : b\r\n")


def test_a_head_byte_by_byte_takes_linear_time() -> None:
    limits = HeadLimits(max_head_bytes=1 << 20, max_header_count=1_000_000)
    data = get(*["A: " + "b" * 100] * 2_000)
    start = time.process_time()
    read(*(data[place : place + 1] for place in range(len(data))), limits=limits)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("value", "takes"),
    [
        ("gzip", True),
        ("br, GZIP ;q=0.5", True),
        ("gzip;q=0.001, br", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("*", False),
        ("", False),
    ],
)
def test_rfc9110_12_5_3_who_takes_gzip(value: str, takes: bool) -> None:
    assert read(get(f"Accept-Encoding: {value}")).takes_gzip is takes
    assert not read(get()).takes_gzip


def test_who_listens_is_read_of_requests_for_live_media_only() -> None:
    fields = ("User-Agent: p", "X-Forwarded-For: 192.0.2.1")
    live = "GET /hls/live/lobby/index.m3u8"
    assert read(get(*fields)).listener == ""
    assert read(get(*fields, line=f"{live} HTTP/1.1")).listener == "192.0.2.1\np"
    assert read(get(*fields, line="GET /l/1.a/hls/live/x/y HTTP/1.1")).listener == "192.0.2.1\np"
    sid = 'CMCD-Session: cid="sid=1",sid="6e2f-1",v=1'
    assert read(get(*fields, sid, line=f"{live} HTTP/1.1")).listener == "sid=6e2f-1"
    query = "?CMCD=ot%3Da%2Csid%3D%226e2f-1%22&_HLS_msn=1"
    assert read(get(*fields, line=f"{live}{query} HTTP/1.1")).listener == "sid=6e2f-1"
    assert read(get(line=f"{live} HTTP/1.1")).listener == "\n"


def test_a_head_that_differs_in_its_target_alone_is_what_reading_it_would_give() -> None:
    fields = ("X-Forwarded-For: 192.0.2.1", "User-Agent: p", "Accept-Encoding: gzip")
    first = get(*fields, line="GET /hls/live/lobby/a.m3u8 HTTP/1.1")
    rest = first.partition(b"\r\n")[2]
    head = read(first)
    for target in ("/hls/live/lobby/a.m3u8?_HLS_msn=1&x=%20", "/l/1.a/hls/live/a%20b/c", "/hls/live/"):
        data = get(*fields, line=f"GET {target} HTTP/1.1")
        assert again(data, rest, head) == read(data)


@pytest.mark.parametrize(
    "line",
    [
        "HEAD /hls/live/lobby/a.m3u8 HTTP/1.1",
        "GET /hls/live/lobby/a.m3u8 HTTP/1.0",
        "GET /hls/live/lobby/a.m3u8#x HTTP/1.1",
        "GET  /hls/live/lobby/a.m3u8 HTTP/1.1",
        "GET /hls/live/lobby/a.m3u8 HTTP/1.1\r\nRange: bytes=0-1",
        "GET /hls/live/lobby/a.m3u8?CMCD=sid%3D%22x%22 HTTP/1.1",
        "GET /hls/other HTTP/1.1",
        "GET http://x/hls/live/lobby/a.m3u8 HTTP/1.1",
        f"GET /hls/live/{'a' * 8000} HTTP/1.1",
        "",
    ],
)
def test_any_other_head_is_read(line: str) -> None:
    fields = ("X-Forwarded-For: 192.0.2.1",)
    first = get(*fields, line="GET /hls/live/lobby/a.m3u8 HTTP/1.1")
    rest = first.partition(b"\r\n")[2]
    assert again(get(*fields, line=line), rest, read(first)) is None
    assert again(first + b"GET", rest, read(first)) is None
    assert (
        again(get("X-Forwarded-For: 192.0.2.2", line="GET /hls/live/x HTTP/1.1"), rest, read(first)) is None
    )
