"""Models on machines without TensorFlow."""

from zoo.edge.convert import convert
from zoo.edge.kinds import KINDS, Kind
from zoo.edge.networks import To

__all__ = ["KINDS", "Kind", "To", "convert"]
