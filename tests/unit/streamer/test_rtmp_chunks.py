import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.rtmp import chunks, messages, wire
from streamer.ingest.rtmp.chunks import ChunkReader, ChunkWriter, Message
from streamer.ingest.rtmp.wire import RtmpError


def read(data: bytes, reader: ChunkReader | None = None) -> list[Message]:
    return list((reader or ChunkReader()).feed(data))


def brief(data: bytes) -> list[tuple[int, bytes]]:
    return [(message.timestamp_ms, message.payload) for message in read(data)]


MESSAGES = st.lists(
    st.tuples(
        st.integers(2, 63),
        st.sampled_from([chunks.AUDIO, chunks.DATA_AMF0, chunks.COMMAND_AMF0]),
        st.integers(0, 5),
        st.one_of(st.integers(0, 100_000), st.integers(0xFFFFF0, 0x1000010), st.integers(0, 2**32 - 1)),
        st.binary(max_size=700),
    ),
    max_size=12,
)


@given(MESSAGES, st.integers(1, 400), st.integers(128, 500))
def test_what_is_written_is_read_in_any_pieces(
    wanted: list[tuple[int, int, int, int, bytes]], piece_bytes: int, chunk_bytes: int
) -> None:
    writer, reader = ChunkWriter(), ChunkReader()
    data = writer.write(2, messages.set_chunk_size(chunk_bytes))
    writer.chunk_bytes = chunk_bytes
    sent = []
    for channel, kind, stream, time_ms, payload in wanted:
        sent.append(Message(kind, stream, time_ms, payload, len(payload)))
        data += writer.write(channel, sent[-1])
    found = [
        message
        for at in range(0, len(data), piece_bytes)
        for message in reader.feed(data[at : at + piece_bytes])
    ]
    assert found[1:] == sent
    assert reader.kept_bytes == 0


@given(st.binary(max_size=400), st.integers(1, 20))
def test_any_bytes_are_read_or_refused_the_same_in_any_pieces(data: bytes, piece_bytes: int) -> None:
    def verdict(size: int) -> tuple[list[Message], str]:
        reader, found = ChunkReader(), []
        try:
            for at in range(0, len(data), size):
                found.extend(reader.feed(data[at : at + size]))
        except RtmpError as error:
            return found, str(error)
        return found, ""

    # A message that is whole before the mistake is seen or not, with what was read together.
    whole, pieces = verdict(len(data) or 1), verdict(piece_bytes)
    assert whole == pieces


def test_all_four_headers() -> None:
    full = b"\x04" + b"\x00\x03\xe8" + b"\x00\x00\x02" + b"\x08" + b"\x01\x00\x00\x00" + b"ab"
    size_and_delta = b"\x44" + b"\x00\x00\x14" + b"\x00\x00\x03" + b"\x08" + b"cde"
    delta = b"\x84" + b"\x00\x00\x0a" + b"fgh"
    nothing = b"\xc4" + b"ijk"
    found = read(full + size_and_delta + delta + nothing)
    assert [(message.timestamp_ms, message.stream, message.payload) for message in found] == [
        (1000, 1, b"ab"),
        (1020, 1, b"cde"),
        (1030, 1, b"fgh"),
        (1040, 1, b"ijk"),
    ]


def test_5_3_1_2_4_behind_a_type_0_the_delta_of_type_3_is_its_timestamp() -> None:
    full = b"\x04" + b"\x00\x00\x64" + b"\x00\x00\x01" + b"\x08" + b"\x01\x00\x00\x00" + b"a"
    assert brief(full + b"\xc4b") == [(100, b"a"), (200, b"b")]


@pytest.mark.parametrize(
    ("number", "basic"), [(63, b"\x3f"), (64, b"\x00\x00"), (319, b"\x00\xff"), (320, b"\x01\x00\x01")]
)
def test_numbers_of_chunk_streams_of_one_two_and_three_bytes(number: int, basic: bytes) -> None:
    head = b"\x00\x00\x01" + b"\x00\x00\x01" + b"\x08" + bytes(4)
    assert brief(basic + head + b"x") == [(1, b"x")]
    abort = ChunkWriter().write(2, Message(chunks.ABORT, 0, 0, number.to_bytes(4, "big"), 4))
    begun = basic + b"\x00\x00\x01" + b"\x00\x01\x00" + b"\x08" + bytes(4) + bytes(128)
    reader = ChunkReader()
    assert [message.type for message in reader.feed(begun + abort)] == [chunks.ABORT]
    assert reader.kept_bytes == 0


def test_chunks_of_several_messages_take_turns() -> None:
    first = b"\x04" + bytes(3) + b"\x00\x00\x82" + b"\x08" + bytes(4) + b"a" * 128
    second = b"\x05" + bytes(3) + b"\x00\x00\x02" + b"\x08" + bytes(4) + b"bb"
    assert brief(first + second + b"\xc4aa") == [(0, b"bb"), (0, b"a" * 130)]


EXTENDED = b"\x04\xff\xff\xff" + b"\x00\x00\x82" + b"\x08" + bytes(4) + b"\x01\x02\x03\x04" + b"a" * 128


