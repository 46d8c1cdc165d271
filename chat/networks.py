"""Where somebody connects from: addresses, the networks that rules are made for, and what proxies say."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOUSEHOLD_BITS = {4: 32, 6: 64}  # what one household has at least


class NetworkRefused(ValueError):
    """It is no network, or a larger one than may be ruled. The message says which."""


def read_address(text: str) -> Address | None:
    """An address as sockets and proxies write it: with a zone, in brackets, with a port, or mapped to IPv6.

    Returns:
        None for what is no address.
    """
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def household(address: Address) -> Network:
    """The IPv4 address, or 64 bits of the IPv6 address."""
    return ip_network((address, _HOUSEHOLD_BITS[address.version]), strict=False)


@lru_cache(maxsize=4096)
def own_network(address: Address | None) -> Network | None:
    """The network that somebody's deeds are held against; None where an address says little about people.

    Loopback, private and shared networks hold whoever is behind one reverse proxy, or in one house: a rule
    for one of them would be a rule for all.
    """
    return household(address) if address is not None and address.is_global else None


def read_network(text: str, *, min_bits_v4: int, min_bits_v6: int) -> Network:
    """A range to be ruled: `203.0.113.0/24`, or one address.

    Raises:
        NetworkRefused: it is none, or has fewer bits than `min_bits_v4` (0 to 32) or `min_bits_v6` (to 128).
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise NetworkRefused(f"{text[:60]} is no network such as 203.0.113.0/24 or 2001:db8::/48") from None
    least = min_bits_v4 if network.version == 4 else min_bits_v6
    if network.prefixlen < least:
        raise NetworkRefused(f"{network} is larger than a /{least}, the largest that may be named")
    return network


def looks_like_network(text: str) -> bool:
    """Whether somebody who wrote this means addresses, and not a name."""
    return read_address(text.partition("/")[0]) is not None


def client_address(peer: str, forwarded: Sequence[str], trusted: Iterable[Network]) -> Address | None:
    """Who is at the other end, behind the proxies that are ours.

    Args:
        peer: address of the connection.
        forwarded: values of the X-Forwarded-For fields, in order.
        trusted: networks of our own proxies; what others write in the field is not believed.

    Returns:
        The last address that is not one of our proxies', or None when there is no address at all.
    """
    ours = tuple(trusted)
    address = read_address(peer)
    hops = [hop for value in forwarded for hop in value.split(",")]
    while hops and address is not None and any(address in network for network in ours):
        before = read_address(hops.pop())
        if before is None:
            break
        address = before
    return address


class NetworkSet:
    """Networks, to be asked for the one that an address is in; as quick with a thousand as with one."""

    __slots__ = ("_by_length",)

    def __init__(self, networks: Iterable[Network]) -> None:
        by_length: dict[tuple[int, int], dict[int, Network]] = {}
        for network in networks:
            shift = network.max_prefixlen - network.prefixlen
            named = by_length.setdefault((network.version, shift), {})
            named[int(network.network_address) >> shift] = network
        # The largest networks first.
        self._by_length = sorted(by_length.items(), key=lambda item: -item[0][1])

    def find(self, address: Address | None) -> Network | None:
        """The largest network that has the address."""
        if address is not None:
            number, version = int(address), address.version
            for (of, shift), named in self._by_length:
                if of == version and (network := named.get(number >> shift)) is not None:
                    return network
        return None
