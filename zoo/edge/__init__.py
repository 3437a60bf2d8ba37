"""Models on machines without TensorFlow."""

from zoo.edge.convert import convert

__all__ = ["convert"]
