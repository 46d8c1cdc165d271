import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.rtmp.amf import AmfValue, decode, ecma_array, encode, number, text
from streamer.ingest.rtmp.wire import MAX_AMF_DEPTH, MAX_AMF_VALUES, RtmpError

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, max_size=5))
def test_what_is_written_is_read(values: list[AmfValue]) -> None:
    assert decode(encode(*values)) == values


@given(st.binary(max_size=300))
def test_any_bytes_are_values_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except RtmpError:
        pass


@given(st.binary(max_size=300))
def test_any_bytes_of_amf3_are_values_or_refused(data: bytes) -> None:
    try:
        decode(b"\x11" + data)
    except RtmpError:
        pass


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00\x40\x09\x21\xfb\x54\x44\x2d\x18", 3.141592653589793),
        (b"\x01\x01", True),
        (b"\x02\x00\x04live", "live"),
        (b"\x02\x00\x01\xff", "\ufffd"),
        (b"\x05", None),
        (b"\x06", None),
        (b"\x07\x00\x01", None),
        (b"\x08\x00\x00\x00\x00\x00\x01a\x01\x00\x00\x00\x09", {"a": False}),
        (b"\x08\x00\x00\x00\x09\x00\x01a\x01\x00\x00\x00\x09", {"a": False}),
        (b"\x03\x00\x00\x05\x00\x00\x09", {"": None}),
        (b"\x0a\x00\x00\x00\x02\x05\x01\x00", [None, False]),
        (b"\x0b" + struct.pack(">d", 1000.0) + b"\x00\x00", 1000.0),
        (b"\x0c\x00\x00\x00\x02hi", "hi"),
        (b"\x0d", None),
        (b"\x0f\x00\x00\x00\x04<a/>", "<a/>"),
        (b"\x10\x00\x05Thing\x00\x01a\x05\x00\x00\x09", {"a": None}),
    ],
)
def test_each_type_of_amf0(data: bytes, value: AmfValue) -> None:
    assert decode(data) == [value]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x00", None),
        (b"\x01", None),
        (b"\x02", False),
        (b"\x03", True),
        (b"\x04\x07", 7.0),
        (b"\x04\x81\x00", 128.0),
        (b"\x04\xff\xff\xff\xff", -1.0),
        (b"\x05" + struct.pack(">d", 0.5), 0.5),
        (b"\x06\x05hi", "hi"),
        (b"\x06\x01", ""),
        (b"\x07\x09<a/>", "<a/>"),
        (b"\x08\x01" + struct.pack(">d", 5.0), 5.0),
        (b"\x08\x02", None),
        (b"\x09\x05\x01\x03\x04\x01", [True, 1.0]),
        (b"\x09\x03\x03a\x02\x01\x03", {"a": False, "0": True}),
        (b"\x0a\x13\x01\x03a\x04\x01", {"a": 1.0}),
        (b"\x0a\x0b\x01\x03a\x03\x03b\x02\x01", {"a": True, "b": False}),
        (b"\x0b\x05ab", "ab"),
        (b"\x0c\x05\x00\xff", b"\x00\xff"),
        (b"\x0d\x03\x00\xff\xff\xff\xff", [-1.0]),
        (b"\x0e\x03\x01\xff\xff\xff\xff", [4294967295.0]),
        (b"\x0f\x03\x00" + struct.pack(">d", 2.0), [2.0]),
        (b"\x10\x05\x00\x01\x02\x03", [False, True]),
        (b"\x11\x05\x00\x06\x03k\x03\x03\x02", {"k": True, "1": False}),
        # An array of an object and another of the same class, and of a text and the same text.
        (b"\x09\x05\x01\x0a\x13\x01\x03a\x03\x0a\x01\x02", [{"a": True}, {"a": False}]),
        (b"\x09\x05\x01\x06\x05hi\x06\x00", ["hi", "hi"]),
    ],
)
def test_each_type_of_amf3(data: bytes, value: AmfValue) -> None:
    assert decode(b"\x11" + data) == [value]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x00\x00", "AMF ends 7 bytes too early"),
        (b"\x02\x00\x09live", "AMF ends 5 bytes too early"),
        (b"\x04", "AMF0 has no type 4"),
        (b"\x0a\xff\xff\xff\xff", "AMF promises 4294967295 values"),
        (b"\x11\x12", "AMF3 has no type 18"),
        (b"\x11\x06\x04", "AMF3 refers to text 2 of 0"),
        (b"\x11\x0a\x09", "AMF3 refers to traits 2 of 0"),
        (b"\x11\x0a\x07", "externalizable"),
        (b"\x11\x09\xff\xff\xff\xff\x01", "AMF promises"),
        (b"\x03\x00\x01a" * (MAX_AMF_DEPTH + 2), f"more than {MAX_AMF_DEPTH} levels"),
        (b"\x05" * (MAX_AMF_VALUES + 1), f"more than {MAX_AMF_VALUES} values"),
        (b"\x11\x09\x03\x01" + b"\x09\x03\x01" * MAX_AMF_DEPTH, "levels deep"),
    ],
)
def test_what_is_no_amf_or_too_much_of_it_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RtmpError, match=message):
        decode(data)


def test_a_long_text_has_a_type_of_its_own() -> None:
    assert encode("a" * 70_000)[:5] == b"\x0c\x00\x01\x11\x70"
    assert decode(encode("a" * 70_000)) == ["a" * 70_000]


def test_an_ecma_array_is_read_as_properties() -> None:
    assert decode(ecma_array({"width": 1.0, "stereo": True})) == [{"width": 1.0, "stereo": True}]


def test_text_and_numbers_of_strangers() -> None:
    assert text("a\x00\x1b[31mb" + "c" * 300) == "a[31mb" + "c" * 192
    assert (text(None), text(5.0)) == ("", "")
    assert (number(5.0), number(True), number("5"), number(float("nan"))) == (5.0, 0.0, 0.0, 0.0)