@pytest.mark.parametrize("again", [b"\x01\x02\x03\x04", b""], ids=["as the specification says", "left out"])
@pytest.mark.parametrize("piece_bytes", [1, 3, 1000])
def test_5_3_1_3_an_extended_timestamp_is_repeated_or_not(again: bytes, piece_bytes: int) -> None:
    data = EXTENDED + b"\xc4" + again + b"zz" + b"\x44\x00\x00\x01\x00\x00\x01\x08!"
    reader = ChunkReader()
    found = [
        message
        for at in range(0, len(data), piece_bytes)
        for message in reader.feed(data[at : at + piece_bytes])
    ]
    assert [(message.timestamp_ms, message.payload) for message in found] == [
        (0x01020304, b"a" * 128 + b"zz"),
        (0x01020305, b"!"),
    ]


def test_an_extended_delta_may_be_repeated_as_what_it_came_to() -> None:
    first = b"\x04\x00\x00\x05" + b"\x00\x00\x01" + b"\x08" + bytes(4) + b"."
    long = b"\x44\xff\xff\xff" + b"\x00\x00\x82" + b"\x08" + b"\x01\x00\x00\x00" + b"a" * 128
    assert brief(first + long + b"\xc4\x01\x00\x00\x05zz")[1] == (0x01000005, b"a" * 128 + b"zz")
    assert brief(first + long + b"\xc4\x01\x00\x00\x00zz")[1] == (0x01000005, b"a" * 128 + b"zz")


def test_timestamps_wrap() -> None:
    first = b"\x04\xff\xff\xff" + b"\x00\x00\x01" + b"\x08" + bytes(4) + b"\xff\xff\xff\xff" + b"a"
    assert brief(first + b"\x84\x00\x00\x15b") == [(0xFFFFFFFF, b"a"), (20, b"b")]


def test_video_is_counted_and_not_kept() -> None:
    reader = ChunkReader()
    head = b"\x06" + bytes(3) + b"\xff\xff\xff" + b"\x09" + bytes(4)
    left, found = 0xFFFFFF, []
    found += read(head, reader)
    while left:
        size = min(left, reader.chunk_bytes)
        left -= size
        found += reader.feed(bytes(size) + (b"\xc6" if left else b""))
        assert reader.kept_bytes == 0
    assert found == [Message(chunks.VIDEO, 0, 0, b"", 0xFFFFFF)]


def test_a_message_without_a_payload_is_whole_at_once() -> None:
    assert brief(b"\x04\x00\x00\x07" + bytes(3) + b"\x08" + bytes(4)) == [(7, b"")]


def test_a_message_that_is_begun_anew_replaces_the_one_before() -> None:
    begun = b"\x04" + bytes(3) + b"\x00\x01\x00" + b"\x08" + bytes(4) + bytes(128)
    whole = b"\x04" + bytes(3) + b"\x00\x00\x02" + b"\x08" + bytes(4) + b"ab"
    assert brief(begun + whole) == [(0, b"ab")]


def test_the_control_stream_may_begin_with_type_1() -> None:
    assert brief(b"\x42" + bytes(3) + b"\x00\x00\x02" + b"\x04" + b"ab") == [(0, b"ab")]


def test_an_abort_of_a_chunk_stream_that_is_not_there() -> None:
    reader = ChunkReader()
    reader.abort(77)
    assert reader.kept_bytes == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x84\x00\x00\x01", "a chunk of type 2 is the first of chunk stream 4"),
        (b"\xc4", "a chunk of type 3 is the first of chunk stream 4"),
        (b"\x02" + bytes(3) + b"\x00\x00\x04\x01" + bytes(4) + b"\x00\x00\x00\x7f", "a chunk size of 127"),
        (b"\x02" + bytes(3) + b"\x00\x00\x02\x01" + bytes(4) + b"\x01\x00", "a chunk size of 256"),
        (b"\x04" + bytes(3) + b"\x01\x00\x01\x08" + bytes(4), "type 8 has 65537 bytes, more than 65536"),
        (
            b"".join(
                b"\x00" + bytes((n,)) + bytes(3) + b"\x00\x00\x01\x08" + bytes(4) + b"x" for n in range(65)
            ),
            "more than 64 chunk streams",
        ),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RtmpError, match=message):
        read(data)


def flood(admitted: bool) -> int:
    """How much of messages that are never whole is kept before it is too much."""
    reader, most = ChunkReader(), 0
    reader.chunk_bytes, reader.admitted = 1 << 24, admitted
    size = wire.MAX_AUDIO_BYTES if admitted else wire.MAX_DATA_BYTES
    with pytest.raises(RtmpError, match="bytes of messages are not whole"):
        for number in range(wire.MAX_CHUNK_STREAMS):
            head = b"\x00" + bytes((number,)) + bytes(3) + size.to_bytes(3, "big") + b"\x08" + bytes(4)
            reader.chunk_bytes = size - 1
            list(reader.feed(head + bytes(size - 1)))
            most = max(most, reader.kept_bytes)
    return most


def test_messages_that_are_never_whole_are_bounded() -> None:
    assert flood(admitted=True) <= wire.MAX_PARTIAL_BYTES
    assert flood(admitted=False) <= wire.MAX_STRANGE_BYTES
