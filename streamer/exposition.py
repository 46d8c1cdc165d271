"""Metrics as Prometheus reads them. Loaded when it first does: see `Metrics.render`."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from streamer.metrics import Gauge


class Exposition:
    """The registry of this server."""

    def __init__(self, gauges: list[Gauge]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Reader(gauges))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)


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
