"""What both sides say before chunks begin: three packets each.

The simple form is RTMP 1.0, 5.2. The digest form was never published by Adobe; it is what Flash Player from
9.0.115 on sends and some clients insist on, and is told from the simple one by the version in C1, which the
specification has as zero.
"""

import hmac
from typing import Final

from streamer.ingest.rtmp.wire import RtmpError

PACKET_BYTES: Final = 1_536
VERSION: Final = 3

_DIGEST_BYTES: Final = 32
_TAIL: Final = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
_PLAYER_NAME: Final = b"Genuine Adobe Flash Player 001"
_SERVER_NAME: Final = b"Genuine Adobe Flash Media Server 001"
PLAYER_KEY: Final = _PLAYER_NAME + _TAIL
SERVER_KEY: Final = _SERVER_NAME + _TAIL
# What a server that understands the digest calls itself: a version that is not zero.
_SERVER_VERSION: Final = bytes((4, 5, 0, 1))


def digest(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, message, "sha256")


def digest_at(packet: bytes, scheme: int) -> int:
    """Where a packet has its digest: at the sum of four bytes, in its second (0) or first (1) half."""
    base = 772 if scheme == 0 else 8
    return base + 4 + sum(packet[base : base + 4]) % 728


def signed(packet: bytes, name: bytes, scheme: int) -> bytes:
    """The packet with its digest put in."""
    at = digest_at(packet, scheme)
    made = digest(name, packet[:at] + packet[at + _DIGEST_BYTES :])
    return packet[:at] + made + packet[at + _DIGEST_BYTES :]


def find_digest(packet: bytes, name: bytes) -> tuple[int, bytes] | None:
    """The scheme and the digest of a packet that is signed with `name`; None if it is not."""
    for scheme in (0, 1):
        at = digest_at(packet, scheme)
        there = packet[at : at + _DIGEST_BYTES]
        if hmac.compare_digest(there, digest(name, packet[:at] + packet[at + _DIGEST_BYTES :])):
            return scheme, there
    return None


class ServerHandshake:
    """The server's side. `feed` what comes until `done`; `rest` is then the beginning of the chunks.

    Args:
        entropy: 3,072 random bytes.
    """

    def __init__(self, entropy: bytes) -> None:
        self._entropy = entropy
        self._buffer = b""
        self._answered = False
        #: Whether the client proved itself with a digest.
        self.digested = False
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Returns what to send back.

        Raises:
            RtmpError: it does not begin like RTMP, or is encrypted (RTMPE).
        """
        self._buffer += data
        if self._buffer and self._buffer[0] != VERSION:
            raise RtmpError(f"RTMP begins with version {VERSION}, not with {self._buffer[0]}")
        out = b""
        if not self._answered and len(self._buffer) > PACKET_BYTES:
            out = self._answer(self._buffer[1 : 1 + PACKET_BYTES])
            self._answered = True
        end = 1 + 2 * PACKET_BYTES
        if len(self._buffer) >= end:
            # C2 repeats what was in S1. What it says is of no use: clients that get it wrong are let in.
            self.done, self.rest, self._buffer = True, self._buffer[end:], b""
        return out

    def _answer(self, first: bytes) -> bytes:
        """S0, S1 and S2 at once."""
        found = find_digest(first, _PLAYER_NAME) if any(first[4:8]) else None
        if found is None:
            own = bytes(8) + self._entropy[: PACKET_BYTES - 8]
            return bytes((VERSION,)) + own + first
        scheme, their_digest = found
        self.digested = True
        own = first[:4] + _SERVER_VERSION + self._entropy[: PACKET_BYTES - 8]
        echo = self._entropy[PACKET_BYTES : 2 * PACKET_BYTES - _DIGEST_BYTES]
        echo += digest(digest(SERVER_KEY, their_digest), echo)
        return bytes((VERSION,)) + signed(own, _SERVER_NAME, scheme) + echo


class ClientHandshake:
    """The client's side, for the tests and tools that play one.

    Args:
        entropy: 1,536 random bytes.
        scheme: of the digest form, 0 or 1; None for the simple form.
    """

    def __init__(self, entropy: bytes, scheme: int | None = None) -> None:
        self._scheme = scheme
        version = bytes(4) if scheme is None else bytes((128, 0, 7, 2))
        self._first = bytes(4) + version + entropy[: PACKET_BYTES - 8]
        if scheme is not None:
            self._first = signed(self._first, _PLAYER_NAME, scheme)
        self._buffer = b""
        self.done = False
        self.rest = b""

    def begin(self) -> bytes:
        """C0 and C1."""
        return bytes((VERSION,)) + self._first

    def feed(self, data: bytes) -> bytes:
        """Returns C2 once it can be said.

        Raises:
            RtmpError: the server's answer does not belong to what this client sent.
        """
        self._buffer += data
        end = 1 + 2 * PACKET_BYTES
        if len(self._buffer) < end:
            return b""
        second, third = self._buffer[1 : 1 + PACKET_BYTES], self._buffer[1 + PACKET_BYTES : end]
        self._check(second, third)
        self.done, self.rest, self._buffer = True, self._buffer[end:], b""
        if self._scheme is None:
            return second
        there = find_digest(second, _SERVER_NAME)
        assert there is not None
        echo = second[: PACKET_BYTES - _DIGEST_BYTES]
        return echo + digest(digest(PLAYER_KEY, there[1]), echo)

    def _check(self, second: bytes, third: bytes) -> None:
        if self._scheme is None:
            if third != self._first:
                raise RtmpError("S2 is not what C1 was")
            return
        at = digest_at(self._first, self._scheme)
        key = digest(SERVER_KEY, self._first[at : at + _DIGEST_BYTES])
        if find_digest(second, _SERVER_NAME) is None:
            raise RtmpError("S1 has no digest of a server")
        if third[-_DIGEST_BYTES:] != digest(key, third[:-_DIGEST_BYTES]):
            raise RtmpError("S2 does not answer the digest of C1")
