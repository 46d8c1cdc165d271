"""Where bodies end, however the bytes arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.framing import MAX_CHUNK_LINE_BYTES, Body, ChunkedBody, LengthBody
from streamer.refusal import Refused

REST = b"GET /next HTTP/1.1\r\n"


def taken(body: Body, pieces: list[bytes]) -> bytes:
    """What a body takes of the pieces; nothing may be taken after its end."""
    result = b""
    for piece in pieces:
        padded = b"~~" + piece
        end = body.take(padded, 2)
        result += padded[2:end]
        if body.done:
            break
        assert end == len(padded)
    return result


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def encoded(chunks: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    lines = [b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks if chunk]
    return b"".join(lines) + b"0\r\n" + trailer + b"\r\n"


@given(st.integers(1, 200), st.lists(st.integers(0, 1000)))
def test_a_length_is_counted_in_pieces_of_any_size(size: int, cuts: list[int]) -> None:
    body = LengthBody(size)
    assert taken(body, split(b"x" * size + REST, cuts)) == b"x" * size
    assert body.done


@given(
    st.lists(st.binary(max_size=40), max_size=5),
    st.sampled_from([b"", b";a", b";a=b", b';a="b;\\" c"', b";a;b=1"]),
    st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ:\r\n"]),
    st.lists(st.integers(0, 1000)),
)
def test_chunks_are_followed_in_pieces_of_any_size(
    chunks: list[bytes], extension: bytes, trailer: bytes, cuts: list[int]
) -> None:
    body = ChunkedBody(1_000)
    data = encoded(chunks, extension, trailer)
    assert taken(body, split(data + REST, cuts)) == data
    assert body.done


@pytest.mark.parametrize("header", [b"A", b"a", b"0a", b"000000000000000000a"])
def test_rfc9112_7_1_a_size_is_hexadecimal_and_may_have_leading_zeros(header: bytes) -> None:
    body = ChunkedBody(10)
    assert taken(body, [header + b"\r\n0123456789\r\n0\r\n\r\n" + REST])[-5:] == b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 9, 10])
def test_a_body_of_up_to_the_limit_is_taken(size: int) -> None:
    data = encoded([b"x" * size])
    assert taken(ChunkedBody(10), [data + REST]) == data


@pytest.mark.parametrize("data", [encoded([b"x" * 11]), encoded([b"x"] * 11), b"fffffffffffffff\r\n"])
def test_a_body_beyond_the_limit_is_refused_with_413(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        taken(ChunkedBody(10), [data])
    assert refused.value.status == 413


VIOLATIONS = [
    b"\r\n",
    b"x\r\n",
    b" 1\r\nx\r\n",
    b"1 \r\nx\r\n",
    b"1\t;a\r\nx\r\n",
    b"1 ;a\r\nx\r\n",
    b"1; a\r\nx\r\n",
    b"1;\r\nx\r\n",
    b"1;=a\r\nx\r\n",
    b"1;a=\r\nx\r\n",
    b'1;a="b\r\nx\r\n',
    b"1;a\0\r\nx\r\n",
    b"1\nx\r\n",
    b"1\r\r\nx\r\n",
    b"+1\r\nx\r\n",
    b"-1\r\nx\r\n",
    b"0x1\r\nx\r\n",
    b"1_0\r\nx\r\n",
    b"\xb2\r\nx\r\n",
    b"1" * 16 + b"\r\n",
    b"1;" + b"a" * MAX_CHUNK_LINE_BYTES,
    b"1\r\nxx\r\n",
    b"1\r\nx\n0",
    b"1\r\nx\r0",
    b"0\r\n\n",
    b"0\r\nA\r\n\r\n",
    b"0\r\n: b\r\n\r\n",
    b"0\r\nA : b\r\n\r\n",
    b"0\r\nA: b\n\r\n",
    b"0\r\nA: b\r\n c\r\n\r\n",
    b"0\r\nA: b\x01\r\n\r\n",
    b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"0\r\ncontent-length: 5\r\n\r\n",
    b"0\r\nHost: x\r\n\r\n",
    b"0\r\n" + b"A: b\r\n" * 1_000,
    b"0\r\nA: " + b"b" * 5_000,
    (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 100,
]


@pytest.mark.parametrize("data", VIOLATIONS)
@pytest.mark.parametrize("piece_bytes", [1, 3, 10_000])
def test_a_violation_is_refused_with_400_in_pieces_of_any_size(data: bytes, piece_bytes: int) -> None:
    pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
    with pytest.raises(Refused) as refused:
        taken(ChunkedBody(10_000), pieces)
    assert refused.value.status == 400
