"""Where the slots of a Redis Cluster are, as far as its nodes have told."""

from binascii import crc_hqx
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from streamer.broker_redis.url import Address

_SLOTS = 16384


def slot_of(tag: str) -> int:
    """The slot of every key with this hash tag.

    Source: Redis Cluster specification, "Key distribution model": CRC16 (XMODEM) of the tag, modulo 16384.
    """
    return crc_hqx(tag.encode(), 0) % _SLOTS


class Range(Struct, frozen=True):
    """Slots that one node is master of; both ends are part of it."""

    first: int
    last: int
    master: Address


class Cluster:
    """The nodes that may be asked, and who was last said to be master of what.

    Bound: the nodes of the newest answer, and the one of the settings.

    Attributes:
        nodes: whom to ask, the best hope first.
    """

    def __init__(self, address: Address) -> None:
        self._seed = address
        self._ranges: Sequence[Range] = ()
        self.nodes = [address]

    def learn(self, answer: Sequence[Any], asked: Address) -> None:
        """Take in what `asked` answered to CLUSTER SLOTS.

        Source: redis.io, CLUSTER SLOTS: an array of first slot, last slot, master, replicas; each node is its
        address, port, id; an address that it does not know itself is that which the client has used.
        """
        ranges, nodes = [], []
        for first, last, *members in answer:
            found = [asked.at(_host(host, asked), port) for host, port, *_ in members]
            ranges.append(Range(first, last, found[0]))
            nodes += found
        self._ranges = ranges
        others = [node for node in dict.fromkeys((*nodes, self._seed)) if node != asked]
        self.nodes = [asked, *others]

    def doubt(self, node: Address) -> None:
        """It did not answer: others are asked first."""
        if node in self.nodes:
            self.nodes.remove(node)
            self.nodes.append(node)

    def master(self, slot: int) -> Address | None:
        """Who was last said to have a slot; None: nobody."""
        return next((one.master for one in self._ranges if one.first <= slot <= one.last), None)


def _host(host: bytes | None, asked: Address) -> str:
    return host.decode() if host and host != b"?" else asked.host
