"""How much of the time a GPU computes, read from a trace of TensorFlow's profiler."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2


def share_in_kernels(work: Callable[[], object]) -> float:
    """Runs something, and returns the share of its time in which the GPU was computing."""
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        work()
        tf.profiler.experimental.stop()
        (path,) = Path(folder).rglob("*.xplane.pb")
        return busy(xplane_pb2.XSpace.FromString(path.read_bytes()))


def busy(trace: xplane_pb2.XSpace) -> float:
    """Returns the share of a trace in which at least one stream of a GPU runs a kernel or copies."""
    spans = sorted(
        (line.timestamp_ns * 1000 + event.offset_ps, event.duration_ps)
        for plane in trace.planes
        if plane.name.startswith("/device:GPU")
        for line in plane.lines
        if line.name.startswith("Stream")
        for event in line.events
    )
    if not spans:
        return 0.0
    first = spans[0][0]
    last = max(began + lasted for began, lasted in spans)
    return _union(spans) / (last - first)


def _union(spans: Iterable[tuple[int, int]]) -> int:
    """Adds up spans (began, lasted), in the order of their beginnings, counting once what overlaps."""
    total = end = 0
    for began, lasted in spans:
        total += max(0, began + lasted - max(began, end))
        end = max(end, began + lasted)
    return total
