import struct
from dataclasses import dataclass

import pytest

from hls import gapless
from hls.job import Forwards


@dataclass
class Sound:
    """A run of numbered samples."""

    first: int
    samples: int


def sounds(*lengths: int) -> list[Sound]:
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [Sound(start, length) for start, length in zip(starts, lengths, strict=True)]


def cut(sound: Sound, samples: int) -> Sound:
    assert 0 < samples < sound.samples
    return Sound(sound.first, samples)


def trim(samples: int, *lengths: int) -> list[tuple[int, int]]:
    return [(one.first, one.samples) for one in gapless.without_padding(sounds(*lengths), samples, cut)]


def info_frame(
    *,
    header: bytes = b"\xff\xfb\x90\x00",
    side_info: int = 32,
    name: bytes = b"Info",
    flags: int = 15,
    frames: int = 100,
    delay: int = 576,
    padding: int = 1000,
) -> bytes:
    tag = name + struct.pack(">I", flags)
    for bit, field in enumerate((struct.pack(">I", frames), bytes(4), bytes(100), bytes(4))):
        tag += field if flags >> bit & 1 else b""
    lame = b"LAME3.100" + bytes(12) + (delay << 12 | padding).to_bytes(3, "big") + bytes(8)
    return (header + bytes(side_info) + tag + lame).ljust(512, b"\0")


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (b"ID3\x04\0\0\0\0\x02\x01", 10 + 257),
        (b"ID3\x04\0\x10\0\0\0\x05", 10 + 5 + 10),
        (b"ID3\x03\0\0\x7f\x7f\x7f\x7f", 10 + (1 << 28) - 1),
        (b"\xff\xfb\x90\0\0\0\0\0\0\0", 0),
        (b"ID3", 0),
        (b"", 0),
    ],
)
def test_id3_size(head, size):
    assert gapless.id3_size(head) == size


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (info_frame(), 100 * 1152 - 1576),
        (info_frame(name=b"Xing", flags=1), 100 * 1152 - 1576),
        (info_frame(header=b"\xff\xfb\x90\xc0", side_info=17), 100 * 1152 - 1576),  # mono
        (info_frame(header=b"\xff\xf3\x90\x00", side_info=17), 100 * 576 - 1576),  # MPEG-2
        (info_frame(header=b"\xff\xe3\x90\xc0", side_info=9), 100 * 576 - 1576),  # MPEG-2.5, mono
        (info_frame(flags=14), None),  # no count of frames
        (info_frame(name=b"VBRI"), None),
        (info_frame(delay=0, padding=0), None),  # not written by LAME or its kin
        (info_frame(frames=1, delay=1000, padding=1000), None),  # a lie
        (info_frame()[:60], None),
        (info_frame()[:42], None),
        (b"\xff\xf1\x50\x80" + bytes(100), None),  # ADTS
        (b"\xff", None),
        (b"", None),
    ],
)
def test_samples_in_tag(head, samples):
    assert gapless.samples_in_tag(head) == samples


class Source:
    """A source in memory, all there."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0
        self.size_bytes = len(data)

    def read(self, size: int, /) -> bytes:
        piece = self.data[self.place : self.place + min(size, 100)]
        self.place += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0, /) -> int:
        assert whence == 0
        self.place = offset
        return offset

    def tell(self) -> int:
        return self.place

    def wait_complete(self) -> None:
        """It is."""


def test_mp3_samples_looks_behind_the_tag_and_leaves_the_place_alone():
    source = Source(b"ID3\x04\0\0\0\0\x02\x01" + bytes(257) + info_frame() + bytes(50))
    source.place = 33
    assert gapless.mp3_samples(source) == 100 * 1152 - 1576
    assert source.tell() == 33


def test_a_source_that_can_only_be_read_forwards_has_no_seek():
    forwards = Forwards(Source(b"abc"))
    assert forwards.read(2) == b"ab"
    assert not hasattr(forwards, "seek")


def test_mp3_without_a_tag():
    assert gapless.mp3_samples(Source(bytes(40))) is None


def test_padding_is_cut_off_the_last_sound():
    assert trim(250, 100, 100, 100) == [(0, 100), (100, 100), (200, 50)]


def test_sounds_that_are_all_padding_are_left_out():
    assert trim(150, 100, 100, 100) == [(0, 100), (100, 50)]
    assert trim(100, 100, 100, 100) == [(0, 100)]


def test_what_ends_in_time_or_early_is_whole():
    assert trim(300, 100, 100, 100) == [(0, 100), (100, 100), (200, 100)]
    assert trim(999, 100, 100) == [(0, 100), (100, 100)]
    assert trim(5) == []


def test_two_files_joined_are_kept_whole():
    lengths = [1152] * 20
    assert trim(1152 * 10 + 7, *lengths) == [(1152 * i, 1152) for i in range(20)]


@pytest.mark.parametrize(
    ("heard", "samples", "padding"),
    [(5_000, None, 0), (5_000, 5_000, 0), (5_000, 6_000, 0), (5_000, 4_000, 1_000), (50_000, 4_000, 0)],
)
def test_padding(heard, samples, padding):
    assert gapless.padding(heard, samples) == padding
