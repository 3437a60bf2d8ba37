"""Models on machines without TensorFlow."""

from zoo.edge.convert import convert
from zoo.edge.likeness import LIKENESS, Likeness
from zoo.edge.networks import To

__all__ = ["LIKENESS", "Likeness", "To", "convert"]
