"""Titles between sound: at the right byte, and read back as players read them."""

from hypothesis import given
from hypothesis import strategies as st

from streamer.live.icy import (
    MAX_TEXT_BYTES,
    METAINT_BYTES,
    Block,
    Gatherer,
    Inlay,
    Weaver,
    encode_title,
)


def unwoven(data: bytes) -> tuple[bytes, list[tuple[int, str]]]:
    """What a player does: the sound, and each title with the number of bytes of sound before it."""
    sound, titles = b"", []
    while len(data) > METAINT_BYTES:
        sound += data[:METAINT_BYTES]
        size = data[METAINT_BYTES] * 16
        text = data[METAINT_BYTES + 1 : METAINT_BYTES + 1 + size].rstrip(b"\0").decode()
        data = data[METAINT_BYTES + 1 + size :]
        if text:
            assert text.startswith("StreamTitle='")
            titles.append((len(sound), text[13 : text.index("';")]))
    return sound + data, titles


def inlay(number: int, at_us: int, text: str) -> Inlay:
    return Inlay(number, at_us, encode_title(text))


def test_a_title_is_padded_to_what_its_byte_counts() -> None:
    assert encode_title("") == b"\x01StreamTitle='';\0"
    assert encode_title("a") == b"\x01StreamTitle='a';"
    assert encode_title("ab") == b"\x02StreamTitle='ab';" + bytes(15)


def test_a_title_can_not_end_itself_nor_hold_lines() -> None:
    assert b"StreamTitle='Don't stop';" in encode_title("Don't stop")
    assert encode_title("x';StreamUrl='evil").count(b"';") == 1
    assert b"'a b c';" in encode_title(" a\nb\x00\x85c ")


@given(st.text(max_size=6000))
def test_any_title_fits_and_is_read(text: str) -> None:
    data = encode_title(text)
    assert len(data) == 1 + 16 * data[0] <= 1 + MAX_TEXT_BYTES
    sound, titles = unwoven(bytes(METAINT_BYTES) + data)
    assert sound == bytes(METAINT_BYTES)
    assert len(titles) == 1


def test_a_title_that_is_too_long_is_cut_between_characters() -> None:
    for text in ("ä" * 3000, "a" + "ä" * 3000, "😀" * 3000):
        _, ((_, read),) = unwoven(bytes(METAINT_BYTES) + encode_title(text))
        assert text.startswith(read)
        assert MAX_TEXT_BYTES - 20 < len(read.encode()) < MAX_TEXT_BYTES


@given(
    st.lists(st.integers(1, 40_000), min_size=1, max_size=12),
    st.lists(st.integers(0, 12_000), max_size=4).map(sorted),
)
def test_sound_stays_whole_and_titles_come_where_they_are_heard(sizes: list[int], starts: list[int]) -> None:
    """Blocks of 1000 us each. A title comes at the first place for one in the sound that it belongs to."""
    inlays = [inlay(number, start, f"title {number}") for number, start in enumerate(starts, 1)]
    blocks = [
        Block(bytes([index]) * size, index * 1000, index * 1000 + 1000) for index, size in enumerate(sizes)
    ]
    weaver = Weaver()
    sound, titles = unwoven(b"".join(weaver.weave(block, inlays) for block in blocks))
    assert sound == b"".join(block.data for block in blocks)
    expected, shown = [], 0
    for offset in range(METAINT_BYTES, sum(sizes), METAINT_BYTES):
        index, before = 0, 0
        while before + sizes[index] <= offset:
            before += sizes[index]
            index += 1
        at_us = blocks[index].time_us(offset - before)
        number = max((number for number, start in enumerate(starts, 1) if start <= at_us), default=0)
        if number != shown:
            shown = number
            expected.append((offset, f"title {number}"))
    assert titles == expected


def test_most_blocks_are_passed_on_as_they_are() -> None:
    weaver, block = Weaver(), Block(bytes(5000), 0, 320_000)
    assert [weaver.weave(block, ()) is block.data for _ in range(4)] == [True, True, True, False]


def test_a_listener_who_comes_late_is_told_what_plays() -> None:
    weaver, block = Weaver(), Block(bytes(METAINT_BYTES + 1), 9_000_000, 10_000_000)
    _, titles = unwoven(weaver.weave(block, [inlay(1, 0, "old"), inlay(2, 5_000_000, "now")]))
    assert titles == [(METAINT_BYTES, "now")]


def test_chunks_are_gathered_to_blocks() -> None:
    gatherer = Gatherer(b"".join, 15_360 - 1152)
    chunks = [4, 4, 5, 4, 5, 4]  # frames of MP3, of which a part has 13 1/3
    blocks = []
    at = 0
    for frames in chunks:
        units = [b"%d " % (at + index) for index in range(frames)]
        blocks.append(gatherer.add(at * 24, (at + frames) * 24, units, frames * 1152))
        at += frames
    assert blocks == [
        None,
        None,
        Block(b"".join(b"%d " % number for number in range(13)), 0, 13 * 24),
        None,
        None,
        Block(b"".join(b"%d " % number for number in range(13, 26)), 13 * 24, 26 * 24),
    ]
