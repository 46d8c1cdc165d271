"""What is wrong with a show's sound."""

from typing import Any

from msgspec.structs import replace

from hls.live import Metered
from streamer.live.alerts import WORDS, Alerts, Raised

WELL = Metered(0, -20.0, -20.0, -20.0, 5.0, (-6.0, -6.0), -5.0, 0, 0, False, 0, 0, 100, 5.0, 1.0, 2.0)


def levels(**changes: Any) -> Metered:
    return replace(WELL, **changes)


def test_what_is_well_raises_nothing() -> None:
    alerts = Alerts()
    assert [alerts.feed(WELL, now / 10) for now in range(100)] == [[]] * 100
    assert alerts.up == ()


def test_silence_is_raised_once_and_lowered_when_it_has_been_well() -> None:
    alerts = Alerts()
    assert alerts.feed(levels(silent_ms=9_900), 0) == []
    assert alerts.feed(levels(silent_ms=10_000, mono=True), 1) == [Raised("silence", True)]
    assert alerts.feed(levels(silent_ms=20_000), 11) == []
    assert alerts.up == ("silence",)
    assert alerts.feed(WELL, 12) == [] and alerts.feed(WELL, 16.9) == []
    assert alerts.feed(levels(silent_ms=10_000), 16.95) == [], "it is up"
    assert alerts.feed(WELL, 17) == [] and alerts.feed(WELL, 22) == [Raised("silence", False)]
    assert alerts.up == ()


def test_clipping_counts_runs_of_the_last_seconds() -> None:
    alerts = Alerts()
    for now in range(10):
        assert alerts.feed(levels(clipped=1), now) == []
    assert alerts.feed(levels(clipped=4), 9.5) == [Raised("clipping", True)]


def test_mono_drift_and_lateness_must_last() -> None:
    alerts = Alerts()
    worst = levels(mono=True, drift_ppm=-250.0, late_ms=200.0)
    assert alerts.feed(worst, 0) == []
    assert alerts.feed(worst, 3) == [Raised("late", True)]
    assert alerts.feed(WELL, 4) == [] and alerts.feed(worst, 5) == [], "it begins anew"
    assert set(alerts.feed(worst, 15)) == {Raised("mono", True), Raised("drift", True)}
    assert set(alerts.up) == {"late", "mono", "drift"}


def test_others_may_know_what_is_wrong() -> None:
    alerts = Alerts()
    assert alerts.set("away", up=False) == []
    assert alerts.set("away", up=True) == [Raised("away", True)] and alerts.up == ("away",)
    assert alerts.set("away", up=True) == []
    assert alerts.set("away", up=False) == [Raised("away", False)]
    assert all(fault in WORDS for fault in ("away", "recording"))
