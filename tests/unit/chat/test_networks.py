"""Addresses, and what proxies say of them."""

from ipaddress import ip_address, ip_network

import pytest

from chat.networks import (
    NetworkRefused,
    NetworkSet,
    client_address,
    household,
    looks_like_network,
    own_network,
    read_address,
    read_network,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:8080 ", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_is_read_however_it_is_written(text: str, address: str) -> None:
    assert read_address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "[::1", "ann"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None or text == "[::1"


def test_a_household_is_one_ipv4_address_or_64_bits() -> None:
    assert household(ip_address("8.8.8.8")) == ip_network("8.8.8.8/32")
    assert household(ip_address("2a00:1450:4001:82a::200e")) == ip_network("2a00:1450:4001:82a::/64")


def test_addresses_that_many_share_stand_for_nobody() -> None:
    assert own_network(ip_address("8.8.8.8")) == ip_network("8.8.8.8/32")
    for shared in ("127.0.0.1", "10.0.0.3", "192.168.1.9", "100.64.0.1", "::1", "fd00::1"):
        assert own_network(ip_address(shared)) is None
    assert own_network(None) is None


def test_a_range_is_read_within_bounds() -> None:
    assert read_network("8.8.8.9/24", min_bits_v4=16, min_bits_v6=32) == ip_network("8.8.8.0/24")
    assert read_network("2a00::1", min_bits_v4=16, min_bits_v6=32) == ip_network("2a00::1/128")
    for wrong, said in (
        ("8.0.0.0/8", "/16"),
        ("2a00::/16", "/32"),
        ("ann", "no network"),
        ("8.8.8.8/33", "no"),
    ):
        with pytest.raises(NetworkRefused, match=said):
            read_network(wrong, min_bits_v4=16, min_bits_v6=32)


def test_who_means_a_network() -> None:
    assert (
        looks_like_network("8.8.8.8") and looks_like_network("2a00::/32") and looks_like_network("1.2.3.4/99")
    )
    assert not looks_like_network("ann") and not looks_like_network("1.2.3")


OURS = [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["6.6.6.6, 8.8.8.8"], "8.8.8.8"),  # the first was written by the client itself
        ("127.0.0.1", ["6.6.6.6", "8.8.8.8, 10.0.0.2"], "8.8.8.8"),
        ("127.0.0.1", ["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
        ("127.0.0.1", ["8.8.8.8, unknown"], "127.0.0.1"),
        ("9.9.9.9", ["8.8.8.8"], "9.9.9.9"),  # no proxy of ours
        ("::1", ["8.8.8.8"], "::1"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, forwarded, OURS) == ip_address(client)


def test_a_connection_without_an_address() -> None:
    assert client_address("", ["8.8.8.8"], OURS) is None


def test_a_set_of_networks_finds_the_largest() -> None:
    networks = NetworkSet(map(ip_network, ("8.8.8.8/32", "8.8.0.0/16", "2a00::/32")))
    assert networks.find(ip_address("8.8.8.8")) == ip_network("8.8.0.0/16")
    assert networks.find(ip_address("2a00::7")) == ip_network("2a00::/32")
    assert networks.find(ip_address("8.9.8.8")) is None
    assert networks.find(None) is None
    assert NetworkSet([]).find(ip_address("8.8.8.8")) is None
