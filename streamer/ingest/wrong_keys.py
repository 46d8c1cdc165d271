"""Who has sent too many wrong keys, by network. Pure."""

from typing import Final

from chat.limits import Buckets, Rate
from chat.networks import Address, own_network

# A word of somebody who mistypes, and no way to guess one of 160 bits.
_RATE: Final = Rate(per_s=0.2, burst=20)


class WrongKeys:
    """Counts wrong keys. Times are monotonic seconds.

    Bound: `max_networks` networks; beyond it those that were counted first are forgotten. Addresses that say
    little about people, as those behind one proxy, are not counted.
    """

    def __init__(self, max_networks: int = 20_000) -> None:
        self._max_networks = max_networks
        self._buckets = Buckets(_RATE, max_networks)
        self._until_s: dict[str, float] = {}

    def retry_s(self, address: Address | None, now_s: float) -> int:
        """Whether somebody may try a key: 0, or the seconds until then."""
        network = str(own_network(address))
        until_s = self._until_s.get(network, 0.0)
        if until_s > now_s:
            return int(until_s - now_s) + 1
        self._until_s.pop(network, None)
        return 0

    def count(self, address: Address | None, now_s: float) -> None:
        """A key was wrong."""
        network = own_network(address)
        if network is None:
            return
        retry_ms = self._buckets.take(str(network), now_s)
        if retry_ms:
            while len(self._until_s) >= self._max_networks:
                self._until_s.pop(next(iter(self._until_s)))
            self._until_s[str(network)] = now_s + retry_ms / 1000
