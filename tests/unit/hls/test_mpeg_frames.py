"""Frames of an MP3 stream, as soon as they are whole."""

import pytest

from hls.mpeg_frames import MpegFrames, frame_bytes

HEAD = 0xFFFB9064  # version 1, layer 3, 128 kbit/s, 44.1 kHz, joint stereo
SIZE = 417
FRAME = HEAD.to_bytes(4, "big") + b"\xff" + b"a" * (SIZE - 5)
PADDED = (HEAD | 0x200).to_bytes(4, "big") + b"b" * (SIZE - 3)
OTHER = 0xFFFB9464.to_bytes(4, "big") + b"c" * 380  # 48 kHz


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (0xFFFB9064, 417),
        (0xFFFB9264, 418),
        (0xFFFB9464, 384),
        (0xFFFBE064, 1044),
        (0xFFFFE464, 448 * 12 // 48 * 4),
        (0xFFFDC464, 144 * 256 // 48),
        (0xFFF38064, 72 * 64_000 // 22_050),
        (0xFFE38064, 72 * 64_000 // 11_025),
        (0xFFF5A064, 144 * 96_000 // 22_050),
        (0xFFEB9064, 0),
        (0xFFF99064, 0),
        (0xFFFB0064, 0),
        (0xFFFBF064, 0),
        (0xFFFB9C64, 0),
        (0x00FB9064, 0),
    ],
)
def test_iso11172_3_2_4_2_3_a_header_says_how_long_its_frame_is(head, size):
    assert frame_bytes(head) == size


@pytest.mark.parametrize("step", [1, 5, 416, 417, 10_000])
def test_frames_come_out_however_they_are_split(step):
    data = FRAME + PADDED + FRAME + OTHER + OTHER
    frames = MpegFrames()
    given = [frame for at in range(0, len(data), step) for frame in frames.feed(data[at : at + step])]
    assert given == [FRAME, PADDED, FRAME, OTHER, OTHER]


def test_the_first_is_believed_when_another_follows_and_then_each_at_once():
    frames = MpegFrames()
    assert list(frames.feed(FRAME)) == []
    assert list(frames.feed(FRAME[:4])) == [FRAME]
    assert list(frames.feed(FRAME[4:])) == [FRAME]


def test_what_is_no_frame_is_left_out():
    frames = MpegFrames()
    assert list(frames.feed(b"garbage \xff\xfb" * 9 + FRAME + FRAME)) == [FRAME, FRAME]
    assert list(frames.feed(b"TAG" + b"x" * 99 + FRAME)) == [FRAME]


def test_a_header_without_a_frame_behind_it_is_none():
    frames = MpegFrames()
    fake = OTHER[:100]
    assert list(frames.feed(fake + FRAME + FRAME + FRAME)) == [FRAME, FRAME, FRAME]
