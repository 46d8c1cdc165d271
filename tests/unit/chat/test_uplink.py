"""A recording over lines that break: every byte once, in order, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.uplink import HEAD_BYTES, Gap, NotRecording, Piece, TooFast, Uplink, decode_piece, encode_piece

RECORDED = bytes(range(256)) * 2


def test_the_header_is_that_of_the_protocol() -> None:
    wire = bytes.fromhex("02 00 0107 0000000000002000") + b"abc"
    assert encode_piece(Piece(0x0107, 8192, b"abc")) == wire
    assert decode_piece(wire) == Piece(0x0107, 8192, b"abc")
    assert HEAD_BYTES == 12


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        piece = decode_piece(payload)
    except NotRecording as refused:
        assert str(refused)
        assert len(payload) < HEAD_BYTES or payload[0] != 2
    else:
        assert encode_piece(piece)[2:] == payload[2:], "flags are for later versions"


@given(st.data(), st.integers(1, 600))
def test_what_is_cut_and_resent_arrives_once_and_in_order(data: st.DataObject, window: int) -> None:
    """A client that keeps to the protocol, on lines that lose what is on its way, in both directions."""
    uplink, arrived = Uplink(window), b""
    kept_from = sent = 0
    for _ in range(200):
        match data.draw(st.sampled_from(("send", "send", "lose", "again", "ack", "lose ack"))):
            case "send" | "lose" as what:
                size = min(data.draw(st.integers(0, 80)), kept_from + window - sent, len(RECORDED) - sent)
                piece = RECORDED[sent : sent + size]
                if what == "send":
                    arrived += uplink.receive(sent, piece)
                    sent += size
                else:  # the line breaks with it: `onair` says from where on to send
                    sent = kept_from = uplink.acknowledge() or uplink.upto
            case "again":  # the client can't know what has come
                sent = data.draw(st.integers(kept_from, sent))
            case "ack":
                kept_from = uplink.acknowledge() or kept_from
                sent = max(sent, kept_from)
            case "lose ack":
                uplink.acknowledge()
        assert arrived == RECORDED[: len(arrived)]
        assert uplink.upto == len(arrived)
        assert uplink.acknowledged <= uplink.upto <= uplink.acknowledged + window


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=60), st.integers(1, 100))
def test_whatever_a_client_does_nothing_is_left_out(pieces: list[tuple[int, int]], window: int) -> None:
    uplink, arrived = Uplink(window), b""
    for at, size in pieces:
        before = uplink.upto
        try:
            arrived += uplink.receive(at, RECORDED[at : at + size])
        except Gap:
            assert at > before == uplink.upto
        except TooFast:
            assert at + size > window
            assert uplink.upto == before
            uplink.acknowledge()
    assert arrived == RECORDED[: uplink.upto]


def test_a_hole_is_refused() -> None:
    uplink = Uplink(100)
    assert uplink.receive(0, b"abc") == b"abc"
    with pytest.raises(Gap, match="begins with byte 4 of the recording, and 3 have come"):
        uplink.receive(4, b"e")
    assert uplink.receive(1, b"bcde") == b"de"
    assert uplink.receive(0, b"ab") == b""


def test_what_is_acknowledged_is_told_once_and_makes_room() -> None:
    uplink = Uplink(4)
    assert uplink.acknowledge() is None
    uplink.receive(0, b"abcd")
    with pytest.raises(TooFast, match="up to byte 5, 0 bytes were acknowledged, and 4 more may come"):
        uplink.receive(4, b"e")
    assert uplink.acknowledge() == 4
    assert uplink.acknowledge() is None
    assert uplink.receive(4, b"efgh") == b"efgh"
