"""Binary frames: what is written is read, and what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sound import CONCEALED, DISCONTINUOUS, HEAD_BYTES, NotSound, SoundFrame, decode_sound, encode_sound

FRAME = SoundFrame(0x0107, 1_795_227_101_441_000, (b"abc", b"", b"de"), DISCONTINUOUS | CONCEALED)


def test_the_header_is_that_of_the_protocol() -> None:
    wire = bytes.fromhex("01 03 0107 000660bfe1ac2be8 03 0003 0000 0002") + b"abcde"
    assert encode_sound(FRAME) == wire
    assert decode_sound(wire) == FRAME
    assert HEAD_BYTES == 13


@given(
    st.builds(
        SoundFrame,
        st.integers(0, 2**16 - 1),
        st.integers(0, 2**64 - 1),
        st.lists(st.binary(max_size=300), min_size=1, max_size=255).map(tuple),
        st.integers(0, 255),
    )
)
def test_what_is_written_is_read(frame: SoundFrame) -> None:
    assert decode_sound(encode_sound(frame)) == frame


@given(st.integers(0, 18) | st.none(), st.binary(max_size=3))
def test_a_frame_that_is_cut_or_has_more_behind_it_is_none(end: int | None, more: bytes) -> None:
    data = encode_sound(FRAME)[:end] + more
    if data == encode_sound(FRAME):
        assert decode_sound(data) == FRAME
        return
    try:
        decode_sound(data)
    except NotSound:
        return
    assert len(data) == len(encode_sound(FRAME))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        frame = decode_sound(data)
    except NotSound as refused:
        assert str(refused)
    else:
        assert encode_sound(frame) == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x01" * 12, "12 bytes, and the header has 13"),
        (b"\x02" + bytes(12), "kind 2, not 1"),
        (b"\x01" + bytes(12), "13 bytes, and 0 sizes of units"),
        (b"\x01" + bytes(11) + b"\x02\x00\x00", "15 bytes, and 2 sizes of units"),
        (b"\x01" + bytes(11) + b"\x01\x00\x02x", "16 bytes, and the header tells of 17"),
    ],
)
def test_the_reason_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(NotSound, match=reason):
        decode_sound(data)


@pytest.mark.parametrize("count", [0, 256])
def test_as_many_units_as_the_header_can_tell_of(count: int) -> None:
    with pytest.raises(AssertionError, match="units, not 1 to 255"):
        encode_sound(SoundFrame(1, 0, (b"x",) * count))
