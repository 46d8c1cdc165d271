"""Hostile bytes at the front door's parsers: a value or a typed refusal, and the same in any pieces."""

from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.answer import answer
from streamer.framing import ChunkedBody
from streamer.heads import Head, HeadLimits, HeadReader
from streamer.refusal import Refused
from streamer.resource import Resource

LIMITS = HeadLimits(max_head_bytes=500, max_header_count=8, max_body_bytes=1_000)
RESOURCE = Resource("text/plain", bytes(100), '"a"', 784_111_777, "no-cache")

# Bytes that matter to a parser more often than others, in an order that is sometimes right.
FRAGMENT = st.sampled_from(
    [
        b"GET ", b"POST ", b"HEAD ", b"OPTIONS ", b"/", b"*", b"/hls/a", b"http://x", b" ", b" HTTP/1.1",
        b" HTTP/1.0", b" HTTP/2.0", b"\r\n", b"\r", b"\n", b"\t", b"\0", b":", b": ", b",", b"Host",
        b"Host: x\r\n", b"Content-Length: ", b"Transfer-Encoding: ", b"chunked", b"gzip", b"Connection: ",
        b"close", b"Upgrade: websocket", b"Range: bytes=", b"0-1", b"-", b"9" * 20, b"5", b"If-None-Match: ",
        b'"a"', b"W/", b"If-Range: ", b"Sun, 06 Nov 1994 08:49:37 GMT", b"a", b"\xff", b"%", b"?", b"#",
        b"\r\n\r\n",
    ]
)  # fmt: skip
START = b"GET / HTTP/1.1\r\nHost: x\r\n"
NOISE = st.one_of(
    st.lists(FRAGMENT, max_size=30).map(b"".join),
    st.binary(max_size=200),
    st.lists(FRAGMENT, max_size=20).map(
        lambda parts: b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(parts) + b"\r\n\r\n"
    ),
)
CHUNK_FRAGMENT = st.sampled_from(
    [
        b"0",
        b"1",
        b"5",
        b"a",
        b"ffffffff",
        b"\r\n",
        b"\r",
        b"\n",
        b";",
        b"=",
        b'"',
        b"\\",
        b" ",
        b"x",
        b"hello",
        b"A: b",
    ]
)


def read(data: bytes, piece_bytes: int) -> tuple[Head, bytes, int] | int | None:
    """The head, its bytes and its end; or the status of a refusal; or None when more is needed."""
    reader = HeadReader(LIMITS)
    for start in range(0, len(data), piece_bytes):
        try:
            head = reader.feed(data[start : start + piece_bytes])
        except Refused as refused:
            return refused.status
        if head is not None:
            return head, reader.raw, start + reader.end
    return None


@settings(max_examples=400)
@given(NOISE, st.integers(1, 50))
def test_a_head_is_read_or_refused_the_same_in_any_pieces(data: bytes, piece_bytes: int) -> None:
    whole, pieces = read(data, max(1, len(data))), read(data, piece_bytes)
    if isinstance(whole, int) or isinstance(pieces, int):
        # Which of several violations shows first may depend on the pieces; that there is one may not.
        assert isinstance(whole, int) and isinstance(pieces, int)
        assert {whole, pieces} <= {400, 413, 414, 431, 501, 505}
    else:
        assert whole == pieces


@settings(max_examples=300)
@given(st.lists(CHUNK_FRAGMENT, max_size=30).map(b"".join), st.integers(1, 20))
def test_chunks_are_followed_or_refused_the_same_in_any_pieces(data: bytes, piece_bytes: int) -> None:
    def follow(size: int) -> int | str:
        body, total = ChunkedBody(1_000), 0
        try:
            for start in range(0, len(data), size):
                total += body.take(data[start : start + size], 0)
                if body.done:
                    return total
        except Refused as refused:
            assert refused.status in (400, 413)
            return "refused"
        return "more"

    whole, pieces = follow(max(1, len(data))), follow(piece_bytes)
    assert whole == pieces or ({whole, pieces} == {"refused", "more"} and pieces == "refused")


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(
            ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"]
        ),
        st.one_of(
            st.lists(FRAGMENT, max_size=10).map(lambda parts: b"".join(parts).decode("latin-1")), st.text()
        ),
    ),
    st.sampled_from(["GET", "HEAD"]),
)
def test_any_conditions_have_an_answer(conditions: dict[str, str], method: str) -> None:
    result = answer(RESOURCE, method, conditions)
    assert result.status in (200, 206, 304, 412, 416)
    sizes = [len(piece) if isinstance(piece, bytes) else piece.size_bytes for piece in result.pieces]
    assert sum(sizes) == result.size_bytes
