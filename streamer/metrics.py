"""Metrics for Prometheus, read from plain counters when someone asks. Nothing counts twice, nothing waits.

docs/operations.md lists them; a test holds the two together.
"""

import asyncio
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from streamer.exposition import Exposition

_LAG_INTERVAL_S = 0.25


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric.

    Attributes:
        name: without the prefix; a counter's without `_total`.
        help: what it counts, and its unit.
        read: the value now, or one value for each value of `label`.
        kind: whether it only grows.
        label: name of the one label, or None.
    """

    name: str
    help: str
    read: Callable[[], float | Mapping[str, float]]
    kind: Literal["gauge", "counter"] = "gauge"
    label: str | None = None


class Metrics:
    """The metrics of this server."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._gauges = list(gauges)
        self._exposition: Exposition | None = None

    async def render(self) -> bytes:
        """The text format; the first who asks for it waits until what writes it is loaded. Safe to cancel."""
        if self._exposition is None:
            loaded = await asyncio.to_thread(importlib.import_module, "streamer.exposition")
            self._exposition = loaded.Exposition(self._gauges)
        return self._exposition.render()


class LoopLag:
    """How late the event loop was, at worst, since someone last asked: time that everyone waited."""

    def __init__(self) -> None:
        self._worst_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_INTERVAL_S
            await asyncio.sleep(_LAG_INTERVAL_S)
            self._worst_s = max(self._worst_s, loop.time() - due)

    def take(self) -> float:
        """The worst lag in seconds; measuring starts anew."""
        worst, self._worst_s = self._worst_s, 0.0
        return max(0.0, worst)
