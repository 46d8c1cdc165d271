"""Who may come in when everyone comes at once: the pace of a node's door, and when others come back."""

from chat.limits import Rate

MAX_RETRY_S = 20.0


class Gate:
    """A token bucket for a whole node. Whoever finds it empty is told when to come back.

    Those turned away are given moments one after the other, at the pace at which the bucket fills: who keeps
    to them finds a token, and they don't all come back at once. Nothing is kept about any of them.
    """

    __slots__ = ("_full_at_s", "_interval_s", "_promised_s", "_rate")

    def __init__(self, per_s: float, burst: int) -> None:
        """Args: `per_s` are let in a second, > 0; `burst`, >= 1, at once."""
        self._rate = Rate(per_s, burst)
        self._interval_s = 1 / per_s
        self._full_at_s = 0.0
        self._promised_s = 0.0

    def take(self, now_s: float) -> float:
        """Let somebody in at monotonic time `now_s`.

        Returns:
            0, or the seconds after which to come back: more than 0, and at most `MAX_RETRY_S` unless one
            token takes longer. When more wait than can be let in by then, moments are given twice.
        """
        self._full_at_s, retry_ms = self._rate.take(self._full_at_s, now_s)
        if not retry_ms:
            return 0.0
        soonest_s = now_s + retry_ms / 1000
        self._promised_s = max(self._promised_s + self._interval_s, soonest_s)
        if self._promised_s - now_s > MAX_RETRY_S:
            self._promised_s = soonest_s
        return self._promised_s - now_s


def spread_ms(clients: int, per_s: float, chance: int) -> int:
    """When one of `clients` that are all sent away now should be back, so that about `per_s` come a second.

    Args:
        clients: >= 1.
        chance: a random number of 32 bits.

    Returns:
        Milliseconds from 0 up to the time that all of them take at that pace, a second at least.
    """
    span_ms = max(1.0, clients / per_s) * 1000
    return int(span_ms * chance / (1 << 32))
