"""What is counted of shows."""

from typing import Any

from msgspec.structs import replace

from hls.live import Metered
from streamer.live.audience import Audience
from streamer.live.counters import LiveCounters, live_gauges
from streamer.live.show_state import State
from tests.support.live import on_air

WELL = Metered(0, None, None, None, None, (None, None), None, 0, 0, False, 0, 0, 0, 0.0, 0.0, 0.0)


class Show:
    def __init__(self, state: State, sources: int) -> None:
        self.state = state
        self.sources = dict.fromkeys(range(sources))


def test_filled_sound_is_summed_over_encoders() -> None:
    counters, show = LiveCounters(), on_air()
    counters.started(show)
    for filled in (480, 960):
        counters.metered(show, replace(WELL, filled_ticks=filled, dropped_ticks=10, late_ms=filled / 10))
    counters.renewed(show)
    counters.metered(show, replace(WELL, filled_ticks=40))
    counters.interrupted(show, interrupted=True)
    counters.interrupted(show, interrupted=False)
    counters.ended(show)
    counters.started(on_air(starts_at_us=show.starts_at_us + 1))
    assert (counters.filled_ticks, counters.dropped_ticks) == (1000, 10)
    assert counters.take_late_s() == 0.096 and counters.take_late_s() == 0.0
    assert dict(counters.events_total) == dict.fromkeys(
        ("started", "renewed", "interrupted", "back", "ended", "resumed"), 1
    )


def test_shows_and_listeners_are_counted() -> None:
    audience, shows = Audience(), [Show(State.LIVE, 2), Show(State.OPENING, 1)]
    audience.came("lobby", "hls")
    found: Any = shows
    read = {gauge.name: gauge.read() for gauge in live_gauges(LiveCounters(), lambda: found, audience)}
    assert read["live_shows"] == {"live": 1, "interrupted": 0} and read["live_sources"] == 3
    assert read["live_listeners"] == {"hls": 1, "websocket": 0, "progressive": 0}
