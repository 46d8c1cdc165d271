"""Chained Ogg, page by page."""

import struct

import pytest

from hls.ogg import Links


def page(body: bytes, *, first: bool = False) -> bytes:
    laces = [255] * (len(body) // 255) + [len(body) % 255]
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, 2 if first else 0, 0, 1, 0, 0, len(laces))
    return head + bytes(laces) + body


ONE = [page(b"head", first=True), page(b"beside", first=True), page(b"a" * 600)]
TWO = [page(b"other", first=True), page(b"b")]


@pytest.mark.parametrize("step", [1, 7, 1000, 10_000])
def test_a_link_ends_where_a_stream_begins_behind_pages_of_another(step):
    data = b"".join(ONE + TWO)
    links = Links()
    given = [piece for at in range(0, len(data), step) for piece in links.feed(data[at : at + step])]
    assert given == [*ONE, None, *TWO]


def test_rfc3533_4_what_is_no_page_is_left_out():
    links = Links()
    assert links.feed(b"garbage Og" + ONE[0] + b"more" * 9) == [ONE[0]]
    assert links.feed(ONE[2]) == [ONE[2]]


def test_a_page_waits_until_it_is_whole():
    links = Links()
    assert links.feed(ONE[2][:20]) == []
    assert links.feed(ONE[2][20:28]) == []
    assert links.feed(ONE[2][28:100]) == []
    assert links.feed(ONE[2][100:]) == [ONE[2]]
