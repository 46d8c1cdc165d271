"""How often a stream key may change hands: programs that come back by themselves would go on for ever."""

from collections import deque


class Contested(Exception):
    """Two programs send with one stream key; the message says how often they took over, and the limit."""


class Takeovers:
    """Those of one show. Moments are seconds of any clock that does not jump.

    Only what takes over from a source that is heard at that moment counts: whoever comes back after their own
    line broke does not. An attempt that was refused counts, too, so that a program that tries for ever never
    gets in while the other sends.

    Bound: `most` moments for each key that was contested within the last `within_s`.
    """

    def __init__(self, most: int, within_s: float) -> None:
        """Args: `most`: >= 1, of one key `within_s`, > 0."""
        self._most = most
        self._within_s = within_s
        self._of: dict[str, deque[float]] = {}

    def count(self, key_id: str, now: float) -> None:
        """Somebody takes over. Raises Contested: they may not."""
        for key, moments in list(self._of.items()):
            if now - moments[-1] >= self._within_s:
                del self._of[key]
        moments = self._of.setdefault(key_id, deque(maxlen=self._most))
        recent = sum(now - at < self._within_s for at in moments)
        moments.append(now)
        if recent >= self._most:
            raise Contested(
                f"two programs send with this stream key: it changed hands {recent} times within"
                f" {self._within_s:.0f} s, and may {self._most} times; stop one, or give each its own key"
            )
