"""What a server tells Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one server.

    Args:
        waiting: tells how many rows wait.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, waiting: Callable[[], int]):
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        kept: dict[str, Any] = {"registry": self._registry}
        self._requests = Counter("zoo_requests", "Requests.", ["model", "status"], **kept)
        self._seconds = Histogram("zoo_request_seconds", "Of a request.", ["model"], buckets=_SECONDS, **kept)
        told = "Rows that went through a model together."
        self._batch = Histogram("zoo_batch_rows", told, ["model", "signature"], buckets=_ROWS, **kept)
        Gauge("zoo_waiting_rows", "Rows that wait for an answer.", **kept).set_function(waiting)

    def answered(self, model: str, status: int, seconds: float) -> None:
        """Counts a request; `model` must be one that is served, since each value is kept for good."""
        self._requests.labels(model, status).inc()
        self._seconds.labels(model).observe(seconds)

    def batch(self, model: str, signature: str) -> Callable[[int], None]:
        """Returns what counts the rows of a batch."""
        return self._batch.labels(model, signature).observe

    def written(self) -> bytes:
        """Returns the text that Prometheus reads."""
        return generate_latest(self._registry)
