"""What is counted of shows, for metrics."""

from collections import Counter
from collections.abc import Callable, Collection

from hls.live import LIVE_RATE, Metered, OnAir
from streamer.live.audience import Audience, WayOut
from streamer.live.outlet import Deaf
from streamer.live.show import Show
from streamer.live.show_state import State
from streamer.metrics import Gauge

_RATE = float(LIVE_RATE)


class LiveCounters(Deaf):
    """An outlet that counts.

    Attributes:
        filled_ticks, dropped_ticks: of all shows, since the start.
        events_total: what became of shows.
    """

    def __init__(self) -> None:
        self.filled_ticks = self.dropped_ticks = 0
        self.events_total: Counter[str] = Counter()
        self._late_ms = 0.0
        self._last: dict[str, tuple[int, int]] = {}

    def started(self, show: OnAir) -> None:
        self.events_total["started" if show.began_at_us == show.starts_at_us else "resumed"] += 1

    def renewed(self, show: OnAir) -> None:
        self.events_total["renewed"] += 1
        self._last.pop(show.show, None)

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        self.events_total["interrupted" if interrupted else "back"] += 1

    def ended(self, show: OnAir) -> None:
        self.events_total["ended"] += 1
        self._last.pop(show.show, None)

    def handed_over(self, show: OnAir) -> None:
        self.events_total["handed_over"] += 1
        self._last.pop(show.show, None)

    def metered(self, show: OnAir, levels: Metered) -> None:
        filled, dropped = self._last.get(show.show, (0, 0))
        self._last[show.show] = levels.filled_ticks, levels.dropped_ticks
        self.filled_ticks += max(0, levels.filled_ticks - filled)
        self.dropped_ticks += max(0, levels.dropped_ticks - dropped)
        self._late_ms = max(self._late_ms, levels.late_ms)

    def take_late_s(self) -> float:
        """How late a part was, at worst, since the last time this was asked."""
        late_ms, self._late_ms = self._late_ms, 0.0
        return late_ms / 1000


def live_gauges(
    counters: LiveCounters, shows: Callable[[], Collection[Show]], audience: Audience
) -> list[Gauge]:
    """Shows, their sources and their listeners."""
    return [
        Gauge("live_shows", "Shows that are on, by state.", lambda: _by_state(shows()), label="state"),
        Gauge(
            "live_sources",
            "Sources that are connected, fallbacks among them.",
            lambda: sum(len(show.sources) for show in shows()),
        ),
        Gauge(
            "live_listeners",
            "Sessions of listeners, by way out.",
            lambda: _by_way(audience),
            label="way",
        ),
        Gauge(
            "live_events",
            "What became of shows: started, resumed, interrupted, back, renewed, handed_over, ended.",
            lambda: dict(counters.events_total),
            "counter",
            "event",
        ),
        Gauge(
            "live_filled_seconds",
            "Sound put in for what sources did not bring in time.",
            lambda: counters.filled_ticks / _RATE,
            "counter",
        ),
        Gauge(
            "live_dropped_seconds",
            "Sound of sources that came too late or too much.",
            lambda: counters.dropped_ticks / _RATE,
            "counter",
        ),
        Gauge(
            "live_part_late_seconds",
            "How late a part was, at worst, since the last time this was asked.",
            counters.take_late_s,
        ),
    ]


def node_gauges(
    nodes: Callable[[], int], followed: Callable[[], int], relayed_bytes: Callable[[], int]
) -> list[Gauge]:
    """Several nodes. Only where `redis_url` is set."""
    return [
        Gauge("live_nodes", "Other nodes that tell of their shows and listeners.", nodes),
        Gauge("live_followed", "Shows of other nodes that can be heard here.", followed),
        Gauge(
            "live_relayed_bytes",
            "Sound of this node's shows on its way to the others.",
            relayed_bytes,
            "counter",
        ),
    ]


def slow_gauges(missed: Callable[[], int], cut_off: Callable[[], int]) -> list[Gauge]:
    """What became of listeners who did not read."""
    return [
        Gauge(
            "live_missed_chunks",
            "Chunks of sound left out for WebSocket listeners who did not read.",
            missed,
            "counter",
        ),
        Gauge(
            "live_cut_off",
            "Players of /live/ROOM.mp3 and .aac cut off because they did not read.",
            cut_off,
            "counter",
        ),
    ]


def _by_state(shows: Collection[Show]) -> dict[str, int]:
    found = Counter(show.state for show in shows)
    return {state.value: found[state] for state in (State.LIVE, State.INTERRUPTED)}


def _by_way(audience: Audience) -> dict[str, int]:
    here = audience.by_way()
    ways: tuple[WayOut, ...] = ("hls", "websocket", "progressive")
    return {way: here[way] for way in ways}
