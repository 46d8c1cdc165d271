"""Containers by their first bytes."""

import pytest

from hls import live_intake
from hls.live_intake import adts_offset, id3_bytes, recognise


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"OggS\0\2", "ogg"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81", "matroska"),
        (b"FLV\x01\x04", "flv"),
        (b"fLaC\0\0\0\x22", "flac"),
        (b"ID3\x04\0", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xe3\x90\x64", "mp3"),
        (b"\xff\xf1\x4c\x80", "aac"),
        (b"\xff\xf9\x4c\x80", "aac"),
        (b"\xff\xe1\x4c\x80", None),
        (b"RIFF\xff\xff\xff\xffWAVE", "wav"),
        (b"RF64\xff\xff\xff\xffWAVE", "wav"),
        (b"RIFF\xff\xff\xff\xffAVI ", None),
        (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", "w64"),
        (b"\0\0\0\x18ftypiso6", "mov"),
        (b"\0\0\0\x18stypmsdh", "mov"),
        (b"FORM\0\0\0\0AIFF", "aiff"),
        (b".snd\0\0\0\x18", "au"),
        (b"caff\0\1\0\0", "caf"),
        (b"G\x40\0\x10", "mpegts"),
        (b"\xff", None),
        (b"\xff\x00", None),
        (b"#EXTM3U\n", None),
        (b"", None),
    ],
)
def test_a_container_is_told_from_its_first_bytes(head, container):
    assert recognise(head) == container
    assert container is None or container in live_intake.CONTAINERS


def test_id3v2_3_1_a_tag_says_how_long_it_is():
    assert id3_bytes(b"ID3\4\0\0\0\0\2\1rest") == 10 + 257
    assert id3_bytes(b"ID3\4\0\x10\0\0\2\1") == 20 + 257
    assert id3_bytes(b"ID3\4\0\0\0\0\2") == 0
    assert id3_bytes(b"\xff\xfb\x90\x64123456") == 0


def adts(size: int, rate: int = 4) -> bytes:
    head = bytes(
        (0xFF, 0xF1, 1 << 6 | rate << 2, 2 << 6 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 31, 0xFC)
    )
    return head + bytes(size - 7)


def test_1_a_2_2_the_first_whole_frame_of_adts_is_found() -> None:
    stream = adts(200) + adts(300) + adts(100)
    assert adts_offset(stream) == 0
    assert adts_offset(stream[5:]) == 195
    assert adts_offset(b"\xff\xff\xf1\xf0" + stream[150:]) == 54, "what looks like a head is none"
    assert adts_offset(stream[5:490]) is None, "the next head is not there yet"
    assert adts_offset(adts(200) + adts(200, rate=3) + bytes(100)) is None, "another rate"
    assert adts_offset(adts(7)[:4] + b"\0\0\0" + adts(7)) is None, "no frame is shorter than its head"
    assert adts_offset(b"") is None
    assert adts_offset(b"no frames") is None
