import pytest

from streamer.ingest.rtmp.handshake import (
    PACKET_BYTES,
    ClientHandshake,
    ServerHandshake,
    digest_at,
    find_digest,
    signed,
)
from streamer.ingest.rtmp.wire import RtmpError

ENTROPY = bytes(range(256)) * 12


@pytest.mark.parametrize("scheme", [None, 0, 1])
@pytest.mark.parametrize("piece_bytes", [1, 700, 1536, 4000])
def test_both_sides_agree_in_any_pieces(scheme: int | None, piece_bytes: int) -> None:
    server, client = ServerHandshake(ENTROPY), ClientHandshake(ENTROPY[:1536], scheme)
    to_server, to_client = client.begin(), b""
    while not (server.done and client.done):
        for at in range(0, len(to_server), piece_bytes):
            to_client += server.feed(to_server[at : at + piece_bytes])
        to_server = b""
        for at in range(0, len(to_client), piece_bytes):
            to_server += client.feed(to_client[at : at + piece_bytes])
        to_client = b""
    assert server.digested == (scheme is not None)
    assert (server.rest, client.rest) == (b"", b"")


def test_what_comes_behind_is_kept() -> None:
    server, client = ServerHandshake(ENTROPY), ClientHandshake(ENTROPY[:1536])
    answer = server.feed(client.begin())
    assert len(answer) == 1 + 2 * PACKET_BYTES
    assert server.feed(client.feed(answer + b"chunk") + b"more") == b""
    assert (server.rest, client.rest) == (b"more", b"chunk")


def test_a_version_without_a_digest_is_answered_simply() -> None:
    first = bytes(4) + b"\x09\x00\x7c\x02" + bytes(1528)
    server = ServerHandshake(ENTROPY)
    answer = server.feed(b"\x03" + first)
    assert answer[1 + PACKET_BYTES :] == first
    assert not server.digested


@pytest.mark.parametrize("version", [6, 8, ord("G"), ord("\x16")])
def test_what_is_no_rtmp_is_refused_at_its_first_byte(version: int) -> None:
    with pytest.raises(RtmpError, match=f"version 3, not with {version}"):
        ServerHandshake(ENTROPY).feed(bytes((version,)))


@pytest.mark.parametrize("scheme", [0, 1])
def test_a_digest_is_found_where_it_was_put(scheme: int) -> None:
    packet = signed(ENTROPY[:PACKET_BYTES], b"name", scheme)
    found = find_digest(packet, b"name")
    assert found is not None
    at = digest_at(packet, scheme)
    assert found == (scheme, packet[at : at + 32])
    assert find_digest(packet, b"other") is None


def test_a_client_knows_a_server_that_makes_it_up() -> None:
    for scheme, what in ((None, "S2 is not"), (0, "S1 has no digest"), (1, "S1 has no digest")):
        with pytest.raises(RtmpError, match=what):
            ClientHandshake(ENTROPY[:1536], scheme).feed(b"\x03" + bytes(2 * PACKET_BYTES))
    client = ClientHandshake(ENTROPY[:1536], 0)
    answer = ServerHandshake(ENTROPY).feed(client.begin())
    with pytest.raises(RtmpError, match="S2 does not answer"):
        client.feed(answer[:-1] + bytes((answer[-1] ^ 1,)))
