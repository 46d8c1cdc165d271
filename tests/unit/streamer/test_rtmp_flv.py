from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.rtmp.audio import CODED_FRAMES, MULTICHANNEL, SEQUENCE_END, SEQUENCE_START, read_tag
from streamer.ingest.rtmp.flv import MAX_STEP_MS, Clock, FlvWriter
from streamer.ingest.rtmp.wire import RtmpError

START = b"\xaf\x00\x11\x90"
FRAME = b"\xaf\x01!!"
HEADER = b"FLV\x01\x04\0\0\0\x09\0\0\0\0"


def tag(at_ms: int, body: bytes) -> bytes:
    time = at_ms.to_bytes(4, "big")
    head = b"\x08" + len(body).to_bytes(3, "big") + time[1:] + time[:1] + bytes(3)
    return head + body + (11 + len(body)).to_bytes(4, "big")


def write(writer: FlvWriter, *sent: tuple[int, bytes]) -> list[bytes]:
    return [writer.write(time_ms, read_tag(payload)) for time_ms, payload in sent]


def test_a_stream_begins_with_its_header_and_what_the_decoder_needs() -> None:
    writer = FlvWriter()
    found = write(writer, (1000, START), (1000, FRAME), (1021, FRAME))
    assert found == [b"", HEADER + tag(0, START) + tag(0, FRAME), tag(21, FRAME)]
    assert (writer.codec, writer.skipped) == ("AAC", 0)


def test_sound_before_what_the_decoder_needs_is_left_out() -> None:
    writer = FlvWriter()
    assert write(writer, (0, FRAME), (21, FRAME), (42, START)) == [b""] * 3
    assert writer.skipped == 2
    assert write(writer, (42, FRAME)) == [HEADER + tag(42, START) + tag(42, FRAME)]


def test_another_sequence_header_goes_on_and_the_same_does_not() -> None:
    writer = FlvWriter()
    write(writer, (0, START), (0, FRAME))
    assert write(writer, (10, START), (20, b"\xaf\x00\x12\x10")) == [b"", tag(20, b"\xaf\x00\x12\x10")]


def test_mp3_needs_nothing() -> None:
    assert write(FlvWriter(), (5, b"\x2f\xff\xfb")) == [HEADER + tag(0, b"\x2f\xff\xfb")]


def test_enhanced_audio_goes_on_as_it_is() -> None:
    start, layout, frame = b"\x90OpusOpusHead", b"\x94Opus\x01\x02\0\0\0\x03", b"\x91Opus!"
    writer = FlvWriter()
    found = write(writer, (0, start), (0, layout), (0, frame), (20, b"\x92Opus"), (20, b"\x91Opus"))
    assert found == [b"", b"", HEADER + tag(0, start) + tag(0, layout) + tag(0, frame), b"", b""]
    assert writer.codec == "Opus"


def test_a_codec_does_not_change_on_the_way() -> None:
    writer = FlvWriter()
    write(writer, (0, START), (0, FRAME))
    with pytest.raises(RtmpError, match="changed from AAC to MP3"):
        write(writer, (20, b"\x2f\xff\xfb"))


def test_times_that_jump_are_made_even() -> None:
    clock = Clock()
    times = [5_000, 5_021, 5_042, 900_000, 900_021, 0, 21, 15, 42, 4_042]
    assert [clock.read(time_ms) for time_ms in times] == [0, 21, 42, 63, 84, 105, 126, 126, 147, 4_147]
    assert clock.jumps == 2


def test_times_go_on_where_they_wrap() -> None:
    clock = Clock()
    assert [clock.read(time_ms) for time_ms in (0xFFFFFFF0, 0xFFFFFFFF, 5)] == [0, 15, 21]


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 100_000), min_size=2))
def test_times_never_go_back_nor_jump(times: list[int]) -> None:
    clock = Clock()
    found = [clock.read(time_ms) for time_ms in times]
    steps = [(after - before) % 2**32 for before, after in pairwise(found)]
    assert found[0] == 0
    assert all(step <= MAX_STEP_MS for step in steps)


@pytest.mark.parametrize(
    ("payload", "codec", "kind", "body"),
    [
        (b"", "", SEQUENCE_END, b""),
        (START, "AAC", SEQUENCE_START, START),
        (FRAME, "AAC", CODED_FRAMES, FRAME),
        (b"\xaf\x00", "AAC", SEQUENCE_START, b""),
        (b"\xaf", "AAC", CODED_FRAMES, b""),
        (b"\x2f", "MP3", CODED_FRAMES, b""),
        (b"\xe2x", "MP3", CODED_FRAMES, b"\xe2x"),
        (b"\x82x", "G.711 mu-law", CODED_FRAMES, b"\x82x"),
        (b"\x90mp4a\x11\x90", "AAC", SEQUENCE_START, b"\x90mp4a\x11\x90"),
        (b"\x91.mp3x", "MP3", CODED_FRAMES, b"\x91.mp3x"),
        (b"\x92fLaC", "FLAC", SEQUENCE_END, b""),
        (b"\x91fLaC", "FLAC", CODED_FRAMES, b""),
        (b"\x90ac-3", "AC-3", SEQUENCE_START, b"\x90ac-3"),
        (b"\x94ec-3\x00\x02", "E-AC-3", MULTICHANNEL, b"\x94ec-3\x00\x02"),
        # A modifier of 3 bytes, one of 257, and both: they say nothing about the sound.
        (b"\x97\x02\x00\x00\x07\x01Opus!", "Opus", CODED_FRAMES, b"\x91Opus!"),
        (b"\x97\xff\x01\x00" + bytes(257) + b"\x01Opus!", "Opus", CODED_FRAMES, b"\x91Opus!"),
        (b"\x97\x00\x00\x07\x00\x00\x01Opus!", "Opus", CODED_FRAMES, b"\x91Opus!"),
        # One track; two of one codec, of two codecs.
        (b"\x95\x01Opus\x03!", "Opus", CODED_FRAMES, b"\x91Opus!"),
        (b"\x95\x11Opus\x01\0\0\1?\x00\0\0\1!", "Opus", CODED_FRAMES, b"\x91Opus!"),
        (b"\x95\x11Opus\x00\0\0\1!\x01\0\0\1?", "Opus", CODED_FRAMES, b"\x91Opus!"),
        (b"\x95\x21fLaC\x01\0\0\1?Opus\x00\0\0\1!", "Opus", CODED_FRAMES, b"\x91Opus!"),
    ],
)
def test_what_an_audio_message_says(payload: bytes, codec: str, kind: int, body: bytes) -> None:
    found = read_tag(payload)
    assert (found.codec, found.kind, found.body) == (codec, kind, body)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"\xc0x", "SoundFormat 12; use AAC"),
        (b"\x91abcd", "its audio is 'abcd'; what can be decoded is mp4a, Opus"),
        (b"\x91Op", "its audio is 'Op'"),
        (b"\x97", "ends inside its header"),
        (b"\x97\x05abc", "ends inside its header"),
        (b"\x95\x11Opus", "for several tracks has none"),
        (b"\x95\x11Opus\x00\0\0\5!", "a track|an audio track of 5 bytes ends behind"),
        (b"\x95", "ends inside its header"),
    ],
)
def test_audio_that_can_not_be(payload: bytes, message: str) -> None:
    with pytest.raises(RtmpError, match=message):
        read_tag(payload)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tag_or_refused(payload: bytes) -> None:
    try:
        found = read_tag(b"\x95" + payload)
    except RtmpError:
        return
    assert len(found.body) <= len(payload) + 5
