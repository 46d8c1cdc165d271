"""Boxes of an MP4 that arrives."""

import struct

import pytest

from hls.iso_boxes import Boxes


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_boxes_are_given_whole(step):
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 30) + b"l" * 30
    boxes = [box(b"ftyp", b"iso6"), large, box(b"moof", b"x" * 100), box(b"free", b"")]
    data = b"".join(boxes)
    whole = Boxes()
    given = [piece for at in range(0, len(data), step) if (piece := whole.feed(data[at : at + step]))]
    assert b"".join(given) == data
    if step == 1:
        assert given == boxes


def test_a_huge_box_is_handed_on_as_it_comes():
    whole = Boxes()
    size = (4 << 20) + 9
    assert whole.feed(struct.pack(">I4s", size, b"mdat") + b"a") != b""
    assert whole.feed(b"b" * 1000) == b"b" * 1000
    assert whole.feed(bytes(size - 1009) + box(b"free", b"")[:4]) == bytes(size - 1009)
    assert whole.feed(box(b"free", b"")[4:]) == box(b"free", b"")


@pytest.mark.parametrize("size", [0, 7])
def test_14496_12_4_2_2_what_has_no_end_is_handed_on(size):
    whole = Boxes()
    data = struct.pack(">I4s", size, b"mdat") + b"abc"
    assert whole.feed(data) == data
    assert whole.feed(b"more") == b"more"
