"""Counters of the service, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counts requests and tells the state of the queue.

    Args:
        gauges: by name, what it is and how to read it.
    """

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "neardepth_requests", "Requests answered", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "neardepth_request_seconds",
            "Time from a request's head to the end of its answer",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.estimates = Counter(
            "neardepth_estimates",
            "Photos estimated",
            ["pool", "method", "low_confidence"],
            registry=self.registry,
        )
        for name, (help_text, read) in gauges.items():
            Gauge(f"neardepth_{name}", help_text, registry=self.registry).set_function(read)

    def text(self) -> bytes:
        """Return every figure."""
        return generate_latest(self.registry)
