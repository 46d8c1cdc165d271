"""Sound out of the bodies of requests, cut in any way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.request import SourceRequest
from streamer.ingest.sound import Sound, sound_of
from streamer.live.line import Offer
from streamer.refusal import Refused

SOUND = bytes(range(256)) * 3


def sound(framing: str, body_bytes: int = 0) -> Sound:
    return sound_of(
        SourceRequest("den", "", Offer("http"), framing, body_bytes, False, False, "", "")  # type: ignore[arg-type]
    )


def chunked(data: bytes, sizes: list[int]) -> bytes:
    wire, place = b"", 0
    for size in sizes:
        piece = data[place : place + size]
        place += size
        if piece:
            wire += b"%X;a=b\r\n%b\r\n" % (len(piece), piece)
    return (
        wire + (b"%x\r\n%b\r\n" % (len(data[place:]), data[place:]) if data[place:] else b"") + b"0\r\n\r\n"
    )


def fed(reader: Sound, wire: bytes, cuts: list[int]) -> bytes:
    places = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    return b"".join(piece for start, end in pairwise(places) for piece in reader.feed(wire[start:end]))


@given(st.lists(st.integers(1, 400), max_size=8), st.lists(st.integers(0, 1_000), max_size=30))
def test_chunks_in_pieces_of_any_size(sizes: list[int], cuts: list[int]) -> None:
    reader = sound("chunked")
    assert fed(reader, chunked(SOUND, sizes), cuts) == SOUND
    assert reader.done


@given(st.lists(st.integers(0, 1_000), max_size=30))
def test_a_declared_length(cuts: list[int]) -> None:
    reader = sound("length", len(SOUND))
    assert fed(reader, SOUND + b"more", cuts) == SOUND
    assert reader.done


def test_nothing_is_done_at_once() -> None:
    assert sound("length").done
    assert sound("length").feed(b"more") == []


@given(st.lists(st.binary(min_size=1)))
def test_without_a_frame_it_never_ends(pieces: list[bytes]) -> None:
    reader = sound("close")
    assert [piece for data in pieces for piece in reader.feed(data)] == pieces
    assert not reader.done


@pytest.mark.parametrize("wire", [b"x\r\n", b"4\r\nOggS..", b"4\nOggS", b"-1\r\n", b"0\r\nHost: x\r\n\r\n"])
def test_wrong_framing_is_a_400(wire: bytes) -> None:
    with pytest.raises(Refused) as refused:
        sound("chunked").feed(wire)
    assert refused.value.status == 400


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_any_bytes_are_sound_or_refused(wire: bytes, cuts: list[int]) -> None:
    try:
        assert len(fed(sound("chunked"), wire, cuts)) <= len(wire)
    except Refused as refused:
        assert refused.status in (400, 413)
