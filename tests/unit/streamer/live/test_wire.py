"""Frames between the server and a live worker."""

import pytest

from streamer.live import wire


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_frames_come_out_however_they_are_split(step):
    data = wire.frame(wire.DATA, b"sound") + wire.marked(7) + wire.frame(wire.END)
    frames = wire.Frames()
    given = [pair for at in range(0, len(data), step) for pair in frames.feed(data[at : at + step])]
    assert given == [(wire.DATA, b"sound"), (wire.MARK, b"\0\0\0\7"), (wire.END, b"")]
    assert wire.number_of(given[1][1]) == 7


def test_a_frame_that_is_too_long_is_refused():
    with pytest.raises(wire.FrameInvalid, match="1048577 bytes are more than 1048576"):
        list(wire.Frames().feed(wire.HEAD.pack(wire.DATA, wire.MAX_FRAME_BYTES + 1)))


def test_the_number_of_a_mark_has_four_bytes():
    with pytest.raises(wire.FrameInvalid, match="has 4 bytes, not 1"):
        wire.number_of(b"7")
