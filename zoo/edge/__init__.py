"""Models on machines without TensorFlow."""

from zoo.edge.convert import convert, said, signature_of
from zoo.edge.networks import To

__all__ = ["To", "convert", "said", "signature_of"]
