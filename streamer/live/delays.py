"""How long after it came in a show is heard, by way out."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from statistics import median
from typing import Final

from hls.live import ChunkCut, OnAir
from streamer.live.audience import WayOut
from streamer.live.outlet import Deaf

InHand = Callable[[str], int | None]

_SHARE: Final = 0.05  # of what a new chunk says: seconds until a change is seen whole
_MAX_ASKED: Final = 64
"""So many listeners speak for all of a room: it is asked for twice a second."""


class Delays(Deaf):
    """An outlet, which sees when chunks are there. Bound: a number for each show."""

    def __init__(self, now_us: Callable[[], int], in_hand: Mapping[WayOut, InHand]) -> None:
        """Args: `in_hand`: by way out: how much sound listeners of a room have not heard yet, in ms, None if
        there are none."""
        self._now_us = now_us
        self._in_hand = in_hand
        self._late_us: dict[str, float] = {}

    def chunk(self, show: OnAir, chunk: ChunkCut) -> None:
        frame_ticks = next(one.frame_ticks for one in show.renditions if one.name == chunk.rendition)
        late_us = self._now_us() - show.time_us(chunk.at_ticks + len(chunk.units) * frame_ticks)
        before_us = self._late_us.get(show.room, late_us)
        self._late_us[show.room] = before_us + _SHARE * (late_us - before_us)

    def ended(self, show: OnAir) -> None:
        self._late_us.pop(show.room, None)

    def handed_over(self, show: OnAir) -> None:
        self.ended(show)

    def of(self, room: str) -> dict[str, int | None]:
        """By way out, in ms; None where nobody listens."""
        late_ms = max(0, round(self._late_us.get(room, 0) / 1000))
        found = {way: in_hand(room) for way, in_hand in self._in_hand.items()}
        return {way: None if ms is None else late_ms + ms for way, ms in found.items()}


def typical_ms(given_ms: float, waiting_bytes: Iterable[int], bitrate: int) -> int | None:
    """What the listener in the middle has in hand or on its way. None without a listener.

    What waits for a listener is taken from what it was given; only if more waits than that, its player has
    stood still, and is later by the rest.

    Args:
        given_ms: what each got at once when it came, or means to keep.
        waiting_bytes: for each: written, and not taken by the network.
        bitrate: bits per second; 0 if it is not known.
    """
    asked = [
        max(given_ms, 8_000 * waiting / bitrate if bitrate else 0)
        for waiting in islice(waiting_bytes, _MAX_ASKED)
    ]
    return round(median(asked)) if asked else None
