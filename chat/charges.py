"""Token buckets that are shared: of an account, of a network, on one node."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from chat.broker import Charge
from chat.limits import Rate


@lru_cache(maxsize=64)
def _rate(interval_ms: int, burst: int) -> Rate:
    return Rate(1000 / interval_ms, burst)


class Purse:
    """A bucket for each key, made when it is first used.

    Bound: `max_kept` buckets; beyond it the one used longest ago is forgotten, which makes it full again.
    """

    def __init__(self, max_kept: int) -> None:
        """Args: `max_kept` >= 1."""
        self._max_kept = max_kept
        self._full_at_s: OrderedDict[str, float] = OrderedDict()

    def pay(self, charges: Sequence[Charge], now_s: float) -> int:
        """Take one token for each charge, or none at all.

        Returns:
            0, or the milliseconds, >= 1, until all of them can be paid.
        """
        paid: dict[str, float] = {}
        retry_ms = 0
        for charge in charges:
            rate = _rate(charge.interval_ms, charge.burst)
            before = paid.get(charge.key, self._full_at_s.get(charge.key, 0.0))
            paid[charge.key], lacking_ms = rate.take(before, now_s)
            retry_ms = max(retry_ms, lacking_ms)
        if retry_ms:
            return retry_ms
        for key, full_at_s in paid.items():
            self._full_at_s[key] = full_at_s
            self._full_at_s.move_to_end(key)
            if len(self._full_at_s) > self._max_kept:
                self._full_at_s.popitem(last=False)
        return 0

    def __len__(self) -> int:
        return len(self._full_at_s)
