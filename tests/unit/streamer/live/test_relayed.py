"""What one node packs, another unpacks: the same messages."""

import msgspec
import pytest

from hls.live import ChunkCut, PartCut
from streamer.live.outlet import Title
from streamer.live.relayed import (
    Bill,
    Broken,
    Joint,
    Message,
    Over,
    Packer,
    Renewed,
    Titled,
    Turned,
    Unpacker,
)
from tests.support.clock import started
from tests.support.live import AAC, LOW, MP3, STARTS_AT_US, chunk, live_shelf, on_air, part

BILL = Bill("The night shift", "u1", "Ann")


def joint() -> Joint:
    shelf = live_shelf(started()[1])
    shelf.started(on_air())
    places = shelf.places("lobby")
    assert places is not None
    return Joint(on_air(), BILL, places, (Title(1, STARTS_AT_US, "A - B", "A", "B"),), False, STARTS_AT_US)


def piece(number: int, *chunks: ChunkCut) -> PartCut:
    """A part whose units are those of chunks."""
    units = b"".join(unit for one in chunks for unit in one.units)
    return PartCut(chunks[0].rendition, number, number * 15_360, 15_360, b"moof and more" + units)


def passed(*batches: list[Message]) -> list[Message]:
    packer, unpacker = Packer(), Unpacker()
    return [message for batch in batches for message in unpacker.unpack(packer.pack(batch))]


def test_everything_arrives_as_it_was() -> None:
    title = Title(2, STARTS_AT_US, "song", None, None)
    said: list[Message] = [
        joint(),
        chunk(0),
        part(0),
        Titled(title),
        Turned(True, STARTS_AT_US),
        Renewed(on_air()),
        Over(),
    ]
    assert passed(said) == said


def test_units_are_sent_once() -> None:
    first, second = chunk(0), chunk(1)
    whole = piece(0, first, second)
    alone = len(Packer().pack([first, second]))
    packer = Packer()
    packed = packer.pack([first, second, whole])
    assert len(packed) - alone < 150 < sum(map(len, first.units + second.units))
    assert Unpacker().unpack(packed)[2] == whole


def test_renditions_and_batches_do_not_mix() -> None:
    said: list[Message] = []
    for number in range(3):
        chunks = [chunk(2 * number + place, one) for one in (AAC, LOW) for place in (0, 1)]
        said += [*chunks, chunk(number, MP3), piece(number, *chunks[:2]), piece(number, *chunks[2:])]
    assert passed(*([message] for message in said)) == said


def test_a_node_that_comes_at_a_joint_has_the_same_parts() -> None:
    packer = Packer()
    packer.pack([chunk(0), chunk(1)])
    # In the middle of a part: what was before the joint is sent with the part.
    whole = piece(0, chunk(0), chunk(1), chunk(2))
    batches = [packer.pack([joint(), chunk(2)]), packer.pack([whole])]
    unpacker = Unpacker()
    got = [message for batch in batches for message in unpacker.unpack(batch)]
    assert got[2] == whole


def test_a_part_that_is_made_otherwise_is_sent_whole() -> None:
    said: list[Message] = [chunk(0), part(0), part(1)]
    assert passed(said) == said


def test_a_part_whose_chunks_are_missing_is_broken() -> None:
    packer = Packer()
    packer.pack([chunk(0)])
    with pytest.raises(Broken, match="its chunks 0"):
        Unpacker().unpack(packer.pack([piece(0, chunk(0))]))


def test_a_rendition_without_parts_keeps_little() -> None:
    large = ChunkCut("mp3", 0, (bytes(150_000),))
    whole = PartCut("mp3", 0, 0, 15_360, bytes(300_000))
    assert passed([large, large, whole]) == [large, large, whole]


@pytest.mark.parametrize("data", [b"", b"\x91", msgspec.msgpack.encode([{"type": "Other"}]), b"\x01"])
def test_what_is_not_understood_is_broken(data: bytes) -> None:
    with pytest.raises(Broken):
        Unpacker().unpack(data)
