"""A converted model: its network on ONNX Runtime, all else in Python and numpy. TensorFlow is not needed.

from zoo_edge import load

load("my_folder").answer("What a day!")
"""

from .answering import load, main

__all__ = ["load", "main"]
