"""The head of a WAV that arrives."""

import struct

import pytest

from hls.wave_head import WaveHead, read_head


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)


def fmt(tag: int, channels: int, rate: int, bits: int, align: int | None = None, more: bytes = b"") -> bytes:
    align = channels * bits // 8 if align is None else align
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * align, align, bits) + more)


RIFF = b"RIFF\xff\xff\xff\xffWAVE"
DATA = b"data\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("tag", "bits", "decoder"),
    [(1, 8, "pcm_u8"), (1, 16, "pcm_s16le"), (1, 24, "pcm_s24le"), (3, 32, "pcm_f32le"), (7, 8, "pcm_mulaw")],
)
def test_samples_are_told_by_their_head(tag, bits, decoder):
    head = RIFF + fmt(tag, 2, 44_100, bits) + chunk(b"LIST", b"odd") + DATA
    assert read_head(head + b"samples") == WaveHead(decoder, bits // 4, 44_100, 2, len(head))


def test_an_extensible_head_says_it_further_behind():
    more = struct.pack("<HHIH14x", 22, 16, 3, 1)
    head = RIFF + fmt(0xFFFE, 2, 48_000, 16, more=more) + DATA
    assert read_head(head) == WaveHead("pcm_s16le", 4, 48_000, 2, len(head))


@pytest.mark.parametrize(
    "head",
    [
        RIFF,
        RIFF + fmt(1, 2, 44_100, 16),
        RIFF + fmt(1, 2, 44_100, 16)[:20],
        RIFF + DATA,
        RIFF + fmt(2, 2, 44_100, 4) + DATA,
        RIFF + fmt(1, 2, 44_100, 16, align=3) + DATA,
        RIFF + fmt(0xFFFE, 2, 44_100, 16) + DATA,
        RIFF + chunk(b"fmt ", b"short") + DATA,
    ],
)
def test_what_is_missing_or_strange_is_left_to_others(head):
    assert read_head(head) is None
