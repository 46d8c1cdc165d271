"""Metrics for Prometheus, read from plain counters when someone asks. Nothing counts twice, nothing waits.

docs/operations.md lists them; a test holds the two together.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

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
    """The registry of this server."""

    def __init__(self, gauges: Iterable[Gauge]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Reader(list(gauges)))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)


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


class _Reader(Collector):
    def __init__(self, gauges: list[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for gauge in self._gauges:
            family = CounterMetricFamily if gauge.kind == "counter" else GaugeMetricFamily
            value = gauge.read()
            if isinstance(value, Mapping):
                metric = family(f"veza_{gauge.name}", gauge.help, labels=[gauge.label or "kind"])
                for label, number in value.items():
                    metric.add_metric([str(label)], number)
            else:
                metric = family(f"veza_{gauge.name}", gauge.help, value=value)
            yield metric
