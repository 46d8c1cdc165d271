"""Damaged recordings of real RTMP clients: events, or words; never a crash, a hang, or growth.

`captures/` has what FFmpeg 5 and 8 and both sinks of GStreamer 1.22 sent to this server, from the first byte.
"""

import random
from pathlib import Path

import pytest

from streamer.ingest.rtmp import chunks, wire
from streamer.ingest.rtmp.chunks import ChunkReader, ChunkWriter, Message
from streamer.ingest.rtmp.events import Closed, Heard, PublishAsked
from streamer.ingest.rtmp.flv import FlvWriter
from streamer.ingest.rtmp.handshake import PACKET_BYTES
from streamer.ingest.rtmp.session import ServerSession
from streamer.ingest.rtmp.wire import RtmpError
from tests.support.fuzzing import damaged

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.rtmp"))
CASES = 700  # of each kind for each capture
SHAKEN = 1 + 2 * PACKET_BYTES
ENTROPY = bytes(range(256)) * 12
# What a session may hold: messages that are not whole, and those that came before a key was judged.
MAX_KEPT_BYTES = wire.MAX_PARTIAL_BYTES + (1 << 20) + 100_000


def replay(data: bytes, seed: str) -> tuple[int, bytes, str]:
    """Feed a session in pieces. Returns how much was heard, what went to the demuxer, and why it ended."""
    chance = random.Random(seed)
    session, flv, heard, sound, why = ServerSession(ENTROPY), FlvWriter(), 0, bytearray(), ""
    at, said_bytes = 0, 0
    while at < len(data):
        piece = data[at : at + chance.choice((1, 7, 100, 1_460, 65_536))]
        at += len(piece)
        for event in session.receive_data(piece):
            assert not why
            if isinstance(event, Heard):
                heard += 1
                try:
                    sound += flv.write(event.timestamp_ms, event.tag)
                except RtmpError as error:
                    session.close("error", "NetStream.Publish.Rejected", str(error))
            elif isinstance(event, Closed):
                why = event.reason
                assert why
        if chance.random() < 0.5:
            session.accept()
        assert session.kept_bytes <= MAX_KEPT_BYTES
        said_bytes += len(session.data_to_send())
    assert said_bytes < 2 * len(data) + 10_000
    assert len(sound) < 2 * len(data) + 1_000
    return heard, bytes(sound), why


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_a_capture_is_heard_whole(capture: Path) -> None:
    data = capture.read_bytes()
    session, heard = ServerSession(ENTROPY), 0
    for event in session.receive_data(data):
        assert not isinstance(event, Closed)
        if isinstance(event, PublishAsked):
            assert event.key == "a-key-of-the-den"
    session.accept()
    heard = sum(isinstance(event, Heard) for event in session.receive_data(b""))
    assert heard > 5


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_damaged_bytes(capture: Path) -> None:
    data = capture.read_bytes()
    ends = set()
    for number in range(CASES):
        seed = f"{capture.stem} {number}"
        hurt = data[:SHAKEN] + damaged(data[SHAKEN:], seed) if number % 10 else damaged(data, seed)
        heard, _, why = replay(hurt, seed)
        ends.add((heard > 0, bool(why)))
    assert {(True, False), (True, True), (False, True)} <= ends


def messages_of(data: bytes) -> list[Message]:
    return list(ChunkReader().feed(data[SHAKEN:]))


def mutated(whole: list[Message], chance: random.Random, seed: str) -> list[Message]:
    """Messages with a few of them damaged, doubled, left out, moved, or of another type, time or stream."""
    found = list(whole)
    for turn in range(chance.choice((1, 1, 3, 10))):
        at = chance.randrange(len(found))
        message = found[at]
        kind = chance.randrange(7)
        if kind < 3 and len(message.payload) > 1:
            payload = damaged(message.payload, f"{seed} {turn}")
            found[at] = message._replace(payload=payload)
        elif kind == 3:
            found[at] = message._replace(type=chance.randrange(24))
        elif kind == 4:
            found[at] = message._replace(timestamp_ms=chance.choice((0, 5, 0xFFFFFF, 0x1000000, 0xFFFFFFFF)))
        elif kind == 5:
            found.insert(chance.randrange(len(found) + 1), message)
        elif len(found) > 1:
            found.insert(chance.randrange(len(found)), found.pop(at))
    return found


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_damaged_messages(capture: Path) -> None:
    """Behind whole chunks, where damaged bytes seldom get: AMF, commands out of order, audio headers."""
    data = capture.read_bytes()
    whole = messages_of(data)
    ends = set()
    for number in range(CASES):
        seed = f"{capture.stem} {number}"
        chance = random.Random(seed)
        writer = ChunkWriter()
        out = bytearray(data[:SHAKEN])
        for message in mutated(whole, chance, seed):
            out += writer.write(chance.randrange(2, 8), message)
            if message.type == chunks.SET_CHUNK_SIZE and len(message.payload) >= 4:
                writer.chunk_bytes = max(128, int.from_bytes(message.payload[:4], "big") & 0xFFFFFF)
        heard, _, why = replay(bytes(out), seed)
        ends.add((heard > 0, bool(why)))
    assert {(True, False), (True, True)} <= ends
