"""A converted model: its networks on ONNX Runtime or LiteRT, all else in Python and numpy.

from zoo_edge import load

load("my_folder").answer("What a day!")
"""

from .opening import load, main

__all__ = ["load", "main"]
